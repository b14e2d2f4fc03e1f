//! Manifests: HEAD, GET, PUT.
//!
//! OCI Distribution Specification 1.1, *Pulling manifests* and *Pushing Manifests*.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::auth::Access;
use super::blobs::unencoded;
use super::error::{Action, Error, Fault};
use super::handle::Registry;
use super::pace::Counted;
use super::request::{Answer, Call};
use crate::content::{Lister, Receipt};
use crate::net::limits;
use crate::oci::{Descriptor, Digest, InvalidManifest, Manifest, MediaType, Tag, Version};
use crate::task::Context;

/// Every type that can be copied. With less, old registries answer Docker's schema 1, and ECR
/// Public converts on the way; both change the digest.
const ACCEPTED: [&str; 4] = [
    MediaType::OCI_INDEX,
    MediaType::OCI_MANIFEST,
    MediaType::DOCKER_LIST,
    MediaType::DOCKER_MANIFEST,
];

/// Absent on a GET from ECR Public and on old registries; the hash of the body counts.
const DIGEST_HEADER: &str = "docker-content-digest";

/// What the registry said when it stored a manifest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) receipt: Receipt,
    pub(super) lister: Lister,
}

impl Registry {
    /// What a tag or digest stands for, by HEAD. Registries that refuse HEAD, or leave out what
    /// the specification wants in its answer, are asked by GET, which Docker Hub counts as a pull.
    pub(super) async fn resolve_manifest(
        &self,
        cx: &Context,
        version: &Version,
    ) -> Result<Descriptor, Error> {
        let call = self.manifest_call(Method::HEAD, Action::Resolve, version)?;
        let described = self
            .call(cx, &call, |answer| ready(describe(version, &answer)))
            .await;
        match described {
            Ok(Some(descriptor)) => Ok(descriptor),
            Ok(None) => Ok(self
                .get_manifest(cx, Action::Resolve, version)
                .await?
                .descriptor()),
            Err(error) if error.refusal().is_some_and(|refusal| refusal.status == 405) => Ok(self
                .get_manifest(cx, Action::Resolve, version)
                .await?
                .descriptor()),
            Err(error) => Err(error),
        }
    }

