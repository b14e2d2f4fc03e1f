//! Images built in code: real layers, real configs, the same bytes in every run.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::digest::Digest;

mod build;
mod layer;
mod tar;

/// What an image is made of. The same description under the same name gives the same digest.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageSpec {
    /// Seeds the content. Absent: `<repository>:<tag>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `os/architecture[/variant]`. One or none: an image; several: an index of them.
    pub platforms: Vec<String>,
    /// An index even for one platform.
    pub is_index: bool,
    /// Sizes in bytes of layers with arbitrary content. Every platform gets layers of its own.
    pub layers: Vec<u64>,
    /// Tar files that become further layers, the same for every platform.
    pub tars: Vec<PathBuf>,
    /// Whose media types it has.
    pub format: Format,
    /// How layers are packed.
    pub compression: Compression,
    /// Provenance beside every platform, as BuildKit adds it.
    pub attestations: Attestations,
    /// Puts the index into another one.
    pub is_nested: bool,
    /// Makes it an artifact of this type: an empty config, and layers that are no tars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What it refers to, as `digest` and `size` in bytes of an OCI image manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Names one layer that may not be distributed and is not here, as old Windows images do.
    pub has_foreign_layer: bool,
    /// An annotation of so many bytes in the root manifest, to make it large.
    pub padding_bytes: usize,
    /// The command that a container runs.
    pub command: Vec<String>,
    /// Annotations of the root manifest.
    pub annotations: BTreeMap<String, String>,
    /// Labels of every platform, in its configuration.
    pub labels: BTreeMap<String, String>,
}

/// Media types.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// OCI.
    #[default]
    Oci,
    /// Docker schema 2, and manifest lists.
    Docker,
    /// Docker schema 1, which nobody should copy.
    Schema1,
}

/// How a layer is packed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// gzip.
    #[default]
    Gzip,
    /// Zstandard.
    Zstd,
    /// Not at all.
    None,
}

/// In which form attestations come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attestations {
    /// None.
    #[default]
    None,
    /// An image manifest with in-toto layers: BuildKit before 0.32.
    Image,
    /// An artifact with a subject: BuildKit since 0.32.
    Artifact,
}

/// What an artifact refers to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Digest of an image manifest.
    pub digest: String,
    /// Its size.
    pub size: u64,
}

/// A built image: everything that must be at a registry for its digest to be pulled.
#[derive(Debug, Clone)]
pub struct BuiltImage {
    /// The digest of the root.
    pub digest: Digest,
    /// All manifests, children before parents; the root is the last.
    pub manifests: Vec<BuiltManifest>,
    /// All blobs.
    pub blobs: BTreeMap<Digest, Blob>,
}

/// A manifest of a built image.
#[derive(Debug, Clone)]
pub struct BuiltManifest {
    /// Its digest.
    pub digest: Digest,
    /// Its type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// The platform, for an image of one.
    pub platform: Option<String>,
}

/// A description whose content is seeded by `name`: `image("alpine").layers([4096])`.
pub fn image(name: &str) -> ImageSpec {
    ImageSpec {
        name: Some(name.to_owned()),
        ..ImageSpec::default()
    }
}

impl ImageSpec {
    /// For these platforms: an index when there are several.
    pub fn platforms<'p>(mut self, platforms: impl IntoIterator<Item = &'p str>) -> Self {
        self.platforms = platforms.into_iter().map(str::to_owned).collect();
        self
    }

    /// An index, even for one platform.
    pub fn index(mut self) -> Self {
        self.is_index = true;
        self
    }

    /// With layers of about these sizes in bytes.
    pub fn layers(mut self, sizes: impl IntoIterator<Item = u64>) -> Self {
        self.layers = sizes.into_iter().collect();
        self
    }

    /// With the content of a tar file as one more layer.
    pub fn tar(mut self, file: impl Into<PathBuf>) -> Self {
        self.tars.push(file.into());
        self
    }

    /// In these media types.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// With layers packed like this.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// With provenance in this form.
    pub fn attestations(mut self, attestations: Attestations) -> Self {
        self.attestations = attestations;
        self
    }

    /// As an index within an index.
    pub fn nested(mut self) -> Self {
        self.is_nested = true;
        self
    }

    /// As an artifact.
    pub fn artifact(mut self, artifact_type: &str) -> Self {
        self.artifact_type = Some(artifact_type.to_owned());
        self
    }

    /// Referring to an image, as a signature does.
    pub fn subject(mut self, image: &BuiltImage) -> Self {
        let size = image
            .manifests
            .last()
            .map_or(0, |root| root.bytes.len() as u64);
        self.subject = Some(Subject {
            digest: image.digest.to_string(),
            size,
        });
        self
    }

    /// With a layer that may not be distributed.
    pub fn foreign_layer(mut self) -> Self {
        self.has_foreign_layer = true;
        self
    }

    /// With a root manifest that is at least this large.
    pub fn padding(mut self, bytes: usize) -> Self {
        self.padding_bytes = bytes;
        self
    }

    /// Running this command.
    pub fn command<'c>(mut self, command: impl IntoIterator<Item = &'c str>) -> Self {
        self.command = command.into_iter().map(str::to_owned).collect();
        self
    }

    /// Labelled with one more.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Builds it. Layers above 1 MiB are written to files in `folder`, which go with the image.
    ///
    /// # Errors
    ///
    /// When a tar file cannot be read, or a layer not be written.
    pub fn build(&self, default_name: &str, folder: &Path) -> io::Result<BuiltImage> {
        build::build(self, self.name.as_deref().unwrap_or(default_name), folder)
    }
}

impl BuiltImage {
    /// The digest of one platform's image.
    pub fn platform(&self, platform: &str) -> Option<&Digest> {
        let mut manifests = self.manifests.iter();
        let found = manifests.find(|it| it.platform.as_deref() == Some(platform))?;
        Some(&found.digest)
    }
}
