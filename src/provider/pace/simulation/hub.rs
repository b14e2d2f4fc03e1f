//! Images to copy, and a source that has them.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use super::ecr_public::wait;
use crate::content::{ByteStream, Error, ErrorKind, Source};
use crate::oci::{Descriptor, Digest, Manifest, MediaType, Repository, Version};
use crate::task::Context;

/// A repository with one image, tagged `1`.
#[derive(Debug)]
pub(super) struct Hub {
    repository: Repository,
    root: Option<Digest>,
    manifests: HashMap<Digest, Manifest>,
    blobs: HashMap<Digest, Bytes>,
    random: fastrand::Rng,
}

impl Hub {
    /// `number` tells images apart: they share nothing.
    pub(super) fn new(number: u64) -> Self {
        Self {
            repository: Repository::new("docker.io", &format!("library/{number}")).unwrap(),
            root: None,
            manifests: HashMap::new(),
            blobs: HashMap::new(),
            random: fastrand::Rng::with_seed(number),
        }
    }

    /// One image with so many layers of so many bytes each.
    pub(super) fn image(number: u64, layers: usize, bytes: usize) -> Self {
        let mut hub = Self::new(number);
        let image = hub.add_image(layers, bytes);
        hub.root = Some(image.digest().clone());
        hub
    }

    /// An index of so many images that have the same layer.
    pub(super) fn index(number: u64, images: usize) -> Self {
        let mut hub = Self::new(number);
        let first = hub.add_image(1, 2000);
        let mut body: Value = serde_json::from_slice(first.bytes()).unwrap();
        let mut entries = Vec::new();
        for number in 0..images {
            body["annotations"] = json!({ "number": number.to_string() });
            let image = hub.add(&body, MediaType::OCI_MANIFEST);
            entries.push(entry(
                MediaType::OCI_MANIFEST,
                image.digest(),
                image.bytes().len(),
            ));
        }
        let index = json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries,
        });
        let index = hub.add(&index, MediaType::OCI_INDEX);
        hub.root = Some(index.digest().clone());
        hub
    }

    fn add_image(&mut self, layers: usize, bytes: usize) -> Manifest {
        const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
        const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
        let layers: Vec<Value> = (0..layers).map(|_| self.blob(LAYER, bytes)).collect();
        let image = json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
            "config": self.blob(CONFIG, 200), "layers": layers,
        });
        self.add(&image, MediaType::OCI_MANIFEST)
    }

    fn add(&mut self, body: &Value, media_type: &str) -> Manifest {
        let bytes = serde_json::to_vec(body).unwrap();
        let manifest = Manifest::parse(bytes.into(), &MediaType::new(media_type)).unwrap();
        let digest = manifest.digest().clone();
        self.manifests.insert(digest, manifest.clone());
        manifest
    }

    fn blob(&mut self, media_type: &str, size: usize) -> Value {
        let mut bytes = vec![0; size];
        self.random.fill(&mut bytes);
        let digest = Digest::sha256(&bytes);
        self.blobs.insert(digest.clone(), bytes.into());
        entry(media_type, &digest, size)
    }

    fn found(&self, digest: &Digest) -> Result<Manifest, Error> {
        let found = self.manifests.get(digest).cloned();
        found.ok_or_else(|| ErrorKind::NotFound.into())
    }
}

fn entry(media_type: &str, digest: &Digest, size: usize) -> Value {
    json!({ "mediaType": media_type, "digest": digest.as_str(), "size": size })
}

#[async_trait]
impl Source for Hub {
    fn repository(&self) -> &Repository {
        &self.repository
    }

    fn counts_pulls(&self) -> bool {
        true
    }

    async fn resolve(&self, _: &Context, _: &Version) -> Result<Descriptor, Error> {
        wait(ROUND_TRIP).await;
        let root = self.root.as_ref().unwrap();
        Ok(self.found(root)?.descriptor())
    }

    async fn manifest(&self, _: &Context, digest: &Digest) -> Result<Manifest, Error> {
        wait(ROUND_TRIP).await;
        self.found(digest)
    }

    async fn listed_referrers(
        &self,
        _: &Context,
        _: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        wait(ROUND_TRIP).await;
        Ok(None)
    }

    async fn open_blob(
        &self,
        _: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, Error> {
        wait(ROUND_TRIP).await;
        let bytes = self.blobs[&blob.digest].slice(usize::try_from(offset).unwrap()..);
        let chunks = bytes.len().div_ceil(CHUNK);
        let chunks = (0..chunks).map(move |n| {
            let end = bytes.len().min((n + 1) * CHUNK);
            Ok(bytes.slice(n * CHUNK..end))
        });
        Ok(Box::pin(stream::iter(chunks)))
    }
}

const ROUND_TRIP: Duration = Duration::from_millis(60);

const CHUNK: usize = 64 << 10;
