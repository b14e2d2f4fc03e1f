//! From a description to manifests and blobs.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::layer::{Layer, arbitrary, of_tar, opaque};
use super::{Attestations, BuiltImage, BuiltManifest, Compression, Format, ImageSpec};
use crate::blob::Blob;
use crate::digest::Digest;

const CREATED: &str = "2024-01-01T00:00:00Z";
const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";

pub(super) fn build(spec: &ImageSpec, name: &str, folder: &Path) -> io::Result<BuiltImage> {
    let mut bench = Bench {
        spec,
        name,
        folder,
        manifests: Vec::new(),
        blobs: BTreeMap::new(),
    };
    if spec.format == Format::Schema1 {
        bench.schema1()?;
    } else if let Some(artifact_type) = &spec.artifact_type {
        bench.artifact(artifact_type)?;
    } else if spec.platforms.len() > 1 || spec.is_index || spec.is_nested {
        bench.index()?;
    } else {
        let platform = spec.platforms.first().map_or("linux/amd64", String::as_str);
        bench.image(platform, true)?;
    }
    let root = bench.manifests.last().map(|root| root.digest.clone());
    let digest = root.ok_or_else(|| io::Error::other("an image has a root"))?;
    Ok(BuiltImage {
        digest,
        manifests: bench.manifests,
        blobs: bench.blobs,
    })
}

/// An image in the making.
struct Bench<'s> {
    spec: &'s ImageSpec,
    name: &'s str,
    folder: &'s Path,
    manifests: Vec<BuiltManifest>,
    blobs: BTreeMap<Digest, Blob>,
}

