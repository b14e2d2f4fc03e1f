use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use super::*;
use crate::content::{ByteStream, Error, ErrorKind};
use crate::mirror::Limits;
use crate::oci::{CosignTag, Descriptor, Manifest, MediaType, Version};
use crate::signature::signer::{Signer, payload, statement};
use crate::signature::{SIGNATURE_ANNOTATION, SIMPLE_SIGNING, Signature};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A repository in memory that counts what is read from it.
#[derive(Default)]
struct Shelf {
    name: Option<Repository>,
    tags: HashMap<String, Digest>,
    manifests: HashMap<Digest, Manifest>,
    blobs: HashMap<Digest, Bytes>,
    referrers: Vec<Descriptor>,
    fails_with: Option<ErrorKind>,
    manifests_read: AtomicUsize,
}

#[async_trait]
impl Source for Shelf {
    fn repository(&self) -> &Repository {
        self.name.as_ref().unwrap()
    }

    fn counts_pulls(&self) -> bool {
        true
    }

    async fn resolve(&self, _: &Context, version: &Version) -> Result<Descriptor, Error> {
        let digest = match version {
            Version::Tag(tag) => self.tags.get(tag.as_str()).cloned(),
            Version::Digest(digest) => Some(digest.clone()),
        };
        let found = digest.and_then(|digest| self.manifests.get(&digest));
        let found = found.ok_or(ErrorKind::NotFound)?;
        Ok(found.descriptor())
    }

    async fn manifest(&self, _: &Context, digest: &Digest) -> Result<Manifest, Error> {
        self.manifests_read.fetch_add(1, Ordering::SeqCst);
        let found = self.manifests.get(digest).cloned();
        Ok(found.ok_or(ErrorKind::NotFound)?)
    }

    async fn listed_referrers(
        &self,
        _: &Context,
        _: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        match &self.fails_with {
            Some(kind) => Err(kind.clone().into()),
            None => Ok(Some(self.referrers.clone())),
        }
    }

    async fn open_blob(&self, _: &Context, blob: &Descriptor, _: u64) -> Result<ByteStream, Error> {
        let bytes = self.blobs.get(&blob.digest).cloned();
        let bytes = bytes.ok_or(ErrorKind::NotFound)?;
        Ok(Box::pin(stream::iter([Ok(bytes)])))
    }
}

impl Shelf {
    fn new() -> Self {
        Self {
            name: Some(Repository::new("docker.io", "library/alpine").unwrap()),
            ..Self::default()
        }
    }

    /// Stores a manifest.
    fn put(&mut self, media_type: &str, manifest: &Value) -> Descriptor {
        let bytes = Bytes::from(manifest.to_string());
        let manifest = Manifest::parse(bytes, &MediaType::new(media_type)).unwrap();
        let descriptor = manifest.as_referrer();
        self.manifests.insert(manifest.digest().clone(), manifest);
        descriptor
    }

    /// An index of one image for each of these architectures.
    fn index(&mut self, architectures: &[&str]) -> (Digest, Vec<Digest>) {
        let mut entries = Vec::new();
        let mut images = Vec::new();
        for architecture in architectures {
            let image = json!({ "annotations": { "for": architecture } });
            let image = self.put(MediaType::OCI_MANIFEST, &image);
            entries.push(json!({
                "mediaType": MediaType::OCI_MANIFEST,
                "digest": image.digest.as_str(),
                "size": image.size,
                "platform": { "os": "linux", "architecture": architecture },
            }));
            images.push(image.digest);
        }
        let index = self.put(MediaType::OCI_INDEX, &json!({ "manifests": entries }));
        (index.digest, images)
    }

    /// Stores a blob, and says what a manifest says of it.
    fn layer(&mut self, media_type: &str, bytes: Bytes, annotations: &Value) -> Value {
        let digest = Digest::sha256(&bytes);
        let layer = json!({
            "mediaType": media_type,
            "digest": digest.as_str(),
            "size": bytes.len(),
            "annotations": annotations,
        });
        self.blobs.insert(digest, bytes);
        layer
    }

    /// Puts signatures where cosign does, each of them for `says` in place of the image.
    fn tag_signatures(&mut self, image: &Digest, signed: &[(&Signer, &Digest)]) {
        let layers: Vec<Value> = signed
            .iter()
            .map(|(signer, says)| {
                let payload = payload(says);
                let signature = json!({ SIGNATURE_ANNOTATION: signer.sign(payload.as_bytes()) });
                self.layer(SIMPLE_SIGNING, payload.into(), &signature)
            })
            .collect();
        let manifest = self.put(MediaType::OCI_MANIFEST, &json!({ "layers": layers }));
        let tag = CosignTag::Signature.of(image).to_string();
        self.tags.insert(tag, manifest.digest);
    }

    /// Attaches a bundle, as cosign 3 does.
    fn attach_bundle(&mut self, signer: &Signer, image: &Digest) {
        let subject = json!([{ "digest": { "sha256": image.encoded() } }]);
        let Signature::Bundle(bytes) = signer.bundle(&statement(&subject)) else {
            unreachable!("that is what was asked for");
        };
        let layer = self.layer(BUNDLE, bytes, &json!({}));
        self.attach(BUNDLE, &[layer]);
    }

