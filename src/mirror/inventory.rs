//! What an image of a source consists of, for whoever wants to know without copying it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;

use super::choose::{CONFIG_BYTES, Target, platform_in};
use super::engine::Engine;
use super::error::{Error, Side, Step};
use super::outcome::images;
use super::reading::{manifest, small_blob};
use super::walk::{Graph, at_source, blobs, survey};
use crate::content::{self, ErrorKind, Source};
use crate::oci::{Child, Descriptor, Digest, Manifest, ManifestKind};
use crate::task::Context;

/// What an image consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// Bytes of all distinct blobs, configurations and attestations included.
    pub size_bytes: u64,
    /// The image of each platform. What is no image, such as a chart, is in none.
    pub images: BTreeMap<String, PlatformImage>,
}

/// An image for one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformImage {
    /// Its digest.
    pub digest: Digest,
    /// Bytes of its distinct blobs.
    pub size_bytes: u64,
    /// What its configuration is labelled with.
    pub labels: BTreeMap<String, String>,
}

/// Configurations by their digest.
type Configs = HashMap<Digest, Bytes>;

impl Engine {
    /// Reads every manifest of an image and the configurations of its platforms, verified and within
    /// the bounds of a copy. Counts as pulls where pulls are counted.
    ///
    /// # Errors
    ///
    /// As the walk of a copy; [`ErrorKind::TooLarge`] at [`Step::ReadBlob`] for configurations or
    /// labels that are larger than anybody needs.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn inventory(
        &self,
        cx: &Context,
        source: &Arc<dyn Source>,
        digest: &Digest,
    ) -> Result<Inventory, Error> {
        let root = manifest(self.shared(), cx, &**source, digest).await;
        let root = root.map_err(|error| at_source(digest, error))?;
        let graph = survey(cx, self.shared(), source, root).await?;
        let manifests = graph.nodes.iter().map(|node| &node.manifest);
        let manifests: HashMap<&Digest, &Manifest> = manifests
            .map(|manifest| (manifest.digest(), manifest))
            .collect();
        let wanted = wanted(&graph, &manifests)?;
        let configs = self.configs(cx, source, wanted).await?;
        let target = Target {
            root: graph.root().descriptor(),
            manifest: None,
            platform: own_config(graph.root(), &configs).and_then(|config| platform_in(config)),
        };
        let mut found = BTreeMap::new();
        let mut label_bytes = 0;
        for (platform, digest) in images(&graph, graph.root(), &target) {
            let Some(manifest) = manifests.get(&digest) else {
                continue;
            };
            let config = config(manifest).and_then(|config| configs.get(&config.digest));
            let labels = config.map_or_else(BTreeMap::new, |config| labels(config));
            let text = labels.iter().map(|(name, value)| name.len() + value.len());
            label_bytes += text.sum::<usize>();
            if label_bytes > LABEL_BYTES {
                return Err(too_large(&digest, LABEL_BYTES as u64));
            }
            let size_bytes = total(blobs(manifest).map(|blob| (&blob.digest, blob.size)));
            let image = PlatformImage {
                digest,
                size_bytes,
                labels,
            };
            found.insert(platform, image);
        }
        let blobs = Graph::blobs(graph.nodes.iter());
        let size_bytes = total(blobs.iter().map(|(digest, blob)| (digest, blob.size)));
        Ok(Inventory {
            size_bytes,
            images: found,
        })
    }

    async fn configs(
        &self,
        cx: &Context,
        source: &Arc<dyn Source>,
        wanted: Vec<Descriptor>,
    ) -> Result<Configs, Error> {
        stream::iter(wanted)
            .map(|config| async move {
                let bytes = small_blob(self.shared(), cx, source, &config).await;
                let bytes = bytes.map_err(|error| at_blob(&config.digest, error))?;
                Ok((config.digest, bytes))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }
}

/// The configurations of the images that are for a platform, each once.
fn wanted(
    graph: &Graph,
    manifests: &HashMap<&Digest, &Manifest>,
) -> Result<Vec<Descriptor>, Error> {
    let root = graph.root();
    let target = Target {
        root: root.descriptor(),
        manifest: None,
        platform: None,
    };
    let listed = images(graph, root, &target).into_values();
    let mut wanted: BTreeMap<Digest, Descriptor> = BTreeMap::new();
    for digest in listed.chain([root.digest().clone()]) {
        let config = manifests.get(&digest).and_then(|manifest| config(manifest));
        if let Some(config) = config {
            wanted.insert(config.digest.clone(), config.clone());
        }
    }
    let mut bytes: u64 = 0;
    for config in wanted.values() {
        bytes = bytes.saturating_add(config.size);
        if config.size > CONFIG_BYTES || bytes > CONFIGS_BYTES {
            return Err(too_large(&config.digest, CONFIG_BYTES));
        }
    }
    Ok(wanted.into_values().collect())
}

/// The configuration of an image, if it is one.
fn config(manifest: &Manifest) -> Option<&Descriptor> {
    manifest.children().iter().find_map(|child| match child {
        Child::Config(config) if IMAGE_CONFIGS.contains(&config.media_type.as_str()) => {
            Some(config)
        }
        Child::Config(_) | Child::Manifest(_) | Child::Layer(_) => None,
    })
}

fn own_config<'a>(root: &Manifest, configs: &'a Configs) -> Option<&'a Bytes> {
    match root.kind() {
        ManifestKind::Image => configs.get(&config(root)?.digest),
        ManifestKind::Index => None,
    }
}

/// What a configuration is labelled with. What is not written as the specification has it labels
/// nothing.
fn labels(config: &[u8]) -> BTreeMap<String, String> {
    let config: Option<Labelled> = serde_json::from_slice(config).ok();
    let settings = config.and_then(|config| config.config);
    settings
        .and_then(|settings| settings.labels)
        .unwrap_or_default()
}

/// OCI Image Specification 1.1, *Image Configuration*.
#[derive(Deserialize)]
struct Labelled {
    config: Option<Settings>,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

fn total<'a>(sizes: impl Iterator<Item = (&'a Digest, u64)>) -> u64 {
    let distinct: HashMap<&Digest, u64> = sizes.collect();
    distinct.into_values().fold(0, u64::saturating_add)
}

fn too_large(digest: &Digest, limit: u64) -> Error {
    at_blob(digest, ErrorKind::TooLarge { limit }.into())
}

fn at_blob(digest: &Digest, error: content::Error) -> Error {
    Error::new(Side::Source, Step::ReadBlob, digest, error)
}

/// What images are configured by. Artifacts have something else in that place.
const IMAGE_CONFIGS: [&str; 2] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
];

/// All configurations of an image together.
const CONFIGS_BYTES: u64 = 32 << 20;

/// All labels of an image together. Some build systems write hundreds of kilobytes; this ends up in
/// state.
const LABEL_BYTES: usize = 1 << 20;

/// Configurations that are asked for at once.
const AT_ONCE: usize = 8;
