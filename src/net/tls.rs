//! Whom we trust: the roots of this machine, or exactly those of a bundle.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
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
        Some(path) => Arc::new(Bundle::read(path, Arc::clone(&provider))?),
        None => Arc::new(SystemRoots::new(Arc::clone(&provider))),
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(InvalidSettings::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Exactly the certificates of a file.
#[derive(Debug)]
struct Bundle {
    certificates: Vec<CertificateDer<'static>>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Bundle {
    fn read(path: &Path, provider: Arc<CryptoProvider>) -> Result<Self, InvalidSettings> {
        let (certificates, roots) = read(path)?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| InvalidSettings::Client(error.into()))?;
        Ok(Self {
            certificates,
            verifier,
        })
    }

    /// Whether the server shows a certificate of the bundle itself, which is one of an authority:
    /// what `openssl req -x509` makes, and what private registries are often given. Validity has
    /// been checked before this error arises, the name has not.
    fn holds_authority(&self, certificate: &CertificateDer<'_>, error: &rustls::Error) -> bool {
        let is_authority = match error {
            rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
                format!("{other:?}").contains("CaUsedAsEndEntity")
            }
            _ => false,
        };
        is_authority && self.certificates.iter().any(|held| held == certificate)
    }
}

impl ServerCertVerifier for Bundle {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(error) if self.holds_authority(end_entity, &error) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn read(path: &Path) -> Result<(Vec<CertificateDer<'static>>, RootCertStore), InvalidSettings> {
    let pem = std::fs::read(path).map_err(|source| InvalidSettings::BundleUnreadable {
        path: path.to_owned(),
        source,
    })?;
    let mut certificates = Vec::new();
    let mut roots = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let broken = |source| InvalidSettings::BundleBroken {
            path: path.to_owned(),
            number: index + 1,
            source,
        };
        let certificate = certificate.map_err(|error| broken(error.into()))?;
        roots
            .add(certificate.clone())
            .map_err(|error| broken(error.into()))?;
        certificates.push(certificate);
    }
    if roots.is_empty() {
        return Err(InvalidSettings::BundleEmpty {
            path: path.to_owned(),
        });
    }
    Ok((certificates, roots))
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

    /// Verifies a certificate for a name, at a time in days from now, against a bundle with it.
    fn verify(is_authority: bool, name: &str, days: u64) -> Result<(), rustls::Error> {
        let mut params = rcgen::CertificateParams::new(["registry.corp".to_owned()]).unwrap();
        if is_authority {
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        }
        params.not_after = rcgen::date_time_ymd(2100, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let file = bundle(&certificate.pem());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let now = crate::task::wall()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let later = now + std::time::Duration::from_secs(days * 24 * 3600);
        Bundle::read(file.path(), provider)
            .unwrap()
            .verify_server_cert(
                certificate.der(),
                &[],
                &ServerName::try_from(name.to_owned()).unwrap(),
                &[],
                UnixTime::since_unix_epoch(later),
            )
            .map(drop)
    }

    #[test]
    fn a_self_signed_certificate_in_the_bundle_is_trusted_for_its_name_and_time() {
        for is_authority in [true, false] {
            verify(is_authority, "registry.corp", 0).unwrap();
            verify(is_authority, "other.corp", 0).unwrap_err();
            verify(is_authority, "registry.corp", 100 * 366).unwrap_err();
        }
    }

    #[test]
    fn an_authority_of_the_bundle_vouches_for_no_other_that_shows_itself() {
        let mut params = rcgen::CertificateParams::new(["registry.corp".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let stranger = params.self_signed(&key).unwrap();
        let file = bundle(&certificate());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verified = Bundle::read(file.path(), provider)
            .unwrap()
            .verify_server_cert(
                stranger.der(),
                &[],
                &ServerName::try_from("registry.corp").unwrap(),
                &[],
                UnixTime::now(),
            );
        verified.unwrap_err();
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
