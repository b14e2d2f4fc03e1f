//! `parse_reference`: an image reference, taken apart.

use std::collections::BTreeMap;

use crate::tf::{Attr, Function, FunctionError, Model, Parameter, Signature, Type, Value};

/// The function `parse_reference`.
#[derive(Debug)]
pub(crate) struct ParseReference;

crate::model! {
    /// What it takes.
    pub(crate) struct Arguments {
        pub(crate) reference: String,
    }
}

crate::model! {
    /// What it gives.
    struct Parts {
        registry: String,
        repository: String,
        tag: Attr<String>,
        digest: Attr<String>,
        normalized: String,
    }
}

impl Function for ParseReference {
    type Arguments = Arguments;

    fn signature(&self) -> Signature {
        let names = ["registry", "repository", "tag", "digest", "normalized"];
        let parts = names.map(|name| (name.to_owned(), Type::String));
        Signature {
            summary: "Takes an image reference apart",
            description: DESCRIPTION,
            parameters: vec![Parameter {
                name: "reference",
                kind: Type::String,
                nullable: false,
                description: "An image as `docker pull` takes it, such as `nginx:1.27`.",
            }],
            returns: Type::Object(BTreeMap::from(parts)),
        }
    }

    fn call(&self, arguments: Arguments) -> Result<Value, FunctionError> {
        let reference = super::reference("reference", &arguments.reference)?;
        let repository = reference.repository();
        let parts = Parts {
            registry: repository.registry().to_owned(),
            repository: repository.path().to_owned(),
            tag: reference.tag().map(ToString::to_string).into(),
            digest: reference.digest().map(ToString::to_string).into(),
            normalized: reference.to_string(),
        };
        Ok(parts.to_value())
    }
}

const DESCRIPTION: &str = "\
Takes an image reference apart, by the rules that Docker has for what is left out and that `source` \
of `ecrpublic_mirrored_image` goes by: `nginx` is `docker.io/library/nginx:latest`. Nobody is asked, \
so this works without credentials, and says nothing about whether there is such an image.

The result is an object:

* `registry`: the host, with its port if it has one. Docker Hub is `docker.io`, whatever it was \
called.
* `repository`: the repository at the registry, such as `library/nginx`.
* `tag`: the tag; `latest` when neither a tag nor a digest is given, null when there is only a digest.
* `digest`: the digest, or null. Where both are given, the digest decides.
* `normalized`: the reference with nothing left out.";
