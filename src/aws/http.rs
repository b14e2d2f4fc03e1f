//! The HTTP client of the AWS SDK: certificates and proxies.

use std::path::{Path, PathBuf};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::io::AsyncReadExt;
use url::Url;

use crate::net::{HttpSettings, SafeUrl};

use super::config::HTTPS_PROXY;
use super::error::{
    CaBundleProblem, Error, ErrorKind, NamedBy, Setting, SettingName, SettingProblem,
};
use super::{Config, Environment};

/// How requests to AWS leave this machine.
#[derive(Clone, Debug)]
pub(super) struct Http {
    /// For every client of the SDK.
    pub(super) client: SharedHttpClient,
    /// The certificates in use; `None` means the system's.
    pub(super) bundle: Option<PathBuf>,
    proxies: Proxies,
}

impl Http {
    /// Reads certificates and proxies from the configuration, then from the environment.
    pub(super) async fn prepare(config: &Config) -> Result<Self, Error> {
        let environment = &config.environment;
        let proxies = Proxies::read(config, environment)?;
        let (bundle, trust) = match bundle_path(config, environment) {
            Some((path, named_by)) => {
                let pem = read_bundle(&path).await.map_err(|problem| {
                    Error::from(ErrorKind::CaBundle {
                        path: path.clone(),
                        named_by,
                        problem,
                    })
                })?;
                (Some(path), TrustStore::empty().with_pem_certificate(pem))
            }
            None => (None, TrustStore::default()),
        };
        let client = SharedHttpClient::new(ByScheme {
            http: client(
                &trust,
                proxies.http.as_ref(),
                ProxyConfig::http,
                &proxies.none,
            )?,
            https: client(
                &trust,
                proxies.https.as_ref(),
                ProxyConfig::https,
                &proxies.none,
            )?,
        });
        Ok(Self {
            client,
            bundle,
            proxies,
        })
    }

    /// The same for clients that are not of the SDK. Nothing is left to the environment.
    pub(super) fn settings(&self) -> HttpSettings {
        let text = |url: &Option<Url>| Some(url.as_ref().map(Url::to_string).unwrap_or_default());
        HttpSettings {
            ca_bundle: self.bundle.clone(),
            http_proxy: text(&self.proxies.http),
            https_proxy: text(&self.proxies.https),
            no_proxy: Some(self.proxies.none.clone()),
            user_agent_suffix: None,
        }
    }

    /// The proxy on the way to a URL, to name it in an error.
    pub(super) fn proxy_for(&self, url: &Url) -> Option<String> {
        let proxy = match url.scheme() {
            "http" => self.proxies.http.as_ref(),
            _ => self.proxies.https.as_ref(),
        }?;
        let exceptions = Matcher::builder().no(self.proxies.none.as_str());
        let matcher = exceptions.all(proxy.as_str()).build();
        matcher.intercept(&url.as_str().parse().ok()?)?;
        Some(SafeUrl(proxy.clone()).to_string())
    }
}

fn bundle_path(config: &Config, environment: &Environment) -> Option<(PathBuf, NamedBy)> {
    if let Some(path) = &config.ca_bundle {
        return Some((environment.expand(path), NamedBy::Configuration));
    }
    let path = environment.get("AWS_CA_BUNDLE")?;
    let named_by = NamedBy::Environment("AWS_CA_BUNDLE");
    Some((environment.expand(Path::new(&path)), named_by))
}

/// Reads a bundle and checks every certificate in it: the SDK ends the process over a broken one,
/// and takes a file without any for an empty list.
async fn read_bundle(path: &Path) -> Result<Vec<u8>, CaBundleProblem> {
    let unreadable = |error: std::io::Error| CaBundleProblem::Unreadable(error.to_string());
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut pem = Vec::new();
    file.take(MAX_BUNDLE_BYTES + 1)
        .read_to_end(&mut pem)
        .await
        .map_err(unreadable)?;
    if pem.len() as u64 > MAX_BUNDLE_BYTES {
        return Err(CaBundleProblem::TooLarge {
            limit: MAX_BUNDLE_BYTES,
        });
    }
    check_certificates(&pem)?;
    Ok(pem)
}

