//! How HTTP leaves this machine, as the practitioner configures it.

use std::io;
use std::path::PathBuf;

/// How HTTP leaves this machine. One per provider configuration.
#[derive(Clone, Default)]
pub struct HttpSettings {
    /// PEM files; when present they replace the system roots.
    pub ca_bundle: Option<PathBuf>,
    /// Proxy for HTTP; `None` means the environment decides, an empty text means none.
    pub http_proxy: Option<String>,
    /// Proxy for HTTPS; `None` means the environment decides, an empty text means none.
    pub https_proxy: Option<String>,
    /// Hosts without proxy; `None` means the environment decides.
    pub no_proxy: Option<String>,
    /// Text to append to the user agent.
    pub user_agent_suffix: Option<String>,
}

/// Proxies may carry a password, so they are not shown.
impl std::fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpSettings")
            .field("ca_bundle", &self.ca_bundle)
            .field("http_proxy", &self.http_proxy.is_some())
            .field("https_proxy", &self.https_proxy.is_some())
            .field("no_proxy", &self.no_proxy)
            .field("user_agent_suffix", &self.user_agent_suffix)
            .finish()
    }
}

/// The settings cannot work as they are written.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// The bundle is not there, or may not be read.
    #[error("the CA bundle `{}` cannot be read", path.display())]
    BundleUnreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bundle has no `CERTIFICATE` section.
    #[error("the CA bundle `{}` has no certificate in it", path.display())]
    BundleEmpty {
        /// Where it is.
        path: PathBuf,
    },
    /// A section of the bundle is not PEM, or does not hold an X.509 certificate.
    #[error("certificate {number} of the CA bundle `{}` is broken", path.display())]
    BundleBroken {
        /// Where it is.
        path: PathBuf,
        /// Which certificate, counted from 1.
        number: usize,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A proxy is not a URL with `http` or `https`.
    #[error("`{name}` is not the URL of an HTTP proxy")]
    Proxy {
        /// Which setting or environment variable. Its value may hold a password and is not shown.
        name: &'static str,
    },
    /// The user agent has characters that a header cannot have.
    #[error("the user agent suffix has characters that a header cannot have")]
    UserAgent,
    /// TLS cannot be set up on this machine.
    #[error("TLS cannot be set up with the root certificates of this machine")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be set up on this machine.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}
