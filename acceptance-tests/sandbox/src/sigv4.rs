//! AWS Signature Version 4, from the side that checks it.
//!
//! IAM User Guide, *Create a signed AWS API request*. Only the `Authorization` header form; signed
//! URLs and chunked payloads are not offered by the services that stand here.

use aws_lc_rs::hmac;
use http::request::Parts;
use http::{HeaderMap, header};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::accounts::{Accounts, Identity, Key};
use crate::digest::{Digest, hex};
use crate::fault::TokenExpired;
use crate::journal::Notes;

/// How far the date of a request may lie from ours, either way.
const SKEW: time::Duration = time::Duration::minutes(5);

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Where a signature has to be made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// The signing name of the service.
    pub(crate) service: &'static str,
    /// Whether the service has an endpoint in this region.
    pub(crate) has_region: fn(&str) -> bool,
}

/// Why a request is not from anybody we know. `Display` is the message of the real services; the
/// code depends on the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unauthenticated {
    /// There is no signature.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// There is half a signature.
    #[error("{0}")]
    Incomplete(String),
    /// The access key, or the session token, is not one of ours.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// Credentials that were good once.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// Signed for another service, region or time, or without a header that has to be signed.
    #[error("{0}")]
    WrongScope(String),
    /// Signed with another secret, or changed on the way.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check \
         your AWS Secret Access Key and signing method. Consult the service documentation for \
         details."
    )]
    Mismatch,
}

/// The parts of an `Authorization` header.
#[derive(Debug)]
struct Authorization<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl Accounts {
    /// Who signed this request.
    ///
    /// Dates are compared with the machine's clock, which is the one clients sign by; the expiry of
    /// credentials with the sandbox's.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the signature or the credentials.
    pub(crate) fn authenticate(
        &self,
        request: &Parts,
        body: &[u8],
        scope: Scope,
    ) -> Result<Identity, Unauthenticated> {
        let header = text(&request.headers, "authorization").ok_or(Unauthenticated::Missing)?;
        let authorization = Authorization::parse(header)?;
        let notes = request.extensions.get::<Notes>();
        if let Some(notes) = notes {
            let region = authorization.region.to_owned();
            notes.update(|entry| entry.signed_for = Some(region));
        }
        let stamp = text(&request.headers, "x-amz-date").ok_or_else(|| {
            incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        })?;
        authorization.check_headers(request)?;
        authorization.check_scope(stamp, scope)?;
        let key = self.key_of(&authorization, &request.headers)?;
        let now = self.clock().now();
        check_date(stamp, now - self.clock().ahead())?;
        let signature = authorization.sign(&key.secret_access_key, stamp, request, body);
        if signature != authorization.signature {
            return Err(Unauthenticated::Mismatch);
        }
        if let Some(notes) = notes {
            notes.caller(key.identity.account.as_str(), &key.identity.arn);
        }
        let is_struck = request.extensions.get::<TokenExpired>().is_some();
        if is_struck || key.identity.expires_at.is_some_and(|expiry| now >= expiry) {
            return Err(Unauthenticated::ExpiredToken);
        }
        Ok(key.identity)
    }