    fn attach(&mut self, artifact_type: &str, layers: &[Value]) {
        let number = self.referrers.len().to_string();
        let manifest = json!({
            "artifactType": artifact_type,
            "layers": layers,
            "annotations": { "number": number },
        });
        let referrer = self.put(MediaType::OCI_MANIFEST, &manifest);
        self.referrers.push(referrer);
    }
}

/// A run that looks at one shelf.
struct Run {
    shelf: Arc<Shelf>,
    engine: Engine,
    signatures: Signatures,
}

impl Run {
    fn at(shelf: Shelf) -> Self {
        Self {
            shelf: Arc::new(shelf),
            engine: Engine::new(Limits { transfers: 4 }),
            signatures: Signatures::default(),
        }
    }

    async fn verify(
        &self,
        root: &Digest,
        platforms: &[&str],
        policy: &Policy,
    ) -> Result<(), NotVerified> {
        let source: Arc<dyn Source> = Arc::clone(&self.shelf) as _;
        let platforms = platforms.iter().map(|platform| platform.parse().unwrap());
        let reading = Reading {
            cx: &Context::new(),
            engine: &self.engine,
            source: &source,
        };
        let subject = Subject {
            root,
            platforms: &platforms.collect(),
        };
        self.signatures.verify(reading, subject, policy).await
    }

    async fn unsigned(&self, root: &Digest, platforms: &[&str], policy: &Policy) -> Unsigned {
        match self.verify(root, platforms, policy).await {
            Err(NotVerified::Unsigned(unsigned)) => *unsigned,
            other => panic!("{other:?}"),
        }
    }

