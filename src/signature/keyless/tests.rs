//! Against the public instance of Sigstore, as it was. A bundle that says "signed" is in the
//! scenarios, which have an instance of their own.

use super::*;
use crate::signature::{Policy, Signature};

const ROOT: &str = include_str!("../vectors/trusted_root.json");
const BUNDLE: &str = include_str!("../vectors/keyless.bundle.json");
const SUBJECT: &str = "sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f";
const PREDICATE: &str = "https://schemas.conda.org/attestations-publish-1.schema.json";

fn workflow() -> Identity {
    Identity {
        issuer: "https://token.actions.githubusercontent.com".to_owned(),
        subject: "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@\
                  refs/heads/main"
            .to_owned(),
    }
}

fn trusting(root: &str, identities: Vec<Identity>) -> Policy {
    let root = TrustRoot::from_json(root).unwrap();
    Policy::new(Vec::new(), [].into()).or_by(Keyless { root, identities })
}

fn check(policy: &Policy, image: &str, bundle: &str) -> Refusal {
    let bundle = Signature::Bundle(bundle.to_owned().into());
    let image = image.parse().unwrap();
    policy.check(&image, &bundle).unwrap_err()
}

#[test]
fn a_certificate_shows_who_signed_and_nobody_else() {
    // Everything about it is right, but it is an attestation.
    let policy = trusting(ROOT, vec![workflow()]);
    assert_eq!(
        check(&policy, SUBJECT, BUNDLE),
        Refusal::OtherStatement(PREDICATE.to_owned())
    );
    let other = Identity {
        subject: "somebody@example.com".to_owned(),
        ..workflow()
    };
    let policy = trusting(ROOT, vec![other]);
    assert_eq!(
        check(&policy, SUBJECT, BUNDLE),
        Refusal::OtherIdentity(workflow())
    );
}

#[test]
fn a_bundle_for_another_image_is_no_signature_of_this_one() {
    let policy = trusting(ROOT, vec![workflow()]);
    let other = Digest::sha256(b"another");
    assert_eq!(
        check(&policy, other.as_str(), BUNDLE),
        Refusal::OtherImage(Vec::new())
    );
}

#[test]
fn an_instance_that_did_not_vouch_for_it_is_no_witness() {
    let root: serde_json::Value = serde_json::from_str(ROOT).unwrap();
    for part in ["ctlogs", "certificateAuthorities"] {
        // What was in force before the bundle was made.
        let mut old = root.clone();
        old[part] = serde_json::json!([root[part][0]]);
        let policy = trusting(&old.to_string(), vec![workflow()]);
        let refused = check(&policy, SUBJECT, BUNDLE);
        assert!(
            matches!(refused, Refusal::Certificate(_)),
            "{part}: {refused:?}"
        );
    }
    let mut other = root.clone();
    let id = other.pointer_mut("/tlogs/0/logId/keyId").unwrap();
    *id = root["ctlogs"][0]["logId"]["keyId"].clone();
    let policy = trusting(&other.to_string(), vec![workflow()]);
    let refused = check(&policy, SUBJECT, BUNDLE);
    assert!(matches!(refused, Refusal::Certificate(_)), "{refused:?}");
}

#[test]
fn bundles_that_were_changed_do_not_count() {
    let policy = trusting(ROOT, vec![workflow()]);
    let bundle: serde_json::Value = serde_json::from_str(BUNDLE).unwrap();
    let paths = [
        "/dsseEnvelope/signatures/0/sig",
        "/dsseEnvelope/payload",
        "/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp",
        "/verificationMaterial/tlogEntries/0/inclusionProof/rootHash",
        "/verificationMaterial/tlogEntries/0/integratedTime",
        "/verificationMaterial/tlogEntries/0/canonicalizedBody",
        "/verificationMaterial/certificate/rawBytes",
    ];
    for path in paths {
        let mut changed = bundle.clone();
        let value = changed.pointer_mut(path).unwrap();
        let text = value.as_str().unwrap().to_owned();
        // Some character in the middle becomes another one of the same alphabet.
        let middle = text.len() / 2;
        let other = if &text[middle..=middle] == "1" {
            "2"
        } else {
            "1"
        };
        *value = format!("{}{other}{}", &text[..middle], &text[middle + 1..]).into();
        let refused = check(&policy, SUBJECT, &changed.to_string());
        let is_refused = matches!(
            refused,
            Refusal::Certificate(_) | Refusal::Unreadable(_) | Refusal::OtherImage(_)
        );
        assert!(is_refused, "{path}: {refused:?}");
    }
    let mut unlogged = bundle;
    unlogged["verificationMaterial"]["tlogEntries"] = serde_json::json!([]);
    let refused = check(&policy, SUBJECT, &unlogged.to_string());
    let is_refused = matches!(refused, Refusal::Certificate(_) | Refusal::Unreadable(_));
    assert!(is_refused, "{refused:?}");
}

#[test]
fn what_an_instance_publishes_has_to_name_an_authority_and_a_log() {
    let root: serde_json::Value = serde_json::from_str(ROOT).unwrap();
    for part in ["tlogs", "certificateAuthorities"] {
        let mut without = root.clone();
        without[part] = serde_json::json!([]);
        let refused = TrustRoot::from_json(&without.to_string());
        assert!(matches!(refused, Err(InvalidTrustRoot::Empty)), "{part}");
    }
    for text in ["", "{}", "[]", "-----BEGIN CERTIFICATE-----"] {
        assert!(TrustRoot::from_json(text).is_err(), "{text}");
    }
}
