//! Descriptors: what a manifest says about the content it points at.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::digest::Digest;

/// A claim about some content: its type, digest and size in bytes.
///
/// OCI Image Specification 1.1, *Descriptor*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// What the content is.
    pub media_type: MediaType,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What it runs on; only in an index.
    pub platform: Option<Platform>,
    /// Free text by name.
    pub annotations: BTreeMap<String, String>,
    /// What kind of artifact it is, as written; only in an index, and mostly in one of referrers.
    pub artifact_type: Option<String>,
}

/// A media type, compared by its text. Parameters such as `charset` are never part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MediaType(String);

/// What an image runs on.
///
/// OCI Image Specification 1.1, *Image Index Property Descriptions*, `platform`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    /// The operating system, as in Go's `GOOS`.
    pub os: String,
    /// The architecture, as in Go's `GOARCH`.
    pub architecture: String,
    /// The variant of the architecture.
    pub variant: Option<String>,
}

/// The text is not `os/architecture[/variant]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a platform has the form `os/architecture` or `os/architecture/variant`")]
pub struct InvalidPlatform;

impl MediaType {
    /// `application/vnd.oci.image.index.v1+json`
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// `application/vnd.oci.image.manifest.v1+json`
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// `application/vnd.docker.distribution.manifest.list.v2+json`
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// `application/vnd.docker.distribution.manifest.v2+json`
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

    /// The media type in this header or field, without parameters.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(
            text.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase(),
        )
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a list of manifests.
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(self.as_str(), Self::OCI_INDEX | Self::DOCKER_LIST)
    }

    /// Whether it names a manifest of any kind that is copied.
    #[must_use]
    pub fn is_manifest(&self) -> bool {
        self.is_index() || matches!(self.as_str(), Self::OCI_MANIFEST | Self::DOCKER_MANIFEST)
    }

    /// Whether it names Docker's first manifest format, which cannot be copied by digest.
    #[must_use]
    pub fn is_schema1(&self) -> bool {
        self.0
            .starts_with("application/vnd.docker.distribution.manifest.v1+")
    }

    /// Whether it names a layer that its owner forbids to distribute; such layers are not uploaded.
    #[must_use]
    pub fn is_nondistributable(&self) -> bool {
        self.0
            .starts_with("application/vnd.oci.image.layer.nondistributable.")
            || self
                .0
                .starts_with("application/vnd.docker.image.rootfs.foreign.")
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Self, InvalidPlatform> {
        let fits = |part: &&str| {
            let mut bytes = part.bytes();
            !part.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        let parts: Vec<&str> = text.split('/').collect();
        if !parts.iter().all(fits) {
            return Err(InvalidPlatform);
        }
        let (os, architecture, variant) = match *parts.as_slice() {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant.to_owned())),
            _ => return Err(InvalidPlatform),
        };
        Ok(Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant,
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant
            .as_ref()
            .map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_have_two_or_three_parts() {
        for text in [
            "linux/amd64",
            "linux/arm/v7",
            "windows/amd64",
            "unknown/unknown",
        ] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "a/b/c/d",
            "linux/arm 64",
            "linux/arm/",
            "l\u{ed}nux/x",
        ] {
            assert_eq!(text.parse::<Platform>(), Err(InvalidPlatform), "{text:?}");
        }
    }

    #[test]
    fn media_types_are_compared_without_parameters_and_case() {
        let plain = MediaType::new(MediaType::OCI_INDEX);
        for text in [
            "application/vnd.oci.image.index.v1+json; charset=utf-8",
            " Application/VND.oci.image.index.v1+JSON ;x",
        ] {
            assert_eq!(MediaType::new(text), plain, "{text}");
        }
        assert_eq!(MediaType::new("").as_str(), "");
    }

    #[test]
    fn media_types_know_what_they_name() {
        type Question = fn(&MediaType) -> bool;
        let rows: [(&str, Question, bool); 12] = [
            (MediaType::OCI_INDEX, MediaType::is_index, true),
            (MediaType::DOCKER_LIST, MediaType::is_index, true),
            (MediaType::OCI_MANIFEST, MediaType::is_index, false),
            (MediaType::OCI_MANIFEST, MediaType::is_manifest, true),
            (MediaType::DOCKER_MANIFEST, MediaType::is_manifest, true),
            ("application/json", MediaType::is_manifest, false),
            (
                "application/vnd.docker.distribution.manifest.v1+prettyjws",
                MediaType::is_schema1,
                true,
            ),
            (
                "application/vnd.docker.distribution.manifest.v1+json",
                MediaType::is_schema1,
                true,
            ),
            (MediaType::DOCKER_MANIFEST, MediaType::is_schema1, false),
            (
                "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                MediaType::is_nondistributable,
                true,
            ),
            (
                "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
                MediaType::is_nondistributable,
                true,
            ),
            (
                "application/vnd.oci.image.layer.v1.tar+zstd",
                MediaType::is_nondistributable,
                false,
            ),
        ];
        for (text, question, expected) in rows {
            assert_eq!(question(&MediaType::new(text)), expected, "{text}");
        }
    }
}