    fn manifests_read(&self) -> usize {
        self.shelf.manifests_read.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_signature_under_cosigns_tag_counts_and_costs_one_manifest() {
    let (signer, mut shelf) = (Signer::new(), Shelf::new());
    let (root, _) = shelf.index(&["amd64"]);
    shelf.tag_signatures(&root, &[(&Signer::new(), &root), (&signer, &root)]);
    let run = Run::at(shelf);
    for _ in 0..3 {
        run.verify(&root, &[], &signer.policy()).await.unwrap();
    }
    assert_eq!(run.manifests_read(), 1);
    // Other keys are another question.
    let other = run.unsigned(&root, &[], &Signer::new().policy()).await;
    assert_eq!(other.findings.refusals.len(), 2);
}

#[tokio::test]
async fn a_bundle_that_refers_to_the_image_counts() {
    let (signer, mut shelf) = (Signer::new(), Shelf::new());
    let (root, _) = shelf.index(&["amd64"]);
    shelf.tag_signatures(&root, &[(&Signer::new(), &root)]);
    shelf.attach_bundle(&Signer::new(), &root);
    shelf.attach_bundle(&signer, &root);
    let run = Run::at(shelf);
    run.verify(&root, &[], &signer.policy()).await.unwrap();
}

#[tokio::test]
async fn nothing_that_is_no_signature_is_read() {
    let (signer, mut shelf) = (Signer::new(), Shelf::new());
    let (root, _) = shelf.index(&["amd64"]);
    shelf.attach("application/spdx+json", &[]);
    let mut attestation = shelf.put(
        MediaType::OCI_MANIFEST,
        &json!({ "artifactType": BUNDLE, "annotations": {
            "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1",
        } }),
    );
    attestation.annotations.remove("nothing");
    shelf.referrers.push(attestation);
    let run = Run::at(shelf);
    let unsigned = run.unsigned(&root, &[], &signer.policy()).await;
    assert_eq!(*unsigned.findings, Findings::default());
    assert_eq!(unsigned.chosen, None);
    assert_eq!(run.manifests_read(), 0);
}

#[tokio::test]
async fn signatures_of_other_images_do_not_count_wherever_they_are() {
    let (signer, mut shelf) = (Signer::new(), Shelf::new());
    let (root, _) = shelf.index(&["amd64"]);
    let other = Digest::sha256(b"another");
    shelf.tag_signatures(&root, &[(&signer, &other)]);
    shelf.attach_bundle(&signer, &other);
    let run = Run::at(shelf);
    let unsigned = run.unsigned(&root, &[], &signer.policy()).await;
    let refused = Refusal::OtherImage(vec![other]);
    assert_eq!(unsigned.findings.refusals, [refused.clone(), refused]);
}

#[tokio::test]
async fn what_cannot_be_read_does_not_hide_a_signature_that_counts() {
    let (signer, mut shelf) = (Signer::new(), Shelf::new());
    let (root, _) = shelf.index(&["amd64"]);
    let missing = shelf.layer(SIMPLE_SIGNING, "gone".into(), &json!({}));
    shelf.blobs.clear();
    let huge = json!({
        "mediaType": BUNDLE,
        "digest": Digest::sha256(b"huge").as_str(),
        "size": 1_000_000_000_u64,
    });
    shelf.attach(BUNDLE, &[missing, huge]);
    let listed_only = Descriptor {
        digest: Digest::sha256(b"listed only"),
        ..shelf.referrers[0].clone()
    };
    shelf.referrers.push(listed_only);
    let run = Run::at(shelf);
    let unsigned = run.unsigned(&root, &[], &signer.policy()).await;
    assert_eq!(unsigned.findings.refusals.len(), 3);
    let are_unreadable = |refusal: &Refusal| matches!(refusal, Refusal::Unreadable(_));
    assert!(unsigned.findings.refusals.iter().all(are_unreadable));

    let mut shelf = Arc::into_inner(run.shelf).unwrap();
    shelf.attach_bundle(&signer, &root);
    let run = Run::at(shelf);
    run.verify(&root, &[], &signer.policy()).await.unwrap();
}

#[tokio::test]
async fn a_registry_that_cannot_be_asked_is_an_error_and_no_verdict() {
    let (signer, mut shelf) = (Signer::new(), Shelf::new());
    let (root, _) = shelf.index(&["amd64"]);
    shelf.fails_with = Some(ErrorKind::Unavailable);
    let run = Run::at(shelf);
    let failed = run.verify(&root, &[], &signer.policy()).await;
    let Err(NotVerified::Unread(image, error)) = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(
        (image, error.kind()),
        (root.clone(), &ErrorKind::Unavailable)
    );
    // It is asked again by whoever wants to know next.
    let mut shelf = Arc::into_inner(run.shelf).unwrap();
    shelf.fails_with = None;
    shelf.attach_bundle(&signer, &root);
    let run = Run {
        shelf: Arc::new(shelf),
        ..run
    };
    run.verify(&root, &[], &signer.policy()).await.unwrap();
}

#[tokio::test]
async fn a_flood_of_signatures_ends_at_the_limits() {
    let (signer, mut shelf) = (Signer::new(), Shelf::new());
    let (root, _) = shelf.index(&["amd64"]);
    for _ in 0..40 {
        shelf.attach_bundle(&Signer::new(), &root);
    }
    let run = Run::at(shelf);
    let unsigned = run.unsigned(&root, &[], &signer.policy()).await;
    assert!(unsigned.findings.has_more);
    assert_eq!(run.manifests_read(), 32);

    let (stranger, mut shelf) = (Signer::new(), Shelf::new());
    shelf.tag_signatures(&root, &vec![(&stranger, &root); 200]);
    let run = Run::at(shelf);
    let unsigned = run.unsigned(&root, &[], &signer.policy()).await;
    assert!(unsigned.findings.has_more);
    assert_eq!(unsigned.findings.refusals.len(), 128);
}

#[tokio::test]
async fn a_signed_index_covers_every_choice_of_platforms() {
    let (signer, mut shelf) = (Signer::new(), Shelf::new());
    let (root, _) = shelf.index(&["amd64", "arm64", "s390x"]);
    shelf.tag_signatures(&root, &[(&signer, &root)]);
    let run = Run::at(shelf);
    for platforms in [&[][..], &["linux/amd64"], &["linux/arm64", "linux/s390x"]] {
        run.verify(&root, platforms, &signer.policy())
            .await
            .unwrap();
    }
    assert_eq!(run.manifests_read(), 1);
}

#[tokio::test]
async fn an_unsigned_index_needs_a_signature_of_every_image_that_is_chosen() {
    let (signer, mut shelf) = (Signer::new(), Shelf::new());
    let (root, images) = shelf.index(&["amd64", "arm64", "s390x"]);
    shelf.tag_signatures(&images[0], &[(&signer, &images[0])]);
    shelf.tag_signatures(&images[1], &[(&signer, &images[1])]);
    let run = Run::at(shelf);
    let policy = signer.policy();
    for platforms in [&["linux/amd64"][..], &["linux/amd64", "linux/arm64"]] {
        run.verify(&root, platforms, &policy).await.unwrap();
    }
    for platforms in [&["linux/s390x"][..], &["linux/amd64", "linux/s390x"]] {
        let unsigned = run.unsigned(&root, platforms, &policy).await;
        let (image, findings) = unsigned.chosen.unwrap();
        assert_eq!(image, images[2]);
        assert_eq!(*findings, Findings::default());
    }
    // Everything, and a platform that is not there, are covered by the root alone.
    for platforms in [&[][..], &["linux/riscv64"]] {
        let unsigned = run.unsigned(&root, platforms, &policy).await;
        assert_eq!((unsigned.root, unsigned.chosen), (root.clone(), None));
    }
}

#[tokio::test]
async fn an_image_without_platforms_is_signed_itself_or_not_at_all() {
    let (signer, mut shelf) = (Signer::new(), Shelf::new());
    let (_, images) = shelf.index(&["amd64"]);
    let run = Run::at(shelf);
    let unsigned = run
        .unsigned(&images[0], &["linux/amd64"], &signer.policy())
        .await;
    assert_eq!(unsigned.chosen, None);
}