    fn key_of(
        &self,
        authorization: &Authorization<'_>,
        headers: &HeaderMap,
    ) -> Result<Key, Unauthenticated> {
        let key = self.key(authorization.access_key_id);
        let key = key.ok_or(Unauthenticated::UnknownKey)?;
        if key.session_token.as_deref() != text(headers, "x-amz-security-token") {
            return Err(Unauthenticated::UnknownKey);
        }
        Ok(key)
    }
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Result<Self, Unauthenticated> {
        let fields = header
            .strip_prefix(ALGORITHM)
            .filter(|rest| rest.starts_with(' '))
            .ok_or_else(|| {
                incomplete("Authorization header must begin with 'AWS4-HMAC-SHA256'.")
            })?;
        let field = |name: &str| {
            fields
                .split(',')
                .filter_map(|field| field.trim().split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
                .ok_or_else(|| {
                    incomplete(&format!(
                        "Authorization header requires '{name}' parameter."
                    ))
                })
        };
        let credential = field("Credential")?;
        let (signed_headers, signature) = (field("SignedHeaders")?, field("Signature")?);
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = parts[..] else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term.",
            ));
        };
        Ok(Self {
            access_key_id,
            date,
            region,
            service,
            signed_headers: signed_headers.split(';').collect(),
            signature,
        })
    }

    /// `Host` and every `X-Amz-*` header that was sent have to be signed.
    fn check_headers(&self, request: &Parts) -> Result<(), Unauthenticated> {
        let sent = request.headers.keys().map(header::HeaderName::as_str);
        let mut needed = sent.filter(|name| name.starts_with("x-amz-"));
        let unsigned = std::iter::once("host")
            .chain(&mut needed)
            .find(|name| !self.signed_headers.contains(name));
        match unsigned {
            Some(name) => Err(Unauthenticated::WrongScope(format!(
                "'{name}' must be a 'SignedHeader' in the AWS Authorization."
            ))),
            None => Ok(()),
        }
    }

    fn check_scope(&self, stamp: &str, scope: Scope) -> Result<(), Unauthenticated> {
        let wrong = |message: String| Err(Unauthenticated::WrongScope(message));
        if self.service != scope.service {
            return wrong(format!(
                "Credential should be scoped to correct service: '{}'. ",
                scope.service
            ));
        }
        if !(scope.has_region)(self.region) {
            return wrong(format!(
                "Credential should be scoped to a valid region, not '{}'. ",
                self.region
            ));
        }
        if !stamp.starts_with(self.date) {
            return wrong(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{}' != '{stamp}'.",
                self.date
            ));
        }
        Ok(())
    }

    /// The signature the request should have.
    fn sign(&self, secret: &str, stamp: &str, request: &Parts, body: &[u8]) -> String {
        let canonical = self.canonical_request(request, body);
        let scope = format!(
            "{}/{}/{}/aws4_request",
            self.date, self.region, self.service
        );
        let hash = Digest::of(canonical.as_bytes());
        let to_sign = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", hash.hex());
        let key = [self.date, self.region, self.service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| {
                mac(&key, part)
            });
        hex(&mac(&key, &to_sign))
    }

    fn canonical_request(&self, request: &Parts, body: &[u8]) -> String {
        let mut canonical = format!(
            "{}\n{}\n{}\n",
            request.method,
            canonical_path(request.uri.path()),
            canonical_query(request.uri.query().unwrap_or_default()),
        );
        for name in &self.signed_headers {
            let value = canonical_value(request, name);
            canonical.push_str(&format!("{name}:{value}\n"));
        }
        let payload = Digest::of(body);
        canonical.push_str(&format!(
            "\n{}\n{}",
            self.signed_headers.join(";"),
            payload.hex()
        ));
        canonical
    }
}

fn canonical_value(request: &Parts, name: &str) -> String {
    let sent: Vec<String> = request
        .headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    if name == "host" && sent.is_empty() {
        // HTTP/2 sends the host as `:authority`.
        return request
            .uri
            .authority()
            .map_or_else(String::new, ToString::to_string);
    }
    let folded = sent
        .iter()
        .map(|value| value.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
    folded.collect::<Vec<_>>().join(",")
}

/// The path as it was sent, encoded once more, as every service but S3 wants it.
fn canonical_path(path: &str) -> String {
    if path.is_empty() {
        return "/".to_owned();
    }
    let mut canonical = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            canonical.push(char::from(byte));
        } else {
            canonical.push_str(&format!("%{byte:02X}"));
        }
    }
    canonical
}

/// The pairs sorted. They are expected to be encoded as the specification asks.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    let pairs = pairs.iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn check_date(stamp: &str, now: OffsetDateTime) -> Result<(), Unauthenticated> {
    let date = parse_stamp(stamp).ok_or_else(|| {
        incomplete("Date must be in ISO-8601 'basic format'. Got an unusable one.")
    })?;
    let wrong = |message: String| Err(Unauthenticated::WrongScope(message));
    if date < now - SKEW {
        let (now, limit) = (format_stamp(now), format_stamp(now - SKEW));
        return wrong(format!(
            "Signature expired: {stamp} is now earlier than {limit} ({now} - 5 min.)"
        ));
    }
    if date > now + SKEW {
        let (now, limit) = (format_stamp(now), format_stamp(now + SKEW));
        return wrong(format!(
            "Signature not yet current: {stamp} is still later than {limit} ({now} + 5 min.)"
        ));
    }
    Ok(())
}

/// `20260102T030405Z`.
fn parse_stamp(stamp: &str) -> Option<OffsetDateTime> {
    let digits = stamp.strip_suffix('Z')?;
    let (date, clock) = digits.split_once('T')?;
    if date.len() != 8 || clock.len() != 6 || !digits.is_ascii() {
        return None;
    }
    let number = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<u8>().ok();
    let year = date.get(..4)?.parse().ok()?;
    let month = Month::try_from(number(date, 4, 6)?).ok()?;
    let date = Date::from_calendar_date(year, month, number(date, 6, 8)?).ok()?;
    let (hour, minute) = (number(clock, 0, 2)?, number(clock, 2, 4)?);
    let time = Time::from_hms(hour, minute, number(clock, 4, 6)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

fn format_stamp(at: OffsetDateTime) -> String {
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

fn mac(key: &[u8], data: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, data.as_bytes()).as_ref().to_vec()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn incomplete(message: &str) -> Unauthenticated {
    Unauthenticated::Incomplete(message.to_owned())
}

#[cfg(test)]
pub(crate) mod signer;
#[cfg(test)]
mod tests;