impl Bench<'_> {
    /// Images of all platforms, their attestations, and the index over them.
    fn index(&mut self) -> io::Result<()> {
        let platforms = match self.spec.platforms.as_slice() {
            [] => vec!["linux/amd64".to_owned()],
            given => given.to_vec(),
        };
        let mut entries = Vec::new();
        for platform in &platforms {
            let mut entry = self.image(platform, false)?;
            set(&mut entry, "platform", platform_json(platform));
            entries.push(entry);
        }
        if self.spec.attestations != Attestations::None {
            for image in entries.clone() {
                entries.push(self.attestation(&image));
            }
        }
        let media_type = index_type(self.spec.format);
        if self.spec.is_nested {
            let inner = json!({
                "schemaVersion": 2, "mediaType": media_type, "manifests": entries,
            });
            entries = vec![self.manifest(&inner, media_type, None)];
        }
        let mut index = json!({
            "schemaVersion": 2, "mediaType": media_type, "manifests": entries,
        });
        self.annotate_root(&mut index);
        self.manifest(&index, media_type, None);
        Ok(())
    }

    /// The image of one platform; returns its descriptor.
    fn image(&mut self, platform: &str, is_root: bool) -> io::Result<Value> {
        let spec = self.spec;
        let mut layers = Vec::new();
        for (place, size) in spec.layers.iter().enumerate() {
            let seed = format!("{} {platform} layer {place} of {size}", self.name);
            layers.push(arbitrary(&seed, *size, spec.compression, self.folder)?);
        }
        for tar in &spec.tars {
            layers.push(of_tar(tar, spec.compression, self.folder)?);
        }
        let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.diff_id.as_str()).collect();
        let mut config = platform_json(platform);
        set(&mut config, "created", CREATED.into());
        let mut settings = json!({ "Cmd": spec.command });
        if !spec.labels.is_empty() {
            set(&mut settings, "Labels", json!(spec.labels));
        }
        set(&mut config, "config", settings);
        set(
            &mut config,
            "rootfs",
            json!({ "type": "layers", "diff_ids": diff_ids }),
        );
        let history = layers
            .iter()
            .map(|_| json!({ "created": CREATED, "created_by": self.name }));
        let history: Vec<Value> = history.collect();
        set(&mut config, "history", history.into());
        let config = self.document(&config, config_type(spec.format));
        let kind = layer_type(spec.format, spec.compression);
        let mut layers: Vec<Value> = layers
            .into_iter()
            .map(|layer| self.layer(layer, kind))
            .collect();
        if spec.has_foreign_layer {
            layers.insert(0, foreign_layer(self.name));
        }
        let media_type = manifest_type(spec.format);
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers,
        });
        if is_root {
            self.annotate_root(&mut manifest);
        }
        Ok(self.manifest(&manifest, media_type, Some(platform)))
    }

    /// What BuildKit puts beside an image.
    fn attestation(&mut self, image: &Value) -> Value {
        let subject = image["digest"].as_str().unwrap_or_default().to_owned();
        let hex = subject
            .strip_prefix("sha256:")
            .unwrap_or_default()
            .to_owned();
        let predicate = "https://slsa.dev/provenance/v0.2";
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": predicate,
            "subject": [{ "name": self.name, "digest": { "sha256": hex } }],
            "predicate": { "buildType": "https://mobyproject.org/buildkit@v1" },
        });
        let mut layer = self.document(&statement, IN_TOTO);
        set(
            &mut layer,
            "annotations",
            json!({ "in-toto.io/predicate-type": predicate }),
        );
        let media_type = manifest_type(Format::Oci);
        let is_artifact = self.spec.attestations == Attestations::Artifact;
        let config = if is_artifact {
            self.document(&json!({}), EMPTY_CONFIG)
        } else {
            let config = json!({
                "architecture": "unknown", "os": "unknown", "config": {},
                "rootfs": { "type": "layers", "diff_ids": [layer["digest"]] },
            });
            self.document(&config, OCI_CONFIG)
        };
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer],
        });
        if is_artifact {
            let subject = json!({
                "mediaType": image["mediaType"], "digest": subject, "size": image["size"],
            });
            set(
                &mut manifest,
                "artifactType",
                "application/vnd.docker.attestation.manifest.v1+json".into(),
            );
            set(&mut manifest, "subject", subject);
        }
        let mut entry = self.manifest(&manifest, media_type, None);
        set(
            &mut entry,
            "platform",
            json!({ "architecture": "unknown", "os": "unknown" }),
        );
        set(
            &mut entry,
            "annotations",
            json!({
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": image["digest"],
            }),
        );
        entry
    }

    /// A manifest with an empty config and layers of no particular kind.
    fn artifact(&mut self, artifact_type: &str) -> io::Result<()> {
        let mut layers = Vec::new();
        for (place, size) in self.spec.layers.iter().enumerate() {
            let layer = opaque(&format!("{} blob {place}", self.name), *size, self.folder)?;
            layers.push(self.layer(layer, artifact_type));
        }
        let config = self.document(&json!({}), EMPTY_CONFIG);
        if layers.is_empty() {
            layers.push(config.clone());
        }
        let media_type = manifest_type(Format::Oci);
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": media_type, "artifactType": artifact_type,
            "config": config, "layers": layers,
        });
        if let Some(subject) = &self.spec.subject {
            let subject = json!({
                "mediaType": media_type, "digest": subject.digest, "size": subject.size,
            });
            set(&mut manifest, "subject", subject);
        }
        self.annotate_root(&mut manifest);
        self.manifest(&manifest, media_type, None);
        Ok(())
    }

    /// Docker's first format: no config, and history in strings.
    fn schema1(&mut self) -> io::Result<()> {
        let mut layers = Vec::new();
        for (place, size) in self.spec.layers.iter().enumerate() {
            let seed = format!("{} schema 1 layer {place}", self.name);
            let layer = arbitrary(&seed, *size, Compression::Gzip, self.folder)?;
            layers.push(json!({ "blobSum": layer.digest.as_str() }));
            self.blobs.insert(layer.digest, layer.blob);
        }
        let history = layers.iter().map(|_| json!({ "v1Compatibility": "{}" }));
        let history: Vec<Value> = history.collect();
        let manifest = json!({
            "schemaVersion": 1, "name": self.name, "tag": "latest", "architecture": "amd64",
            "fsLayers": layers, "history": history,
        });
        self.manifest(
            &manifest,
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            None,
        );
        Ok(())
    }

    fn annotate_root(&self, manifest: &mut Value) {
        let mut annotations: Map<String, Value> = self
            .spec
            .annotations
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        if self.spec.padding_bytes > 0 {
            annotations.insert(
                "padding".to_owned(),
                "x".repeat(self.spec.padding_bytes).into(),
            );
        }
        if !annotations.is_empty() {
            set(manifest, "annotations", annotations.into());
        }
    }

    /// Keeps a manifest and returns its descriptor.
    fn manifest(&mut self, value: &Value, media_type: &str, platform: Option<&str>) -> Value {
        // Indented, as most tools write it: whoever serialises it again gets another digest.
        let bytes: Bytes = format!("{value:#}").into();
        let digest = Digest::of(&bytes);
        let entry = descriptor(media_type, &digest, bytes.len() as u64);
        self.manifests.push(BuiltManifest {
            digest,
            media_type: media_type.to_owned(),
            bytes,
            platform: platform.map(str::to_owned),
        });
        entry
    }

    /// Keeps a JSON blob and returns its descriptor.
    fn document(&mut self, value: &Value, media_type: &str) -> Value {
        let bytes: Bytes = value.to_string().into();
        let digest = Digest::of(&bytes);
        let entry = descriptor(media_type, &digest, bytes.len() as u64);
        self.blobs.insert(digest, Blob::from_bytes(bytes));
        entry
    }

    fn layer(&mut self, layer: Layer, media_type: &str) -> Value {
        let entry = descriptor(media_type, &layer.digest, layer.blob.size());
        self.blobs.insert(layer.digest, layer.blob);
        entry
    }
}

