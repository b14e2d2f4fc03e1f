//! What can be said about the signatures of an image.

use crate::content::{self, ErrorKind};
use crate::oci::{CosignTag, Digest, Reference};
use crate::provider::role::excerpt;
use crate::provider::signatures::{Findings, NotVerified, Unsigned};
use crate::signature::{Differing, Policy, PublicKey, Refusal};
use crate::tf::{Diagnostic, Path};

use super::aws::stopped;
use super::source::source_unresolved;

const UNTOUCHED: &str = "Nothing was written.";

/// An image is not signed as `verify` asks for, or that could not be found out.
pub(crate) fn not_signed(source: &Reference, policy: &Policy, error: &NotVerified) -> Diagnostic {
    match error {
        NotVerified::Unread(image, store) => unread(source, image, store),
        NotVerified::Unsigned(unsigned) => refused(source, policy, unsigned),
    }
}

fn unread(source: &Reference, image: &Digest, store: &content::Error) -> Diagnostic {
    if let ErrorKind::Stopped(reason) = store.kind() {
        return stopped(*reason).detail(UNTOUCHED);
    }
    source_unresolved(source, store)
        .detail(format!(
            "That was for `verify`: signatures of `{image}` were to be read."
        ))
        .detail(UNTOUCHED)
}

fn refused(source: &Reference, policy: &Policy, unsigned: &Unsigned) -> Diagnostic {
    let worst = nearest(&unsigned.findings);
    let diagnostic = Diagnostic::error(summary(worst))
        .at(Path::root("verify").attribute(attribute(worst, policy)))
        .detail(format!(
            "`{source}` shows `{}`. {}",
            unsigned.root,
            said(&unsigned.findings, &unsigned.root)
        ));
    let diagnostic = match &unsigned.chosen {
        None => diagnostic,
        Some((image, findings)) => diagnostic.detail(format!(
            "It would be enough if each image that `platforms` chooses were signed. `{image}` is \
             not: {}",
            lower(&said(findings, image))
        )),
    };
    let diagnostic = match worst {
        Some(Refusal::OtherKey { .. }) => diagnostic.detail(signers(policy)),
        _ => diagnostic,
    };
    diagnostic
        .detail(UNTOUCHED)
        .hint(hint(worst, source, unsigned))
}

/// What of `verify` is not met. A path that ends at the block shows the head of the resource.
fn attribute(nearest: Option<&Refusal>, policy: &Policy) -> &'static str {
    match nearest {
        Some(Refusal::Annotations(_)) => "annotations",
        Some(Refusal::OtherIdentity(_) | Refusal::Certificate(_)) => "identities",
        _ if policy.keys().is_empty() => "identities",
        _ => "public_keys",
    }
}

/// The signature that came nearest to what is asked for.
fn nearest(findings: &Findings) -> Option<&Refusal> {
    let rank = |refusal: &&Refusal| match refusal {
        Refusal::Annotations(_) => 6,
        Refusal::OtherImage(_) => 5,
        Refusal::OtherStatement(_) => 4,
        Refusal::OtherIdentity(_) => 3,
        Refusal::Certificate(_) => 2,
        Refusal::OtherKey { .. } => 1,
        Refusal::Unreadable(_) => 0,
    };
    findings.refusals.iter().max_by_key(rank)
}

fn summary(nearest: Option<&Refusal>) -> &'static str {
    match nearest {
        None => "Image is not signed",
        Some(Refusal::Annotations(_)) => "Signature has other annotations",
        Some(Refusal::OtherImage(_)) => "Signature is for another image",
        Some(Refusal::OtherStatement(_)) => "Signature is for another purpose",
        Some(Refusal::OtherKey { .. }) => "Image is not signed by these keys",
        Some(Refusal::OtherIdentity(_)) => "Image is signed by somebody else",
        Some(Refusal::Certificate(_)) => "Certificate of a signature is not trusted",
        Some(Refusal::Unreadable(_)) => "Signatures cannot be read",
    }
}

/// What was found for one image, as sentences.
fn said(findings: &Findings, image: &Digest) -> String {
    let found = match (nearest(findings), findings.refusals.len()) {
        (None, _) => format!(
            "No signature of it was found: neither under the tag `{}` nor among what refers to it.",
            CosignTag::Signature.of(image)
        ),
        (Some(refusal), 1) => format!("It has one signature, which {}.", why(refusal)),
        (Some(refusal), count) => {
            let keyless = findings.refusals.iter();
            let keyless = keyless.filter(|refusal| is_keyless(refusal)).count();
            match refusal {
                Refusal::OtherKey { .. } => format!(
                    "It has {count} signatures, and none of them is by one of the keys.{}",
                    match keyless {
                        0 => String::new(),
                        some => format!(" {some} of them {KEYLESS}"),
                    }
                ),
                nearest => format!(
                    "It has {count} signatures. The one nearest to what is asked for {}.",
                    why(nearest)
                ),
            }
        }
    };
    match findings.has_more {
        true => format!("{found} There are more, which the provider did not read."),
        false => found,
    }
}

