//! `ecrpublic_source_image`: what a source shows now.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;

use crate::mirror::Inventory;
use crate::oci::{Digest, Reference};
use crate::task::Context;
use crate::tf::{Attr, Attribute, Block, DataSource, Diagnostic, Diagnostics, Schema, Type};

use super::super::clients::Clients;
use super::super::connection::Connection;
use super::super::diagnose;
use super::super::known::{self, TextMap, Texts, to_text_map, to_texts};
use super::super::source_reference;
use super::PATIENCE;

/// The data source `ecrpublic_source_image`.
#[derive(Clone, Debug)]
pub(crate) struct SourceImage {
    /// The way out, once there is one.
    pub(crate) connection: Arc<Connection>,
}

crate::model! {
    /// Its configuration and result.
    pub(crate) struct SourceImageModel {
        pub(crate) source: Attr<String>,
        pub(crate) read_content: Attr<bool>,
        pub(crate) digest: Attr<String>,
        pub(crate) media_type: Attr<String>,
        pub(crate) is_index: Attr<bool>,
        pub(crate) pinned: Attr<String>,
        pub(crate) platforms: Texts,
        pub(crate) images: TextMap,
        pub(crate) size_bytes: Attr<i64>,
        pub(crate) sizes: Attr<BTreeMap<String, Attr<i64>>>,
        pub(crate) labels: Attr<BTreeMap<String, TextMap>>,
    }
}

#[async_trait]
impl DataSource for SourceImage {
    type Model = SourceImageModel;

    fn schema(&self) -> Schema {
        let mut attributes = of_reference();
        attributes.extend(of_content());
        Schema {
            version: 0,
            block: Block {
                attributes,
                blocks: Vec::new(),
                description: DESCRIPTION.to_owned(),
            },
        }
    }

    fn validate(&self, config: &SourceImageModel) -> Diagnostics {
        let mut problems = Diagnostics::new();
        source_reference::read(&config.source, &mut problems);
        problems
    }

    async fn read(
        &self,
        cx: &Context,
        config: SourceImageModel,
    ) -> Result<SourceImageModel, Diagnostic> {
        let clients = self.connection.clients();
        let clients = clients.ok_or_else(diagnose::not_configured)?;
        let source: Reference = known::parsed(&config.source, "source")?;
        let seen = clients.look(cx, &source).boxed().await;
        let seen = seen.map_err(diagnose::stopped)?;
        let seen = seen.map_err(|error| diagnose::source_not_found_out(&source, &error))?;
        let tag = source.tag().map(|tag| format!(":{tag}"));
        let (repository, tag) = (source.repository(), tag.unwrap_or_default());
        let found = SourceImageModel {
            digest: Attr::Known(seen.digest.to_string()),
            media_type: Attr::Known(seen.media_type.as_str().to_owned()),
            is_index: Attr::Known(seen.media_type.is_index()),
            pinned: Attr::Known(format!("{repository}{tag}@{}", seen.digest)),
            ..config
        };
        if found.read_content.known() != Some(&true) {
            return Ok(found);
        }
        let inventory = inventory(cx, &clients, &source, &seen.digest).boxed();
        Ok(with_content(found, inventory.await?))
    }
}

fn of_reference() -> Vec<Attribute> {
    let text = |name, description| Attribute::computed(name, Type::String, description);
    vec![
        Attribute::required(
            "source",
            Type::String,
            "Image to look up, as `docker pull` takes it. Any OCI registry will do; the `registry` \
             blocks of the provider say how it is reached.",
        ),
        Attribute::optional(
            "read_content",
            Type::Bool,
            "Read the manifests and configurations of the image too, for `platforms`, `images`, \
             `size_bytes`, `sizes` and `labels`. Only where that costs no pull: at registries that \
             do not count pulls, and for Docker official images, which are read at ECR Public \
             unless `prefer_mirrors` is `false`. Elsewhere it is an error, and nothing is read. \
             Default: `false`.",
        ),
        text("digest", "Digest of what the reference shows now."),
        text("media_type", "Media type of the manifest that it names."),
        Attribute::computed(
            "is_index",
            Type::Bool,
            "Whether it is an index, which lists an image for each platform.",
        ),
        text(
            "pinned",
            "The same reference in full and with the digest, such as \
             `docker.io/library/nginx:1.27@sha256:…`: a `source` that never moves.",
        ),
    ]
}

fn of_content() -> [Attribute; 5] {
    let map = |name, of, description| Attribute::computed(name, Type::map(of), description);
    [
        Attribute::computed(
            "platforms",
            Type::set(Type::String),
            "Platforms that it has an image for, as `os/arch[/variant]`. Null without \
             `read_content`, like all that follows.",
        ),
        map(
            "images",
            Type::String,
            "Digest of the image of each platform.",
        ),
        Attribute::computed(
            "size_bytes",
            Type::Number,
            "Bytes of all its distinct layers and configurations, as \
             `ecrpublic_mirrored_image` counts them.",
        ),
        map(
            "sizes",
            Type::Number,
            "Bytes of the layers and the configuration of each platform.",
        ),
        map(
            "labels",
            Type::map(Type::String),
            "Labels of the image of each platform.",
        ),
    ]
}

/// Reads what the image consists of, where nobody counts.
async fn inventory(
    cx: &Context,
    clients: &Clients,
    source: &Reference,
    digest: &Digest,
) -> Result<Inventory, Diagnostic> {
    let free = clients.free_source(source.repository());
    let free = free.ok_or_else(|| diagnose::content_costs_pulls(source))?;
    let patient = cx.within(PATIENCE);
    let read = clients.engine.inventory(&patient, &free, digest);
    let read = read.boxed().await;
    read.map_err(|error| diagnose::content_not_read(source, free.repository(), &error))
}

fn with_content(found: SourceImageModel, inventory: Inventory) -> SourceImageModel {
    let number = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut images = BTreeMap::new();
    let mut sizes = BTreeMap::new();
    let mut labels = BTreeMap::new();
    for (platform, image) in inventory.images {
        images.insert(platform.clone(), image.digest.to_string());
        sizes.insert(platform.clone(), Attr::Known(number(image.size_bytes)));
        labels.insert(platform, to_text_map(image.labels));
    }
    SourceImageModel {
        platforms: to_texts(images.keys()),
        images: to_text_map(images),
        size_bytes: Attr::Known(number(inventory.size_bytes)),
        sizes: Attr::Known(sizes),
        labels: Attr::Known(labels),
        ..found
    }
}

const DESCRIPTION: &str = "\
What an image reference shows now, by one HEAD request, which costs no pull.

Which platforms an image has, how large it is and how it is labelled stands in manifests and \
configurations, which are read with `read_content`. At Docker Hub reading a manifest is a pull, Terraform \
reads data sources with every plan, and a plan never consumes a pull; so it is refused there for all but \
official images, which ECR Public has too. After an apply, `images` and `size_bytes` of \
`ecrpublic_mirrored_image` have it for every image.

The digest is looked up once in each run, together with what `follow_source` looks up.";
