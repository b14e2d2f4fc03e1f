//! `ecrpublic_source_image`: what a source shows now.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;

use crate::task::Context;
use crate::tf::{Attr, Attribute, Block, DataSource, Diagnostic, Diagnostics, Schema, Type};

use super::super::connection::Connection;
use super::super::diagnose;
use super::super::source_reference;

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
        pub(crate) digest: Attr<String>,
        pub(crate) media_type: Attr<String>,
        pub(crate) is_index: Attr<bool>,
        pub(crate) pinned: Attr<String>,
    }
}

#[async_trait]
impl DataSource for SourceImage {
    type Model = SourceImageModel;

    fn schema(&self) -> Schema {
        let text = |name, description| Attribute::computed(name, Type::String, description);
        Schema {
            version: 0,
            block: Block {
                attributes: vec![
                    Attribute::required(
                        "source",
                        Type::String,
                        "Image to look up, as `docker pull` takes it. Any OCI registry will do; \
                         the `registry` blocks of the provider say how it is reached.",
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
                ],
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
        let source = config.source.known().and_then(|source| source.parse().ok());
        let source = source.ok_or_else(|| diagnose::invalid_state("source"))?;
        let seen = clients.look(cx, &source).boxed().await;
        let seen = seen.map_err(diagnose::stopped)?;
        let seen = seen.map_err(|error| diagnose::source_not_found_out(&source, &error))?;
        let tag = source.tag().map(|tag| format!(":{tag}"));
        let (repository, tag) = (source.repository(), tag.unwrap_or_default());
        Ok(SourceImageModel {
            digest: Attr::Known(seen.digest.to_string()),
            media_type: Attr::Known(seen.media_type.as_str().to_owned()),
            is_index: Attr::Known(seen.media_type.is_index()),
            pinned: Attr::Known(format!("{repository}{tag}@{}", seen.digest)),
            ..config
        })
    }
}

const DESCRIPTION: &str = "\
What an image reference shows now, by one HEAD request, which costs no pull.

Which platforms an image has, how large it is and how it is labelled stands in manifests, and reading \
those is a pull at Docker Hub. Terraform reads data sources with every plan, and a plan never consumes \
a pull; so this is not here. After an apply, `images` and `size_bytes` of `ecrpublic_mirrored_image` \
have it.

The digest is looked up once in each run, together with what `follow_source` looks up.";
