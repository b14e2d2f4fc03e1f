//! Manifests: bytes first, and a view of what they point at.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::descriptor::{Descriptor, MediaType, Platform};
use super::digest::{Digest, InvalidDigest};

/// A manifest exactly as it was received.
#[derive(Clone, Debug)]
pub struct Manifest {
    bytes: Bytes,
    media_type: MediaType,
    digest: Digest,
    kind: ManifestKind,
    children: Vec<Child>,
    about: About,
}

/// What a manifest says about itself.
#[derive(Clone, Debug, Default)]
struct About {
    subject: Option<Digest>,
    artifact_type: Option<String>,
    annotations: BTreeMap<String, String>,
}

/// Whether a manifest lists manifests or blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestKind {
    /// An OCI index or a Docker manifest list.
    Index,
    /// An image or an artifact.
    Image,
}

/// Something a manifest points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Child {
    /// Another manifest, listed in an index.
    Manifest(Descriptor),
    /// The configuration of an image.
    Config(Descriptor),
    /// A layer of an image, or the content of an artifact.
    Layer(Descriptor),
}

/// The bytes are not a manifest that can be copied.
#[derive(Debug, thiserror::Error)]
pub enum InvalidManifest {
    /// Not JSON, or a field has another type.
    #[error("the manifest cannot be read")]
    Json(#[source] serde_json::Error),
    /// Docker's first manifest format.
    #[error(
        "the manifest has Docker's schema 1 (`{0}`), which has no content digests and is not \
         supported"
    )]
    Schema1(MediaType),
    /// Something else.
    #[error("`{0}` is not the media type of a manifest")]
    MediaType(MediaType),
    /// Header and body disagree.
    #[error("the registry announced `{announced}`, the manifest says `{stated}`")]
    Contradiction {
        /// In the header.
        announced: MediaType,
        /// In the body.
        stated: MediaType,
    },
    /// A digest inside breaks the grammar.
    #[error("the manifest points at a digest that cannot be verified")]
    Digest(#[source] InvalidDigest),
    /// A size that no content has.
    #[error("the manifest points at content of {0} bytes")]
    Size(u64),
    /// Has the fields of another kind of manifest than its media type names, so that two readers
    /// could see two images.
    #[error("the manifest has fields of an index and of an image")]
    Ambiguous,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawManifest {
    media_type: Option<String>,
    schema_version: Option<u64>,
    manifests: Option<Vec<RawDescriptor>>,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawDescriptor>>,
    /// Nothing below is needed for a copy, so none of it is a reason to refuse one.
    subject: Option<Value>,
    artifact_type: Option<Value>,
    annotations: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<RawPlatform>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    artifact_type: Option<Value>,
}

#[derive(Deserialize)]
struct RawPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
}

impl Manifest {
    /// Reads a manifest whose media type a registry announced.
    ///
    /// # Errors
    ///
    /// Says why the bytes cannot be copied.
    pub fn parse(bytes: Bytes, announced: &MediaType) -> Result<Self, InvalidManifest> {
        if announced.is_schema1() {
            return Err(InvalidManifest::Schema1(announced.clone()));
        }
        let raw: RawManifest = serde_json::from_slice(&bytes).map_err(InvalidManifest::Json)?;
        let media_type = media_type(&raw, announced)?;
        let kind = if media_type.is_index() {
            ManifestKind::Index
        } else {
            ManifestKind::Image
        };
        let is_ambiguous = match kind {
            ManifestKind::Index => raw.layers.is_some() || raw.config.is_some(),
            ManifestKind::Image => raw.manifests.is_some(),
        };
        if is_ambiguous {
            return Err(InvalidManifest::Ambiguous);
        }
        let about = about(&raw);
        let children = children(raw, kind)?;
        Ok(Self {
            about,
            digest: Digest::sha256(&bytes),
            bytes,
            media_type,
            kind,
            children,
        })
    }