fn check_certificates(pem: &[u8]) -> Result<(), CaBundleProblem> {
    let mut roots = RootCertStore::empty();
    for (position, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        certificate
            .ok()
            .and_then(|certificate| roots.add(certificate).ok())
            .ok_or(CaBundleProblem::BrokenCertificate {
                index: position + 1,
            })?;
    }
    if roots.is_empty() {
        return Err(CaBundleProblem::NoCertificate);
    }
    Ok(())
}

/// The proxies of the configuration and of the environment.
#[derive(Clone, Debug, Default)]
struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    /// Comma-separated hosts without proxy.
    none: String,
}

impl Proxies {
    fn read(config: &Config, environment: &Environment) -> Result<Self, Error> {
        let http = proxy(
            SettingName::HttpProxy,
            config.http_proxy.as_deref(),
            environment.first(&["HTTP_PROXY", "http_proxy"]),
        )?;
        let https = proxy(
            SettingName::HttpsProxy,
            config.proxy_for_https(),
            environment.first(&HTTPS_PROXY),
        )?;
        let hosts = config
            .no_proxy
            .clone()
            .or_else(|| environment.first(&["NO_PROXY", "no_proxy"]).map(|(_, v)| v));
        Ok(Self {
            http,
            https,
            none: match hosts {
                Some(hosts) => format!("{hosts},{NEVER_PROXIED}"),
                None => NEVER_PROXIED.to_owned(),
            },
        })
    }
}

fn proxy(
    name: SettingName,
    configured: Option<&str>,
    environment: Option<(&'static str, String)>,
) -> Result<Option<Url>, Error> {
    let (text, named_by) = match (configured, environment) {
        (Some(text), _) => (text.to_owned(), NamedBy::Configuration),
        (None, Some((variable, text))) => (text, NamedBy::Environment(variable)),
        (None, None) => return Ok(None),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let setting = Setting { name, named_by };
    // `proxy:3128` without a scheme is an HTTP proxy, as everywhere else.
    let text = if text.contains("://") {
        text
    } else {
        format!("http://{text}")
    };
    http_url(&text)
        .map(Some)
        .map_err(|problem| ErrorKind::InvalidSetting { setting, problem }.into())
}

/// An absolute `http` or `https` URL with a host.
pub(super) fn http_url(text: &str) -> Result<Url, SettingProblem> {
    let url = Url::parse(text).map_err(|_| SettingProblem::NotUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(SettingProblem::Scheme);
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(SettingProblem::NotUrl);
    }
    Ok(url)
}

fn client<E: std::fmt::Display>(
    trust: &TrustStore,
    proxy: Option<&Url>,
    config: impl FnOnce(String) -> Result<ProxyConfig, E>,
    none: &str,
) -> Result<SharedHttpClient, Error> {
    let unexpected = |problem: String| {
        Error::from(ErrorKind::Unexpected {
            action: "the HTTP client",
            problem,
        })
    };
    let proxy = match proxy {
        // The text of the cause could show the password of the proxy.
        Some(url) => config(url.as_str().to_owned())
            .map_err(|_| unexpected("the proxy was not accepted".to_owned()))?
            .no_proxy(none),
        None => ProxyConfig::disabled(),
    };
    let tls = TlsContext::builder()
        .with_trust_store(trust.clone())
        .build()
        .map_err(|error| unexpected(error.to_string()))?;
    let connector = move |settings: Option<&HttpConnectorSettings>,
                          components: Option<&RuntimeComponents>| {
        let mut connector = Connector::builder()
            .tls_provider(Provider::rustls(CryptoMode::AwsLc))
            .tls_context(tls.clone())
            .proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    };
    Ok(Builder::new().build_with_connector_fn(connector))
}

/// One client of the SDK knows one proxy; this one takes the client that the URL asks for.
#[derive(Debug)]
struct ByScheme<T> {
    http: T,
    https: T,
}

impl HttpClient for ByScheme<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(ByScheme {
            http: self.http.http_connector(settings, components),
            https: self.https.http_connector(settings, components),
        })
    }
}

impl HttpConnector for ByScheme<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("http:") {
            self.http.call(request)
        } else {
            self.https.call(request)
        }
    }
}

/// The system bundle of Debian has 0.2 MB.
const MAX_BUNDLE_BYTES: u64 = 8 << 20;

/// This machine and its link: no proxy can stand in for them.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1,169.254.0.0/16,fd00:ec2::/32";
