//! Where a registry is: from the name in references to the address that answers for it.

use url::Url;

use crate::net::{SafeUrl, address};
use crate::oci::{Digest, Repository, Version};

/// Where a registry is and how to get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The name in references: `docker.io`, `public.ecr.aws`, `ghcr.io`.
    pub host: String,
    /// Scheme, host and port that answer for it, when they differ from what the name implies.
    pub address: Option<Url>,
    /// Speak HTTP. Loopback only, unless `insecure`.
    pub plain_http: bool,
    /// Allow `plain_http` to hosts other than loopback.
    pub insecure: bool,
}

/// An endpoint cannot work as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// The host is no host name.
    #[error("`{0}` is not a registry host")]
    Host(String),
    /// The address is neither `http` nor `https`, or has parts that make no sense in it.
    #[error("`{0}` is not the address of a registry: `https://host`, with a port if needed")]
    Address(String),
    /// Plain HTTP to another machine was not allowed.
    #[error("`{0}` is not on this machine, so plain HTTP to it has to be allowed explicitly")]
    PlainHttp(String),
}

/// The API host of Docker Hub, which references call `docker.io`.
const DOCKER_HUB_API: &str = "registry-1.docker.io";

impl Endpoint {
    /// The endpoint that the name implies: HTTPS, and the API host for Docker Hub.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            address: None,
            plain_http: false,
            insecure: false,
        }
    }

    /// Whether this endpoint can work.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), InvalidEndpoint> {
        self.base().map(drop)
    }

    /// Scheme, host and port, and a path that all requests start with.
    pub(super) fn base(&self) -> Result<Base, InvalidEndpoint> {
        let url = match &self.address {
            Some(address) => address.clone(),
            None => self.implied()?,
        };
        let is_clean = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_clean {
            return Err(InvalidEndpoint::Address(SafeUrl(url).to_string()));
        }
        if url.scheme() == "http" && !self.insecure && !address::is_loopback(&url) {
            return Err(InvalidEndpoint::PlainHttp(SafeUrl(url).to_string()));
        }
        Ok(Base(url))
    }

    fn implied(&self) -> Result<Url, InvalidEndpoint> {
        let host = match self.host.as_str() {
            Repository::DOCKER_HUB => DOCKER_HUB_API,
            host => host,
        };
        let scheme = if self.plain_http { "http" } else { "https" };
        let invalid = || InvalidEndpoint::Host(self.host.clone());
        // A slash or an at sign would make another URL of it.
        if host.contains(['/', '@', '?', '#', '\\']) {
            return Err(invalid());
        }
        Url::parse(&format!("{scheme}://{host}/")).map_err(|_parse| invalid())
    }
}

/// The address that answers for a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base(Url);

