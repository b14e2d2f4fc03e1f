//! `verify`: what signatures are asked for, and the check before anything is written.

use std::collections::BTreeSet;

use crate::signature::{Identity, Keyless, Policy, PublicKey, TrustRoot};
use crate::task::Context;
use crate::tf::{Attr, Attribute, Diagnostic, Diagnostics, Nesting, Path, Type};

use super::super::clients::Clients;
use super::super::diagnose;
use super::super::known::{self, TextMap, Texts};
use super::super::signatures::{Reading, Subject};
use super::copy::Wanted;

crate::model! {
    /// Which signatures count.
    pub(crate) struct Verify {
        pub(crate) public_keys: Texts,
        pub(crate) identities: Attr<Vec<Attr<SignedBy>>>,
        pub(crate) trusted_root: Attr<String>,
        pub(crate) annotations: TextMap,
    }
}

crate::model! {
    /// Somebody who signs without a key.
    pub(crate) struct SignedBy {
        pub(crate) issuer: Attr<String>,
        pub(crate) subject: Attr<String>,
    }
}

/// The attributes of [`Verify`].
pub(super) fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            "public_keys",
            Type::list(Type::String),
            "Public keys in PEM, as `cosign generate-key-pair` writes them to `cosign.pub`: ECDSA on \
             P-256, or Ed25519. A signature by any of them is enough, so a key is replaced by having \
             both for a while.",
        ),
        Attribute::nested(
            "identities",
            Nesting::List,
            signed_by(),
            "Those who sign without a key (keyless), with a certificate that a Sigstore instance gave \
             them for some minutes. A Sigstore bundle by any of them is enough. Needs \
             `trusted_root`.",
        ),
        Attribute::optional(
            "trusted_root",
            Type::String,
            "What the Sigstore instance publishes of itself: the content of its `trusted_root.json`. \
             Signatures with certificates are checked with it, and nobody is asked: that the \
             certificate is one of the instance's and in the log of certificates, that the signature \
             was made while it was valid, and that it is in the log of signatures. Keep the file up \
             to date: what was signed with an authority or log that it does not name does not count.",
        ),
        Attribute::optional(
            "annotations",
            Type::map(Type::String),
            "Annotations that the signature has to have, as `cosign sign -a name=value` puts them \
             into what is signed. All of them have to be there; others may be there too.",
        ),
    ]
}

fn signed_by() -> Vec<Attribute> {
    vec![
        Attribute::required(
            "issuer",
            Type::String,
            "Who knows the signer, such as `https://token.actions.githubusercontent.com`.",
        ),
        Attribute::required(
            "subject",
            Type::String,
            "What the signer is called there, to the letter: an address, or the URL of a workflow \
             with its ref, such as \
             `https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main`.",
        ),
    ]
}

/// What is wrong with a configuration. What is unknown passes.
pub(super) fn validate(config: &Attr<Verify>, problems: &mut Diagnostics) {
    let Some(verify) = config.known() else {
        return;
    };
    let at = Path::root("verify");
    let elements = verify.public_keys.known().into_iter().flatten();
    // Terraform prints what a path leads to, and what is no public key may be a private one. So the
    // path ends at the block, and the text says which element.
    let invalid = elements
        .enumerate()
        .filter_map(|(position, key)| Some(invalid(key, position)?.at(at.clone())));
    problems.extend(invalid);
    if is_empty(&verify.public_keys) && is_empty(&verify.identities) {
        problems.push(
            Diagnostic::error("Signers are missing")
                .at(at.clone())
                .detail(
                    "There is neither a key in `public_keys` nor anybody in `identities`, so no \
                     signature could ever count.",
                )
                .hint("Name at least one signer, or remove `verify` to copy without a check."),
        );
    }
    problems.extend(against_root(verify));
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

/// Whether there is nothing, and nothing that could still come.
fn is_empty<T>(list: &Attr<Vec<T>>) -> bool {
    list.is_null() || list.known().is_some_and(Vec::is_empty)
}

fn invalid(key: &Attr<String>, position: usize) -> Option<Diagnostic> {
    let wrong = match key {
        Attr::Unknown => return None,
        Attr::Null => "it is null".to_owned(),
        Attr::Known(text) => PublicKey::from_pem(text).err()?.to_string(),
    };
    Some(
        Diagnostic::error("Invalid public key")
            .detail(format!(
                "Element {position} of `public_keys` cannot be used: {wrong}."
            ))
            .hint(
                "Give the content of a public key in PEM, such as `file(\"cosign.pub\")`: ECDSA on \
                 P-256, or Ed25519.",
            ),
    )
}

/// What can be said against the trusted root: it is not there, it is none, or nobody needs it.
fn against_root(verify: &Verify) -> Option<Diagnostic> {
    let at = Path::root("verify");
    let here = at.clone().attribute("trusted_root");
    let has_identities = !is_empty(&verify.identities);
    match (&verify.trusted_root, has_identities) {
        (Attr::Unknown, _) | (Attr::Null, false) => None,
        (Attr::Null, true) => Some(
            Diagnostic::error("Trusted root is missing")
                .at(at.attribute("identities"))
                .detail(
                    "Who has signed with a certificate is known by the word of a Sigstore instance, \
                     and `trusted_root` does not say of which.",
                )
                .hint(
                    "Add what the instance publishes: `trusted_root = file(\"trusted_root.json\")`.",
                ),
        ),
        (Attr::Known(_), false) => Some(
            Diagnostic::error("Trusted root without effect")
                .at(here)
                .detail("`trusted_root` is for `identities`, and there are none.")
                .hint("Remove it, or say in `identities` who signs."),
        ),
        (Attr::Known(text), true) => {
            let error = TrustRoot::from_json(text).err()?;
            Some(
                Diagnostic::error("Invalid trusted root")
                    .at(here)
                    .detail(format!("`trusted_root` cannot be used: {error}."))
                    .hint(
                        "Give the content of the file that the Sigstore instance publishes, such as \
                         `file(\"trusted_root.json\")`.",
                    ),
            )
        }
    }
}

impl Verify {
    /// What is asked for. Everything is known by now; what was not known before is checked now.
    fn policy(&self) -> Result<Policy, Diagnostic> {
        let mut problems = Diagnostics::new();
        validate(&Attr::Known(self.clone()), &mut problems);
        if let Some(problem) = problems.into_iter().next() {
            return Err(problem);
        }
        self.read().ok_or_else(|| diagnose::invalid_state("verify"))
    }

    /// `None` where something is not known.
    fn read(&self) -> Option<Policy> {
        let keys = match &self.public_keys {
            Attr::Null => &Vec::new(),
            keys => keys.known()?,
        };
        let keys = keys
            .iter()
            .map(|key| PublicKey::from_pem(key.known()?).ok());
        let keys: Vec<PublicKey> = keys.collect::<Option<_>>()?;
        let policy = Policy::new(keys, known::text_map(&self.annotations)?);
        if is_empty(&self.identities) {
            return Some(policy);
        }
        let identities = self.identities.known()?.iter().map(|identity| {
            let identity = identity.known()?;
            Some(Identity {
                issuer: identity.issuer.known()?.clone(),
                subject: identity.subject.known()?.clone(),
            })
        });
        let keyless = Keyless {
            root: TrustRoot::from_json(self.trusted_root.known()?).ok()?,
            identities: identities.collect::<Option<_>>()?,
        };
        Some(policy.or_by(keyless))
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
    let source = clients.source(wanted.source.repository());
    let found = source.resolve(cx, &wanted.version).await;
    let found = found.map_err(|error| diagnose::source_unresolved(&wanted.source, &error))?;
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
