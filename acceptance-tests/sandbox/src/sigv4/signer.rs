//! Signs requests for unit tests, with the verifier's own arithmetic.
//!
//! That the arithmetic is right is shown by the vectors in `tests` and by the AWS CLI.

use bytes::Bytes;
use http::{HeaderValue, Request};

use super::{Authorization, format_stamp};
use crate::clock::Clock;

/// Who signs, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: Option<String>,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
}

impl Signer {
    /// Adds date, token and signature.
    pub(crate) fn sign(&self, request: Request<Bytes>) -> Request<Bytes> {
        let stamp = format_stamp(Clock::default().now());
        let (mut parts, body) = request.into_parts();
        let headers = &mut parts.headers;
        headers.insert("host", HeaderValue::from_static("sandbox.test"));
        headers.insert("x-amz-date", stamp.parse().unwrap());
        if let Some(token) = &self.session_token {
            headers.insert("x-amz-security-token", token.parse().unwrap());
        }
        let names: Vec<String> = headers.keys().map(ToString::to_string).collect();
        let mut signed_headers: Vec<&str> = names.iter().map(String::as_str).collect();
        signed_headers.sort_unstable();
        let authorization = Authorization {
            access_key_id: &self.access_key_id,
            date: &stamp[..8],
            region: self.region,
            service: self.service,
            signed_headers: signed_headers.clone(),
            signature: "",
        };
        let signature = authorization.sign(&self.secret_access_key, &stamp, &parts, &body);
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}/{}/{}/aws4_request, SignedHeaders={}, Signature={signature}",
            self.access_key_id,
            &stamp[..8],
            self.region,
            self.service,
            signed_headers.join(";"),
        );
        parts
            .headers
            .insert("authorization", value.parse().unwrap());
        Request::from_parts(parts, body)
    }
}