impl Base {
    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// What speaks against going where the registry sends us: it may lead us to private addresses
    /// only if it is at one itself.
    pub(super) fn objection(&self, target: &Url) -> Option<&'static str> {
        if address::is_private(target) && !address::is_private(&self.0) {
            return Some("is a private address although the registry is at none");
        }
        if address::is_link_local(target) && !address::is_link_local(&self.0) {
            return Some("is where clouds keep the credentials of machines");
        }
        None
    }

    /// Whether scheme, host and port of the URL are those of the registry.
    pub(super) fn is_same_origin(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }

    pub(super) fn is_plain_http(&self) -> bool {
        self.0.scheme() == "http"
    }

    pub(super) fn manifest(&self, repository: &Repository, version: &Version) -> Url {
        let text = version.to_string();
        self.below(repository, &["manifests", &text])
    }

    /// The list of tags, so many at once.
    pub(super) fn tags(&self, repository: &Repository, page: usize) -> Url {
        let mut url = self.below(repository, &["tags", "list"]);
        url.query_pairs_mut().append_pair("n", &page.to_string());
        url
    }

    pub(super) fn referrers(&self, repository: &Repository, digest: &Digest) -> Url {
        self.below(repository, &["referrers", digest.as_str()])
    }

    pub(super) fn blob(&self, repository: &Repository, digest: &Digest) -> Url {
        self.below(repository, &["blobs", digest.as_str()])
    }

    pub(super) fn uploads(&self, repository: &Repository) -> Url {
        self.below(repository, &["blobs", "uploads", ""])
    }

    pub(super) fn mount(&self, repository: &Repository, blob: &Digest, from: &Repository) -> Url {
        let mut url = self.uploads(repository);
        url.query_pairs_mut()
            .append_pair("mount", blob.as_str())
            .append_pair("from", from.path());
        url
    }

    /// OCI Distribution Specification 1.1, *Endpoints*. What is appended has been checked by the
    /// types of `oci` and needs no escaping.
    fn below(&self, repository: &Repository, rest: &[&str]) -> Url {
        let mut url = self.0.clone();
        let prefix = self.0.path().trim_end_matches('/');
        let path = format!("{prefix}/v2/{}/{}", repository.path(), rest.join("/"));
        url.set_path(&path);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: &str, address: Option<&str>, plain_http: bool, insecure: bool) -> Endpoint {
        Endpoint {
            host: host.to_owned(),
            address: address.map(|address| Url::parse(address).unwrap()),
            plain_http,
            insecure,
        }
    }

    fn base(host: &str, address: Option<&str>, plain_http: bool, insecure: bool) -> String {
        match endpoint(host, address, plain_http, insecure).base() {
            Ok(base) => base.url().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn names_imply_https_and_the_api_host_of_docker_hub() {
        assert_eq!(base("ghcr.io", None, false, false), "https://ghcr.io/");
        assert_eq!(
            base("docker.io", None, false, false),
            "https://registry-1.docker.io/"
        );
        assert_eq!(
            base("localhost:5000", None, true, false),
            "http://localhost:5000/"
        );
        assert_eq!(base("[::1]:5000", None, true, false), "http://[::1]:5000/");
    }

    #[test]
    fn an_address_answers_for_a_name() {
        let mirror = Some("https://mirror.corp:8443/hub/");
        assert_eq!(
            base("docker.io", mirror, false, false),
            "https://mirror.corp:8443/hub/"
        );
    }

    #[test]
    fn plain_http_stays_on_this_machine_unless_allowed() {
        let refused = "`http://10.0.0.7:5000/` is not on this machine, so plain HTTP to it has to \
                       be allowed explicitly";
        assert_eq!(base("10.0.0.7:5000", None, true, false), refused);
        assert_eq!(
            base("a.example", Some("http://10.0.0.7:5000"), false, false),
            refused
        );
        assert_eq!(
            base("10.0.0.7:5000", None, true, true),
            "http://10.0.0.7:5000/"
        );
        assert_eq!(
            base("docker.io", Some("http://127.0.0.1:1/"), false, false),
            "http://127.0.0.1:1/"
        );
    }

    #[test]
    fn what_is_no_registry_address_is_refused_without_showing_secrets() {
        for address in [
            "ftp://a.example/",
            "https://user:hunter2@a.example/",
            "https://a.example/?token=hunter2",
            "https://a.example/#x",
        ] {
            let text = base("a.example", Some(address), false, false);
            assert!(text.contains("is not the address of a registry"), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
        for host in ["", "a b", "a/b", "user@host", "a:99999"] {
            let text = base(host, None, false, false);
            assert_eq!(text, format!("`{host}` is not a registry host"));
        }
    }

    #[test]
    fn requests_go_below_the_path_of_the_address() {
        let endpoint = endpoint("h.example", Some("https://h.example/proxy/"), false, false);
        let base = endpoint.base().unwrap();
        let repository = Repository::new("h.example", "a/b").unwrap();
        let digest = Digest::sha256(b"");
        assert_eq!(
            base.uploads(&repository).as_str(),
            "https://h.example/proxy/v2/a/b/blobs/uploads/"
        );
        assert_eq!(
            base.manifest(&repository, &Version::Digest(digest.clone()))
                .as_str(),
            format!("https://h.example/proxy/v2/a/b/manifests/{digest}")
        );
        assert_eq!(
            base.blob(&repository, &digest).as_str(),
            format!("https://h.example/proxy/v2/a/b/blobs/{digest}")
        );
    }
}
