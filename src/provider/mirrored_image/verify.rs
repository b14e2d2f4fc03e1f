//! `verify`: what signatures are asked for, and the check before anything is written.

use std::collections::BTreeSet;

use crate::oci::{Descriptor, Reference, Version};
use crate::signature::{Policy, PublicKey};
use crate::task::Context;
use crate::tf::{Attr, Attribute, Diagnostic, Diagnostics, Path, Type};

use super::super::clients::Clients;
use super::super::diagnose;
use super::super::known::{self, TextMap, Texts};
use super::super::signatures::{Reading, Subject};
use super::copy::Wanted;

crate::model! {
    /// Which signatures count.
    pub(crate) struct Verify {
        pub(crate) public_keys: Texts,
        pub(crate) annotations: TextMap,
    }
}

/// The attributes of [`Verify`].
pub(super) fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::required(
            "public_keys",
            Type::list(Type::String),
            "Public keys in PEM, as `cosign generate-key-pair` writes them to `cosign.pub`: ECDSA on \
             P-256, or Ed25519. A signature by any of them is enough, so a key is replaced by having \
             both for a while.",
        ),
        Attribute::optional(
            "annotations",
            Type::map(Type::String),
            "Annotations that the signature has to have, as `cosign sign -a name=value` puts them \
             into what is signed. All of them have to be there; others may be there too.",
        ),
    ]
}

/// What is wrong with a configuration. What is unknown passes.
pub(super) fn validate(config: &Attr<Verify>, problems: &mut Diagnostics) {
    let Some(verify) = config.known() else {
        return;
    };
    let at = Path::root("verify");
    let keys = at.clone().attribute("public_keys");
    match &verify.public_keys {
        Attr::Known(elements) if elements.is_empty() => problems.push(
            Diagnostic::error("Public keys are missing")
                .at(keys)
                .detail("`public_keys` is empty, so no signature could ever count.")
                .hint("Name at least one key, or remove `verify` to copy without a check."),
        ),
        Attr::Known(elements) => {
            let read = elements.iter().enumerate();
            problems.extend(read.filter_map(|(position, key)| invalid(key, position, &keys)));
        }
        Attr::Null | Attr::Unknown => {}
    }
    let annotations = verify.annotations.known().into_iter().flatten();
    for (name, _) in annotations.filter(|(_, value)| value.is_null()) {
        problems.push(
            Diagnostic::error("Invalid annotation")
                .at(at.clone().attribute("annotations"))
                .detail(format!(
                    "The annotation `{name}` is null, and a signature has text."
                ))
                .hint("Say what it has to be, or remove it."),
        );
    }
}

fn invalid(key: &Attr<String>, position: usize, keys: &Path) -> Option<Diagnostic> {
    let wrong = match key {
        Attr::Unknown => return None,
        Attr::Null => "it is null".to_owned(),
        Attr::Known(text) => PublicKey::from_pem(text).err()?.to_string(),
    };
    Some(
        Diagnostic::error("Invalid public key")
            .at(keys.clone().index(position))
            .detail(format!(
                "Element {position} of `public_keys` cannot be used: {wrong}."
            ))
            .hint(
                "Give the content of a public key in PEM, such as `file(\"cosign.pub\")`: ECDSA on \
                 P-256, or Ed25519.",
            ),
    )
}

impl Verify {
    /// What is asked for. It has been checked, and everything is known by now.
    fn policy(&self) -> Result<Policy, Diagnostic> {
        let unreadable = || diagnose::invalid_state("verify");
        let keys = self.public_keys.known().ok_or_else(unreadable)?.iter();
        let keys = keys.map(|key| PublicKey::from_pem(key.known()?).ok());
        let keys: Option<Vec<PublicKey>> = keys.collect();
        let keys = keys
            .filter(|keys| !keys.is_empty())
            .ok_or_else(unreadable)?;
        let annotations = known::text_map(&self.annotations).ok_or_else(unreadable)?;
        Ok(Policy::new(keys, annotations))
    }
}

/// Makes sure that what is to be copied is signed, and fixes it to the digest that was looked at:
/// a tag may show another image a moment later.
pub(super) async fn signed(
    cx: &Context,
    clients: &Clients,
    verify: &Attr<Verify>,
    wanted: Wanted,
) -> Result<Wanted, Diagnostic> {
    let verify = match verify {
        Attr::Null => return Ok(wanted),
        Attr::Unknown => return Err(diagnose::invalid_state("verify")),
        Attr::Known(verify) => verify,
    };
    let policy = verify.policy()?;
    let found = resolve(cx, clients, &wanted.source, &wanted.version).await?;
    let source = clients.source(wanted.source.repository());
    let reading = Reading {
        cx,
        engine: &clients.engine,
        source: &source,
    };
    let none = BTreeSet::new();
    let subject = Subject {
        root: &found.digest,
        platforms: wanted.chosen().unwrap_or(&none),
    };
    let verified = clients.signatures.verify(reading, subject, &policy).await;
    verified.map_err(|error| diagnose::not_signed(&wanted.source, &policy, &error))?;
    Ok(wanted.pinned_to(found.digest))
}

async fn resolve(
    cx: &Context,
    clients: &Clients,
    source: &Reference,
    version: &Version,
) -> Result<Descriptor, Diagnostic> {
    let repository = clients.source(source.repository());
    let found = repository.resolve(cx, version).await;
    found.map_err(|error| diagnose::source_unresolved(source, &error))
}
