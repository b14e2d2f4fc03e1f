//! Automatic mTLS: both sides show a certificate made for this one process.
//!
//! The host's certificate is self-signed, on P-521, and says that it is an authority. No chain
//! verifier accepts that as a client, and none is needed: exactly one certificate is known.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature,
    verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName as Subject, Error as TlsError,
    ServerConfig, SignatureScheme, client::danger::HandshakeSignatureValid,
};
use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;

use crate::task::wall;

/// TLS for one process and one client.
pub(super) struct Tls {
    /// What connections are accepted with.
    pub(super) acceptor: TlsAcceptor,
    /// The certificate to announce, DER.
    pub(super) certificate: CertificateDer<'static>,
}

impl Tls {
    /// Makes a fresh key and certificate, and lets in only the owner of `client`.
    pub(super) fn only_for(client: CertificateDer<'static>) -> Result<Self, CertificateFailure> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = parameters()?.self_signed(&key)?.der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));

        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = OnlyClient::new(client, &provider);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_single_cert(vec![certificate.clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // Every connection proves anew that it holds the key.
        config.send_tls13_tickets = 0;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate,
        })
    }
}

/// No certificate could be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum CertificateFailure {
    /// While making it.
    #[error("no certificate could be made")]
    Make(#[from] rcgen::Error),
    /// While taking it into use.
    #[error("TLS could not be set up")]
    Use(#[from] TlsError),
}

/// The host trusts exactly this certificate, and then looks at name, purpose and dates.
fn parameters() -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned()])?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "localhost");
    parameters.distinguished_name = name;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = OffsetDateTime::from(wall());
    parameters.not_before = now - CLOCK_SKEW;
    parameters.not_after = now + LIFETIME;
    Ok(parameters)
}

/// Accepts one client certificate, known byte by byte.
#[derive(Debug)]
struct OnlyClient {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl OnlyClient {
    fn new(certificate: CertificateDer<'static>, provider: &CryptoProvider) -> Self {
        Self {
            certificate,
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ClientCertVerifier for OnlyClient {
    fn client_auth_mandatory(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> &[Subject] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        if *end_entity == self.certificate && intermediates.is_empty() {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// How far the clock may be set back while the process starts.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Longer than any run; the key lives and dies with the process.
const LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
