//! `default_repository`: where a copy goes when nothing else is said.

use crate::tf::{Function, FunctionError, Parameter, Signature, Type, Value};

use super::super::repository_name::RepositoryName;

/// The function `default_repository`.
#[derive(Debug)]
pub(crate) struct DefaultRepository;

crate::model! {
    /// What it takes.
    pub(crate) struct Arguments {
        pub(crate) source: String,
    }
}

impl Function for DefaultRepository {
    type Arguments = Arguments;

    fn signature(&self) -> Signature {
        Signature {
            summary: "Names the repository that a copy goes into by default",
            description: DESCRIPTION,
            parameters: vec![Parameter {
                name: "source",
                kind: Type::String,
                nullable: false,
                description: "An image as `source` of `ecrpublic_mirrored_image` takes it.",
            }],
            returns: Type::String,
        }
    }

    fn call(&self, arguments: Arguments) -> Result<Value, FunctionError> {
        let source = super::reference("source", &arguments.source)?;
        let source = source.repository();
        match RepositoryName::for_copy_of(source) {
            Ok(name) => Ok(Value::String(name.as_str().to_owned())),
            Err(error) => Err(super::invalid_name("source", source.path(), &error)),
        }
    }
}

const DESCRIPTION: &str = "\
Names the ECR Public repository that `ecrpublic_mirrored_image` puts a copy into when its \
`repository` is left out: the path of the source without its host, and without `library/` for \
Docker's official images. A prefix of one's own goes in front: \
`\"mirror/${provider::ecrpublic::default_repository(var.image)}\"`.

It is an error when ECR Public does not take that name. Its names are narrower than those of other \
registries: `__` and several dashes in a row are not possible.";
