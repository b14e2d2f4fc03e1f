//! The parts of the provider block that say how registries are reached.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};

use url::Url;

use crate::aws::Environment;
use crate::net::Secret;
use crate::oci::{Reference, Repository};
use crate::registry::{Credential, Endpoint};
use crate::tf::{Attr, Diagnostic, Diagnostics, Path};

use super::config::{ProviderConfig, RegistryBlock, known_blocks};
use super::role::excerpt;

/// The name of ECR Public in references.
pub(crate) const ECR_PUBLIC: &str = Repository::ECR_PUBLIC;

/// The variable that says where `public.ecr.aws` is.
const REGISTRY_ENDPOINT: &str = "ECRPUBLIC_REGISTRY_ENDPOINT";

/// How one registry that is copied from is reached.
#[derive(Clone, Debug)]
pub(crate) struct SourceRegistry {
    /// Where it is.
    pub(crate) endpoint: Endpoint,
    /// `None`: the block names no credentials, so the Docker configuration is asked.
    pub(crate) credential: Option<Credential>,
    /// Certificate authorities of its own.
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Which block it is.
    pub(crate) position: usize,
}

/// Reads the `registry` blocks.
pub(super) fn sources(
    config: &ProviderConfig,
    environment: &Environment,
    problems: &mut Diagnostics,
) -> BTreeMap<String, SourceRegistry> {
    let mut registries = BTreeMap::new();
    for (position, block) in known_blocks(&config.registry) {
        let at = Path::root("registry").index(position);
        let host = host(block, &at, problems);
        let credential = credential(block, &at, problems);
        let endpoint = host
            .as_deref()
            .and_then(|host| source_endpoint(host, block, &at, problems));
        let (Some(host), Some(endpoint)) = (host, endpoint) else {
            continue;
        };
        if registries.contains_key(&host) {
            problems.push(
                Diagnostic::error("Registry configured twice")
                    .at(at.attribute("host"))
                    .detail(format!("Another `registry` block is for `{host}` too.")),
            );
            continue;
        }
        let ca_bundle = block.ca_bundle.known().filter(|path| !path.is_empty());
        let registry = SourceRegistry {
            endpoint,
            credential,
            ca_bundle: ca_bundle.map(|path| environment.expand(FilePath::new(path))),
            position,
        };
        registries.insert(host, registry);
    }
    registries
}

/// The host as references have it: the names of Docker Hub are one.
fn host(block: &RegistryBlock, at: &Path, problems: &mut Diagnostics) -> Option<String> {
    let text = match &block.host {
        Attr::Unknown => return None,
        Attr::Null => "",
        Attr::Known(text) => text.as_str(),
    };
    let any_image = format!("{text}/any/image");
    let known = any_image.parse::<Reference>().ok();
    let host = known.map(|reference| reference.repository().registry().to_owned());
    let is_what_was_written = |host: &String| {
        host == text || (host == Repository::DOCKER_HUB && text.ends_with(".docker.io"))
    };
    let host = host.filter(is_what_was_written);
    if host.is_none() {
        problems.push(
            Diagnostic::error("Invalid registry host")
                .at(at.clone().attribute("host"))
                .detail(format!(
                    "`{}` is not the name of a registry as image references have it.",
                    excerpt(text)
                ))
                .hint(
                    "Write the host, with a port if references have one: `docker.io`, \
                     `registry.example.com:5000`. An address such as `https://…` belongs in \
                     `endpoint`.",
                ),
        );
    }
    host
}

fn credential(block: &RegistryBlock, at: &Path, problems: &mut Diagnostics) -> Option<Credential> {
    let secret = |attr: &Attr<Secret<String>>| {
        let known = attr.known().filter(|secret| !secret.reveal().is_empty());
        known.cloned()
    };
    let is_unknown =
        block.username.is_unknown() || block.password.is_unknown() || block.token.is_unknown();
    let username = block.username.known().filter(|name| !name.is_empty());
    let (member, wrong) = match (username, secret(&block.password), secret(&block.token)) {
        (Some(username), Some(password), None) => {
            return Some(Credential::Basic {
                username: username.clone(),
                password,
            });
        }
        (None, None, Some(token)) => return Some(Credential::Bearer(token)),
        (None, None, None) => return None,
        _ if is_unknown => return None,
        (Some(_), None, None) => ("password", "`username` is set and `password` is not"),
        (None, Some(_), None) => ("username", "`password` is set and `username` is not"),
        (_, _, Some(_)) => (
            "token",
            "`token` takes the place of `username` and `password`",
        ),
    };
    problems.push(
        Diagnostic::error("Invalid registry credentials")
            .at(at.clone().attribute(member))
            .detail(format!(
                "A registry is signed in to with `username` and `password`, or with `token`, or \
                 without anything: {wrong}."
            )),
    );
    None
}

fn source_endpoint(
    host: &str,
    block: &RegistryBlock,
    at: &Path,
    problems: &mut Diagnostics,
) -> Option<Endpoint> {
    let is_set = |attr: &Attr<bool>| attr.known() == Some(&true);
    let place = at.clone().attribute("endpoint");
    let address = match block.endpoint.known().filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(address(text, &place, problems)?),
    };
    let endpoint = Endpoint {
        host: host.to_owned(),
        plain_http: is_set(&block.plain_http),
        insecure: is_set(&block.insecure),
        address,
    };
    let place = if endpoint.address.is_some() {
        place
    } else {
        at.clone().attribute("plain_http")
    };
    checked(endpoint, &place, problems)
}

/// Where `public.ecr.aws` is.
pub(super) fn ecr_public(
    config: &ProviderConfig,
    environment: &Environment,
    problems: &mut Diagnostics,
) -> Option<Endpoint> {
    let place = Path::root("endpoints");
    let block = known_blocks(&config.endpoints).next();
    let written = block.and_then(|(_, block)| block.registry.known().cloned());
    let written = written.filter(|text| !text.is_empty());
    let address = match written.or_else(|| environment.get(REGISTRY_ENDPOINT)) {
        None => None,
        Some(text) => Some(address(&text, &place, problems)?),
    };
    let endpoint = Endpoint {
        host: ECR_PUBLIC.to_owned(),
        plain_http: address.as_ref().is_some_and(|url| url.scheme() == "http"),
        insecure: false,
        address,
    };
    checked(endpoint, &place, problems)
}

fn address(text: &str, at: &Path, problems: &mut Diagnostics) -> Option<Url> {
    let address = Url::parse(text).ok().filter(Url::has_host);
    if address.is_none() {
        problems.push(
            Diagnostic::error("Invalid registry endpoint")
                .at(at.clone())
                .detail(
                    "The endpoint of a registry is a URL with `http` or `https` and a host, such \
                     as `https://mirror.example.com`.",
                ),
        );
    }
    address
}

fn checked(endpoint: Endpoint, at: &Path, problems: &mut Diagnostics) -> Option<Endpoint> {
    match endpoint.check() {
        Ok(()) => Some(endpoint),
        Err(error) => {
            problems.push(
                Diagnostic::error("Invalid registry endpoint")
                    .at(at.clone())
                    .detail(format!(
                        "`{}` cannot be reached like this: {error}.",
                        endpoint.host
                    )),
            );
            None
        }
    }
}