    /// The bytes, to be pushed as they are.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(&self) -> &MediaType {
        &self.media_type
    }

    /// The sha256 digest of its bytes.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Whether it lists manifests or blobs.
    #[must_use]
    pub fn kind(&self) -> ManifestKind {
        self.kind
    }

    /// What it points at, in the order in which it does.
    #[must_use]
    pub fn children(&self) -> &[Child] {
        &self.children
    }

    /// The manifest that this one refers to: what it signs, attests or describes. A subject that
    /// cannot be verified names nothing.
    #[must_use]
    pub fn subject(&self) -> Option<&Digest> {
        self.about.subject.as_ref()
    }

    /// Its descriptor in the list of what refers to its subject.
    ///
    /// OCI Distribution Specification 1.1, *Listing Referrers*.
    #[must_use]
    pub fn as_referrer(&self) -> Descriptor {
        Descriptor {
            annotations: self.about.annotations.clone(),
            artifact_type: self.about.artifact_type.clone(),
            ..self.descriptor()
        }
    }

    /// Its own descriptor.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor {
            media_type: self.media_type.clone(),
            digest: self.digest.clone(),
            size: self.bytes.len() as u64,
            platform: None,
            annotations: BTreeMap::new(),
            artifact_type: None,
        }
    }
}

impl Child {
    /// The descriptor, whatever it describes.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        match self {
            Self::Manifest(descriptor) | Self::Config(descriptor) | Self::Layer(descriptor) => {
                descriptor
            }
        }
    }
}

/// What header and body say together.
fn media_type(raw: &RawManifest, announced: &MediaType) -> Result<MediaType, InvalidManifest> {
    let stated = raw.media_type.as_deref().map(MediaType::new);
    match stated {
        Some(stated) if stated.is_schema1() => Err(InvalidManifest::Schema1(stated)),
        None if raw.schema_version == Some(1) => Err(InvalidManifest::Schema1(announced.clone())),
        Some(stated) if stated != *announced => Err(InvalidManifest::Contradiction {
            announced: announced.clone(),
            stated,
        }),
        _ if announced.is_manifest() => Ok(announced.clone()),
        _ => Err(InvalidManifest::MediaType(announced.clone())),
    }
}

fn about(raw: &RawManifest) -> About {
    let subject = raw.subject.as_ref().and_then(|it| it.get("digest"));
    let annotations = raw.annotations.as_ref().and_then(Value::as_object);
    let annotations = annotations.into_iter().flatten();
    // An image without a type of its own is of the type of its configuration.
    let config = raw.config.as_ref().map(|config| config.media_type.clone());
    About {
        subject: subject.and_then(|it| it.as_str()?.parse().ok()),
        artifact_type: raw.artifact_type.as_ref().and_then(text).or(config),
        annotations: annotations
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
    }
}

/// Some text that is there.
fn text(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
}

fn children(raw: RawManifest, kind: ManifestKind) -> Result<Vec<Child>, InvalidManifest> {
    let manifests = raw.manifests.unwrap_or_default().into_iter();
    let config = raw.config.into_iter();
    let layers = raw.layers.unwrap_or_default().into_iter();
    match kind {
        ManifestKind::Index => manifests
            .map(|raw| descriptor(raw).map(Child::Manifest))
            .collect(),
        ManifestKind::Image => config
            .map(|raw| descriptor(raw).map(Child::Config))
            .chain(layers.map(|raw| descriptor(raw).map(Child::Layer)))
            .collect(),
    }
}

fn descriptor(raw: RawDescriptor) -> Result<Descriptor, InvalidManifest> {
    // Sizes are signed in the implementations of others.
    if i64::try_from(raw.size).is_err() {
        return Err(InvalidManifest::Size(raw.size));
    }
    let platform = raw
        .platform
        .filter(|raw| !(raw.os.is_empty() && raw.architecture.is_empty()));
    Ok(Descriptor {
        media_type: MediaType::new(&raw.media_type),
        digest: raw.digest.parse().map_err(InvalidManifest::Digest)?,
        size: raw.size,
        platform: platform.map(|raw| Platform {
            os: raw.os,
            architecture: raw.architecture,
            variant: raw.variant.filter(|variant| !variant.is_empty()),
        }),
        annotations: raw.annotations.unwrap_or_default(),
        artifact_type: raw.artifact_type.as_ref().and_then(text),
    })
}

#[cfg(test)]
mod tests;