    /// Reads a manifest by digest and verifies it. Bytes that do not match are an error: reading
    /// them again counts as a pull, so that is for whoever counts pulls to decide.
    pub(super) async fn read_manifest(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Manifest, Error> {
        let version = Version::Digest(digest.clone());
        self.get_manifest(cx, Action::ReadManifest, &version).await
    }

    async fn get_manifest(
        &self,
        cx: &Context,
        action: Action,
        version: &Version,
    ) -> Result<Manifest, Error> {
        let mut call = self.manifest_call(Method::GET, action, version)?;
        let pace = self.pace();
        call.counted = pace.map(|pace| Counted::new(&pace.read_manifest, None));
        self.call(cx, &call, |answer| read(version, answer)).await
    }

    /// Stores a manifest, byte by byte as it was received, under its digest or under a tag.
    pub(super) async fn store_manifest(
        &self,
        cx: &Context,
        manifest: &Manifest,
        tag: Option<&Tag>,
    ) -> Result<Stored, Error> {
        let digest = manifest.digest();
        let version = tag.map_or_else(
            || Version::Digest(digest.clone()),
            |tag| Version::Tag(tag.clone()),
        );
        let subject = self.subject(Action::PutManifest, Some(digest));
        if manifest.bytes().len() as u64 > limits::MANIFEST_BYTES {
            return Err(Error::new(
                &subject,
                Fault::TooLong {
                    limit: limits::MANIFEST_BYTES,
                },
            ));
        }
        let base = self.base().map_err(|fault| Error::new(&subject, fault))?;
        let url = base.manifest(self.name(), &version);
        let mut call = Call::new(Method::PUT, url, Access::PullAndPush, subject);
        let media_type = HeaderValue::from_str(manifest.media_type().as_str())
            .map_err(|_invalid| call.error(Fault::Header("content-type")))?;
        call.headers.insert(CONTENT_TYPE, media_type);
        call.body = Some(manifest.bytes().clone());
        let pace = self.pace();
        call.counted = pace.map(|pace| Counted::new(&pace.put_manifest, None));
        self.call(cx, &call, |answer| {
            ready(same_digest(digest, &answer).map(|receipt| Stored {
                receipt,
                lister: lister(manifest, &answer),
            }))
        })
        .await
    }

    fn manifest_call(
        &self,
        method: Method,
        action: Action,
        version: &Version,
    ) -> Result<Call, Error> {
        let digest = match version {
            Version::Digest(digest) => Some(digest),
            Version::Tag(_) => None,
        };
        let subject = self.subject(action, digest);
        let base = self.base().map_err(|fault| Error::new(&subject, fault))?;
        let url = base.manifest(self.name(), version);
        let mut call = Call::new(method, url, Access::Pull, subject);
        call.headers = accept();
        Ok(call)
    }
}

fn accept() -> HeaderMap {
    let accepted = ACCEPTED.map(|name| (ACCEPT, HeaderValue::from_static(name)));
    let mut headers = HeaderMap::with_capacity(accepted.len());
    for (name, value) in accepted {
        headers.append(name, value);
    }
    headers
}

/// What the answer to a HEAD says; `None` when it does not say enough.
fn describe(version: &Version, answer: &Answer) -> Result<Option<Descriptor>, Fault> {
    let digest = match (version, stated_digest(answer)?) {
        (Version::Digest(asked), Some(stated)) if *asked != stated => {
            return Err(other_digest(asked, &stated));
        }
        (Version::Digest(digest), _) => digest.clone(),
        (Version::Tag(_), Some(digest)) => digest,
        (Version::Tag(_), None) => return Ok(None),
    };
    let (Some(media_type), Some(size)) = (answer.header("content-type"), answer.length()) else {
        return Ok(None);
    };
    let media_type = MediaType::new(media_type);
    if media_type.is_schema1() {
        return Err(invalid(InvalidManifest::Schema1(media_type)));
    }
    if !media_type.is_manifest() {
        // The body may tell more than the header does.
        return Ok(None);
    }
    if size > limits::MANIFEST_BYTES {
        return Err(Fault::TooLong {
            limit: limits::MANIFEST_BYTES,
        });
    }
    Ok(Some(Descriptor {
        media_type,
        digest,
        size,
        platform: None,
        annotations: BTreeMap::new(),
        artifact_type: None,
    }))
}

async fn read(version: &Version, answer: Answer) -> Result<Manifest, Fault> {
    let announced = answer.length();
    if announced.is_some_and(|length| length > limits::MANIFEST_BYTES) {
        return Err(Fault::TooLong {
            limit: limits::MANIFEST_BYTES,
        });
    }
    unencoded(&answer)?;
    let media_type = answer
        .header("content-type")
        .map(MediaType::new)
        .ok_or(Fault::Header("content-type"))?;
    let expected = match version {
        Version::Digest(digest) => Some(digest.clone()),
        Version::Tag(_) => stated_digest(&answer)?,
    };
    let bytes = answer.read(limits::MANIFEST_BYTES).await?;
    // What was received is a part of the buffer of its connection. Manifests are remembered, and
    // each would keep such a buffer.
    let bytes = Bytes::copy_from_slice(&bytes);
    if let Some(expected) = expected {
        let mut hasher = expected.hasher();
        hasher.update(&bytes);
        let found = hasher.finish();
        if found != expected {
            return Err(other_digest(&expected, &found));
        }
    }
    Manifest::parse(bytes, &media_type).map_err(invalid)
}

fn same_digest(digest: &Digest, answer: &Answer) -> Result<Receipt, Fault> {
    match stated_digest(answer)? {
        Some(stated) if stated != *digest => Err(other_digest(digest, &stated)),
        Some(_) => Ok(Receipt::Stated),
        None => Ok(Receipt::Accepted),
    }
}

/// Whether the registry has noted that the manifest refers to its subject.
///
/// OCI Distribution Specification 1.1, *Pushing Manifests with Subject*.
fn lister(manifest: &Manifest, answer: &Answer) -> Lister {
    let noted = answer.header("oci-subject").map(str::trim);
    match manifest.subject() {
        Some(subject) if noted == Some(subject.as_str()) => Lister::Registry,
        Some(_) | None => Lister::Clients,
    }
}

/// The digest in the header. One that breaks the grammar, or has an algorithm that cannot be
/// verified, is not trusted to mean anything.
fn stated_digest(answer: &Answer) -> Result<Option<Digest>, Fault> {
    answer
        .header(DIGEST_HEADER)
        .map(|text| {
            text.parse()
                .map_err(|_invalid| Fault::Header(DIGEST_HEADER))
        })
        .transpose()
}

fn other_digest(expected: &Digest, found: &Digest) -> Fault {
    Fault::Digest {
        expected: expected.clone(),
        found: found.to_string(),
    }
}

pub(super) fn invalid(error: InvalidManifest) -> Fault {
    Fault::Manifest(Arc::new(error))
}
