//! Whom we trust: the roots of this machine, or exactly those of a bundle.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::settings::InvalidSettings;

/// The TLS configuration, without application protocols.
///
/// # Errors
///
/// The bundle cannot be read, is empty or broken.
pub(super) fn client_config(bundle: Option<&Path>) -> Result<ClientConfig, InvalidSettings> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match bundle {
        Some(path) => {
            let roots = Arc::new(roots(path)?);
            WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
                .build()
                .map_err(|error| InvalidSettings::BundleBroken {
                    path: path.to_owned(),
                    number: 1,
                    source: error.into(),
                })?
        }
        None => Arc::new(SystemRoots::new(Arc::clone(&provider))),
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(InvalidSettings::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

fn roots(path: &Path) -> Result<RootCertStore, InvalidSettings> {
    let pem = std::fs::read(path).map_err(|source| InvalidSettings::BundleUnreadable {
        path: path.to_owned(),
        source,
    })?;
    let mut roots = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let broken = |source| InvalidSettings::BundleBroken {
            path: path.to_owned(),
            number: index + 1,
            source,
        };
        let certificate = certificate.map_err(|error| broken(error.into()))?;
        roots
            .add(certificate)
            .map_err(|error| broken(error.into()))?;
    }
    if roots.is_empty() {
        return Err(InvalidSettings::BundleEmpty {
            path: path.to_owned(),
        });
    }
    Ok(roots)
}

/// The roots of this machine, read at the first handshake: a run that only meets plain HTTP on
/// loopback neither pays for them nor needs them to exist.
#[derive(Debug)]
struct SystemRoots {
    provider: Arc<CryptoProvider>,
    verifier: OnceLock<Result<Verifier, rustls::Error>>,
}

impl SystemRoots {
    fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            verifier: OnceLock::new(),
        }
    }

    fn verifier(&self) -> Result<&Verifier, rustls::Error> {
        self.verifier
            .get_or_init(|| Verifier::new(Arc::clone(&self.provider)))
            .as_ref()
            .map_err(Clone::clone)
    }
}

impl ServerCertVerifier for SystemRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verifier()?.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier()?
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier()?
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn bundle(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn message(text: &str) -> String {
        let file = bundle(text);
        let error = client_config(Some(file.path())).unwrap_err().to_string();
        error.replace(&file.path().display().to_string(), "ca.pem")
    }

    fn certificate() -> String {
        rcgen::generate_simple_self_signed(["example.com".to_owned()])
            .unwrap()
            .cert
            .pem()
    }

    #[test]
    fn a_bundle_with_comments_and_two_certificates_is_taken() {
        let file = bundle(&format!("# ours\n{}\n{}", certificate(), certificate()));
        client_config(Some(file.path())).unwrap();
    }

    #[test]
    fn a_missing_bundle_is_named() {
        let error = client_config(Some(Path::new("no/such.pem"))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the CA bundle `no/such.pem` cannot be read"
        );
    }

    #[test]
    fn a_bundle_without_certificates_says_so() {
        for text in [
            "",
            "hello",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        ] {
            assert_eq!(
                message(text),
                "the CA bundle `ca.pem` has no certificate in it"
            );
        }
    }

    #[test]
    fn a_broken_certificate_is_counted() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let text = format!("{}{broken}", certificate());
        assert_eq!(
            message(&text),
            "certificate 2 of the CA bundle `ca.pem` is broken"
        );
        let cut = certificate().replace("-----END CERTIFICATE-----", "");
        assert_eq!(
            message(&cut),
            "certificate 1 of the CA bundle `ca.pem` is broken"
        );
    }

    #[test]
    fn the_roots_of_the_machine_are_not_read_before_they_are_needed() {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = SystemRoots::new(provider);
        assert!(!roots.supported_verify_schemes().is_empty());
        assert!(roots.verifier.get().is_none());
    }
}
