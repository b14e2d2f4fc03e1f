//! `public_uri`: the address of a repository or an image in ECR Public.

use crate::oci::{Digest, Repository, Tag};
use crate::tf::{Attr, Function, FunctionError, Parameter, Signature, Type, Value};

use super::super::registry_settings::ECR_PUBLIC;
use super::super::repository_name::RepositoryName;
use super::super::role::excerpt;

/// The function `public_uri`.
#[derive(Debug)]
pub(crate) struct PublicUri;

crate::model! {
    /// What it takes.
    pub(crate) struct Arguments {
        pub(crate) alias: String,
        pub(crate) repository: String,
        pub(crate) tag_or_digest: Attr<String>,
    }
}

impl Function for PublicUri {
    type Arguments = Arguments;

    fn signature(&self) -> Signature {
        let text = |name, description| Parameter {
            name,
            kind: Type::String,
            nullable: false,
            description,
        };
        Signature {
            summary: "Makes the address of an image in ECR Public",
            description: DESCRIPTION,
            parameters: vec![
                text(
                    "alias",
                    "Alias of the registry, such as `registry_alias` of the data source \
                     `ecrpublic_registry`.",
                ),
                text("repository", "Name of the repository, without the alias."),
                Parameter {
                    nullable: true,
                    ..text(
                        "tag_or_digest",
                        "A tag such as `1.27`, a digest such as `sha256:…`, or null for the \
                         address of the repository.",
                    )
                },
            ],
            returns: Type::String,
        }
    }

    fn call(&self, arguments: Arguments) -> Result<Value, FunctionError> {
        let Arguments {
            alias,
            repository,
            tag_or_digest,
        } = arguments;
        let name: RepositoryName = repository
            .parse()
            .map_err(|error| super::invalid_name("repository", &repository, &error))?;
        let is_one_part = !alias.contains('/');
        if !is_one_part || Repository::new(ECR_PUBLIC, &alias).is_err() {
            let said = format!(
                "`{}` is not an alias: it is what stands between `{ECR_PUBLIC}/` and the name of \
                 the repository, such as `a1b2c3d4`",
                excerpt(&alias)
            );
            return Err(FunctionError::about("alias", said));
        }
        let uri = format!("{ECR_PUBLIC}/{alias}/{name}");
        Ok(Value::String(match tag_or_digest.known() {
            None => uri,
            Some(version) => with_version(&uri, version)?,
        }))
    }
}

/// No tag has a colon, and every digest has one.
fn with_version(uri: &str, version: &str) -> Result<String, FunctionError> {
    let about = |said: String| FunctionError::about("tag_or_digest", said);
    match version.contains(':') {
        true => match version.parse::<Digest>() {
            Ok(digest) => Ok(format!("{uri}@{digest}")),
            Err(error) => Err(about(format!(
                "`{}` is not a digest: {error}",
                excerpt(version)
            ))),
        },
        false => match version.parse::<Tag>() {
            Ok(tag) => Ok(format!("{uri}:{tag}")),
            Err(error) => Err(about(error.to_string())),
        },
    }
}

const DESCRIPTION: &str = "\
Makes the address under which everybody can pull from ECR Public: \
`public.ecr.aws/<alias>/<repository>`, with `:<tag>` or `@<digest>` behind it. This is for addresses \
of what is not in this configuration; `ecrpublic_mirrored_image` has those of its own images in \
`image_uri` and `tag_uris`. Nobody is asked, so this says nothing about whether there is such an \
image.";
