//! Connecting as Terraform does: automatic mTLS over the socket of the handshake.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P521_SHA512,
};
use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

/// The key of a host and the certificate it hands over in the environment.
#[derive(Debug)]
pub(crate) struct Identity {
    key: KeyPair,
    certificate: CertificateDer<'static>,
    pub(crate) pem: String,
}

impl Identity {
    /// As Terraform makes it: self-signed, on P-521, an authority, for both sides of TLS.
    pub(crate) fn of_a_host() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let mut name = DistinguishedName::new();
        name.push(DnType::OrganizationName, "HashiCorp");
        name.push(DnType::CommonName, "localhost");
        parameters.distinguished_name = name;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyAgreement,
            KeyUsagePurpose::KeyCertSign,
        ];
        parameters.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        let certificate = parameters.self_signed(&key).unwrap();
        Self {
            key,
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
        }
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// Trusts exactly one server, and shows this identity to it.
    pub(crate) fn client(&self, server: &CertificateDer<'static>) -> ClientConfig {
        self.client_of(rustls::ALL_VERSIONS, server)
    }

    /// The same with these versions of TLS only.
    pub(crate) fn client_of(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        server: &CertificateDer<'static>,
    ) -> ClientConfig {
        let certificates = vec![self.certificate.clone()];
        let config = trusting(server, versions);
        let config = config.with_client_auth_cert(certificates, self.private_key());
        with_http2(config.unwrap())
    }

    /// The same certificate, but the key of somebody else.
    pub(crate) fn with_the_key_of(
        &self,
        other: &Self,
        server: &CertificateDer<'static>,
    ) -> ClientConfig {
        let keys = aws_lc_rs::default_provider().key_provider;
        let key = keys.load_private_key(other.private_key()).unwrap();
        let certified = CertifiedKey::new(vec![self.certificate.clone()], key);
        let resolver = Arc::new(SingleCertAndKey::from(certified));
        let config = trusting(server, rustls::ALL_VERSIONS);
        with_http2(config.with_client_cert_resolver(resolver))
    }
}

/// Trusts exactly one server, and shows nothing to it.
pub(crate) fn nobody(server: &CertificateDer<'static>) -> ClientConfig {
    with_http2(trusting(server, rustls::ALL_VERSIONS).with_no_client_auth())
}

fn trusting(
    server: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    roots.add(server.clone()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
}

fn with_http2(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// Connects and shakes hands. With TLS 1.3 a refusal of the client arrives only with the first
/// read after that.
pub(crate) async fn tls(socket: &str, config: ClientConfig) -> io::Result<TlsStream<UnixStream>> {
    let stream = UnixStream::connect(socket).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// A gRPC channel over one connection that is never made again.
pub(crate) async fn channel<S>(stream: S) -> Channel
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let once = Once(Some(TokioIo::new(stream)));
    let endpoint = Endpoint::from_static("http://localhost");
    endpoint.connect_with_connector(once).await.unwrap()
}

struct Once<S>(Option<TokioIo<S>>);

type Dialled<S> = Pin<Box<dyn Future<Output = io::Result<TokioIo<S>>> + Send>>;

impl<S: Send + 'static> tower_service::Service<Uri> for Once<S> {
    type Response = TokioIo<S>;
    type Error = io::Error;
    type Future = Dialled<S>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let stream = self.0.take();
        Box::pin(async { stream.ok_or_else(|| io::ErrorKind::NotConnected.into()) })
    }
}
