//! What ECR Public accepts as a manifest, and what a manifest names.

use serde::Deserialize;

use super::StoreError;

/// The manifest types ECR Public stores.
///
/// The real one documents Docker schema 1 as well. It is refused here: no client of today pushes it,
/// and one that did by mistake should be told.
pub const MEDIA_TYPES: [&str; 4] = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST];

pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// The longest manifest, in characters.
pub(crate) const MANIFEST_MAX: usize = 4_194_304;

/// A read-only view of a manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View {
    schema_version: u32,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

/// A descriptor, as far as the service looks.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
}

impl View {
    /// Reads a manifest of one of the accepted types.
    pub(crate) fn read(text: &[u8]) -> Result<Self, StoreError> {
        let refuse = |constraint: &str| StoreError::invalid("ImageManifest", constraint);
        if text.is_empty() || text.len() > MANIFEST_MAX {
            return Err(refuse("length between 1 and 4194304"));
        }
        let view: Self = serde_json::from_slice(text).map_err(|_| refuse("Invalid JSON syntax"))?;
        if view.schema_version != 2 {
            return Err(refuse("schemaVersion 2"));
        }
        let is_image = view.config.is_some() && view.layers.is_some();
        if is_image == view.manifests.is_some() {
            return Err(refuse("either config and layers, or manifests"));
        }
        if view
            .descriptors()
            .any(|descriptor| descriptor.media_type.contains(';'))
        {
            return Err(refuse("media types without parameters"));
        }
        Ok(view)
    }

    /// The type under which it is stored: what the caller says and what the text says must agree.
    pub(crate) fn media_type(&self, declared: Option<&str>) -> Result<String, StoreError> {
        let refuse = |text: &str| StoreError::invalid("ImageManifestMediaType", text);
        let own = self.media_type.as_deref();
        if let (Some(own), Some(declared)) = (own, declared)
            && own != declared
        {
            let text = format!("the same media type as the manifest, {own}, not {declared}");
            return Err(refuse(&text));
        }
        let media_type = declared.or(own).ok_or_else(|| refuse("a media type"))?;
        if !MEDIA_TYPES.contains(&media_type) {
            return Err(refuse("one of the supported manifest media types"));
        }
        if [OCI_INDEX, DOCKER_LIST].contains(&media_type) != self.manifests.is_some() {
            return Err(refuse("the media type of the manifest's structure"));
        }
        Ok(media_type.to_owned())
    }

    /// What kind of artifact it is: the declared type, or that of its config.
    pub(crate) fn artifact_media_type(&self) -> Option<String> {
        let config = self.config.as_ref().map(|config| config.media_type.clone());
        self.artifact_type.clone().or(config)
    }

    /// Config and layers that must be in the repository. Layers that may not be distributed are
    /// exempt: Windows base images have always been pushed without them.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        let layers = self.layers.iter().flatten();
        self.config
            .iter()
            .chain(layers)
            .filter(|blob| !is_foreign(&blob.media_type))
    }

    /// The manifests an index names.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().flatten()
    }

    fn descriptors(&self) -> impl Iterator<Item = &Descriptor> {
        self.config
            .iter()
            .chain(self.layers.iter().flatten())
            .chain(self.children())
    }
}

fn is_foreign(media_type: &str) -> bool {
    media_type.contains(".foreign.") || media_type.contains(".nondistributable.")
}