fn is_keyless(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::OtherKey { has_certificate } if *has_certificate)
}

const KEYLESS: &str = "came with a certificate in place of a key (keyless): those count only as \
                       Sigstore bundles, and only by `identities`.";

/// Why a signature does not count, as what it does.
fn why(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unreadable(what) => format!("cannot be read: {what}"),
        Refusal::OtherIdentity(signer) => format!(
            "was made by `{}`, whom `{}` knows, and who is not one of `identities`",
            excerpt(&signer.subject),
            excerpt(&signer.issuer)
        ),
        Refusal::Certificate(what) => format!(
            "has a certificate that does not show who made it: {}",
            excerpt(what)
        ),
        Refusal::OtherKey {
            has_certificate: true,
        } => "comes with a certificate in place of a key (keyless): those count only as Sigstore \
              bundles, and only by `identities`"
            .to_owned(),
        Refusal::OtherKey {
            has_certificate: false,
        } => "was made by none of the keys".to_owned(),
        Refusal::OtherStatement(kind) => format!(
            "was made by one of the signers and does not say that the image is signed: it is a \
             `{}`",
            excerpt(kind)
        ),
        Refusal::OtherImage(images) => match images.first() {
            Some(image) => format!("was made by one of the signers for `{image}`"),
            None => "is for another image".to_owned(),
        },
        Refusal::Annotations(differing) => {
            let differing: Vec<String> = differing.iter().map(annotation).collect();
            format!(
                "was made by one of the signers, but {}",
                differing.join(", and ")
            )
        }
    }
}

fn annotation(differing: &Differing) -> String {
    let (name, wanted) = (excerpt(&differing.name), excerpt(&differing.wanted));
    match &differing.found {
        Some(found) => format!("`{name}` is `{}` and not `{wanted}`", excerpt(found)),
        None => format!("`{name}` is missing, which has to be `{wanted}`"),
    }
}

fn signers(policy: &Policy) -> String {
    if policy.keys().is_empty() {
        return "`public_keys` has no key.".to_owned();
    }
    let keys = policy.keys().iter().map(PublicKey::fingerprint);
    let keys: Vec<String> = keys.map(|key| format!("`{key}`")).collect();
    format!(
        "`public_keys` has the key{} with the fingerprint{0} {}.",
        if keys.len() == 1 { "" } else { "s" },
        keys.join(", ")
    )
}

fn hint(nearest: Option<&Refusal>, source: &Reference, unsigned: &Unsigned) -> String {
    match nearest {
        None => format!(
            "Sign it: `cosign sign --key cosign.key {}@{}`. An image that nobody signs can only be \
             copied without `verify`.",
            source.repository(),
            unsigned.root
        ),
        Some(Refusal::OtherKey { .. }) => {
            "Find out from whoever publishes the image which key signs it now. If you trust it, add \
             it to `public_keys`. The fingerprint of a key is what `openssl pkey -pubin -in \
             cosign.pub -outform DER | sha256sum` prints."
                .to_owned()
        }
        Some(Refusal::OtherIdentity(_)) => {
            "If they may sign this image, add them to `identities`, to the letter.".to_owned()
        }
        Some(Refusal::Certificate(_)) => {
            "Check that `trusted_root` is that of the Sigstore instance which was used, and up to \
             date. If so, the signature is not what it claims to be."
                .to_owned()
        }
        Some(Refusal::Annotations(_)) => {
            "Pick an image whose signature has them, sign this one with `cosign sign -a`, or change \
             `annotations`."
                .to_owned()
        }
        Some(Refusal::OtherImage(_)) => {
            "Somebody has attached the signature of one image to another. Find out who, before you \
             sign the image yourself."
                .to_owned()
        }
        Some(Refusal::OtherStatement(_)) => {
            "An attestation does not count as a signature. Sign the image with `cosign sign`."
                .to_owned()
        }
        Some(Refusal::Unreadable(_)) => {
            "Sign the image anew with a current cosign, or find out what else writes to its \
             repository."
                .to_owned()
        }
    }
}

fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests;