fn descriptor(media_type: &str, digest: &Digest, size: u64) -> Value {
    json!({ "mediaType": media_type, "digest": digest.as_str(), "size": size })
}

fn foreign_layer(name: &str) -> Value {
    let digest = Digest::of(format!("{name} foreign").as_bytes());
    json!({
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "digest": digest.as_str(),
        "size": 1_000_000,
        "urls": ["https://example.invalid/layer.tar.gz"],
    })
}

fn platform_json(platform: &str) -> Value {
    let mut parts = platform.split('/');
    let (os, architecture) = (parts.next(), parts.next());
    let mut json = json!({ "architecture": architecture, "os": os });
    if let Some(variant) = parts.next() {
        set(&mut json, "variant", variant.into());
    }
    json
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

fn index_type(format: Format) -> &'static str {
    match format {
        Format::Oci => "application/vnd.oci.image.index.v1+json",
        Format::Docker | Format::Schema1 => {
            "application/vnd.docker.distribution.manifest.list.v2+json"
        }
    }
}

fn manifest_type(format: Format) -> &'static str {
    match format {
        Format::Oci => "application/vnd.oci.image.manifest.v1+json",
        Format::Docker | Format::Schema1 => "application/vnd.docker.distribution.manifest.v2+json",
    }
}

fn config_type(format: Format) -> &'static str {
    match format {
        Format::Oci => OCI_CONFIG,
        Format::Docker | Format::Schema1 => "application/vnd.docker.container.image.v1+json",
    }
}

fn layer_type(format: Format, compression: Compression) -> &'static str {
    match (format, compression) {
        (Format::Oci, Compression::Gzip) => "application/vnd.oci.image.layer.v1.tar+gzip",
        (Format::Oci, Compression::Zstd) => "application/vnd.oci.image.layer.v1.tar+zstd",
        (Format::Oci, Compression::None) => "application/vnd.oci.image.layer.v1.tar",
        (_, Compression::Gzip) => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        (_, Compression::Zstd) => "application/vnd.docker.image.rootfs.diff.tar.zstd",
        (_, Compression::None) => "application/vnd.docker.image.rootfs.diff.tar",
    }
}
