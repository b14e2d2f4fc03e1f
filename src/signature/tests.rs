use std::collections::BTreeMap;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::signer::{Signer, bundle_of, pem, statement};
use super::*;
use crate::oci::Digest;

const PAYLOAD: &str = include_str!("vectors/payload.json");
const IMAGE: &str = "sha256:4a1c4b21597c1b4415bdbecb28a3296c6b5e23ca4f9feeb599860a1dac6a0108";

fn image() -> Digest {
    IMAGE.parse().unwrap()
}

fn simple(payload: impl Into<Bytes>, signature: &str) -> Signature {
    Signature::Simple {
        payload: payload.into(),
        signature: signature.to_owned(),
        has_certificate: false,
    }
}

fn policy(keys: &[&str]) -> Policy {
    asking(keys, &[])
}

fn asking(keys: &[&str], annotations: &[(&str, &str)]) -> Policy {
    let keys = keys.iter().map(|pem| PublicKey::from_pem(pem).unwrap());
    let annotations = annotations.iter();
    let annotations = annotations.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Policy::new(keys.collect(), annotations.collect())
}

/// What OpenSSL and cosign have signed.
fn others() -> [(&'static str, &'static str, Signature); 4] {
    let p256 = include_str!("vectors/p256.pub");
    let ed25519 = include_str!("vectors/ed25519.pub");
    let bundle = |text: &'static str| Signature::Bundle(text.into());
    [
        (
            "p256",
            p256,
            simple(PAYLOAD, include_str!("vectors/p256.sig")),
        ),
        (
            "ed25519",
            ed25519,
            simple(PAYLOAD, include_str!("vectors/ed25519.sig")),
        ),
        (
            "p256 bundle",
            p256,
            bundle(include_str!("vectors/p256.bundle.json")),
        ),
        (
            "ed25519 bundle",
            ed25519,
            bundle(include_str!("vectors/ed25519.bundle.json")),
        ),
    ]
}

#[test]
fn signatures_that_other_programs_made_count_for_their_image_and_key_only() {
    let stranger = include_str!("vectors/cosign.pub");
    for (name, key, signature) in others() {
        let signed = policy(&[key]).check(&image(), &signature).unwrap();
        let fingerprint = PublicKey::from_pem(key).unwrap().fingerprint().clone();
        assert_eq!(signed.by, super::Signer::Key(fingerprint), "{name}");
        assert_eq!(
            policy(&[stranger, key]).check(&image(), &signature),
            Ok(signed),
            "{name}"
        );
        assert_eq!(
            policy(&[stranger]).check(&image(), &signature),
            Err(Refusal::OtherKey {
                has_certificate: false
            }),
            "{name}"
        );
        assert_eq!(
            policy(&[key]).check(&Digest::sha256(b"another"), &signature),
            Err(Refusal::OtherImage(vec![image()])),
            "{name}"
        );
    }
}

#[test]
fn a_signature_that_cosign_made_counts() {
    let signature = simple(
        include_str!("vectors/cosign.payload.json"),
        include_str!("vectors/cosign.sig"),
    );
    let image = "sha256:f3cfc9d0dbf931d3db4685ec659b7ac68e2a578219da4aae65427886e649b06b";
    let policy = policy(&[include_str!("vectors/cosign.pub")]);
    let signed = policy.check(&image.parse().unwrap(), &signature).unwrap();
    let named = Some("registry-testing.svc.lan/busybox");
    assert_eq!(signed.identity.as_deref(), named);
}

#[test]
fn a_bundle_that_cosign_3_made_counts() {
    let image = "sha256:5099b89d7666cc2186cad769ddc262ddc7c335b33f5fe79f9ffe50a01282b23e";
    let image: Digest = image.parse().unwrap();
    let bundle = Signature::Bundle(include_str!("vectors/cosign3.bundle.json").into());
    let key = include_str!("vectors/cosign3.pub");
    let signed = policy(&[key]).check(&image, &bundle).unwrap();
    assert_eq!(signed.identity, None);
    let stage = asking(&[key], &[("stage", "released")]).check(&image, &bundle);
    assert!(matches!(stage, Err(Refusal::Annotations(_))), "{stage:?}");
}

#[test]
fn every_annotation_that_is_asked_for_has_to_be_in_what_was_signed() {
    for (name, key, signature) in others() {
        let check = |annotations: &[(&str, &str)]| {
            asking(&[key], annotations)
                .check(&image(), &signature)
                .map(drop)
        };
        assert_eq!(check(&[("stage", "released")]), Ok(()), "{name}");
        assert_eq!(
            check(&[("commit", "0a1b2c"), ("stage", "released")]),
            Ok(()),
            "{name}"
        );
        let differing = |name: &str, wanted: &str, found: Option<&str>| Differing {
            name: name.to_owned(),
            wanted: wanted.to_owned(),
            found: found.map(str::to_owned),
        };
        assert_eq!(
            check(&[("commit", "0a1b2c"), ("stage", "draft"), ("who", "us")]),
            Err(Refusal::Annotations(vec![
                differing("stage", "draft", Some("released")),
                differing("who", "us", None),
            ])),
            "{name}"
        );
    }
}

#[test]
fn a_single_changed_bit_makes_a_signature_worthless() {
    for (name, key, signature) in others() {
        let Signature::Simple {
            payload, signature, ..
        } = signature
        else {
            continue;
        };
        let policy = policy(&[key]);
        for position in [0, payload.len() / 2, payload.len() - 1] {
            let mut changed = payload.to_vec();
            changed[position] ^= 1;
            let refused = policy.check(&image(), &simple(changed, &signature));
            assert!(matches!(refused, Err(Refusal::OtherKey { .. })), "{name}");
        }
        let bytes = BASE64_STANDARD.decode(&signature).unwrap();
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            let changed = simple(payload.clone(), &BASE64_STANDARD.encode(changed));
            assert!(policy.check(&image(), &changed).is_err(), "{name}");
        }
    }
}

#[test]
fn keys_of_other_kinds_are_named_and_never_shown() {
    let ours = include_str!("vectors/p256.pub");
    let secret = "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n";
    let damaged = ours.replace("MFkw", "MFkx");
    let off_curve = ours.replace("AEml", "AEmm");
    let cut = ours.replace("-----END PUBLIC KEY-----", "");
    let algorithm = InvalidKey::Algorithm;
    let rows: [(&str, InvalidKey); 18] = [
        ("", InvalidKey::NotPem),
        ("cosign.pub", InvalidKey::NotPem),
        (secret, InvalidKey::PrivateKey),
        (&format!("{ours}{secret}"), InvalidKey::PrivateKey),
        (
            "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
            InvalidKey::PrivateKey,
        ),
        (&format!("{ours}{ours}"), InvalidKey::Several),
        ("-----BEGIN CERTIFICATE-----\n", InvalidKey::Certificate),
        (
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
            InvalidKey::OtherBlock,
        ),
        ("-----BEGIN RSA PUBLIC KEY-----\n", algorithm("RSA")),
        (include_str!("vectors/rsa.pub"), algorithm("RSA")),
        (
            include_str!("vectors/secp384r1.pub"),
            algorithm("ECDSA on P-384"),
        ),
        (
            include_str!("vectors/secp521r1.pub"),
            algorithm("ECDSA on P-521"),
        ),
        (
            include_str!("vectors/secp256k1.pub"),
            algorithm("ECDSA on secp256k1"),
        ),
        (include_str!("vectors/ed448.pub"), algorithm("Ed448")),
        (include_str!("vectors/x25519.pub"), algorithm("X25519")),
        (include_str!("vectors/compressed.pub"), InvalidKey::Form),
        (&damaged, InvalidKey::Form),
        (&off_curve, InvalidKey::Damaged),
    ];
    for (text, expected) in rows {
        let refused = PublicKey::from_pem(text).map(drop);
        assert_eq!(refused, Err(expected), "{text}");
    }
    assert_eq!(
        PublicKey::from_pem(&cut).map(drop),
        Err(InvalidKey::Damaged)
    );
}

#[test]
fn a_key_may_be_indented_and_has_the_fingerprint_that_openssl_gives() {
    let ours = include_str!("vectors/p256.pub");
    let key = PublicKey::from_pem(ours).unwrap();
    let indented: String = ours.lines().map(|line| format!("    {line}\r\n")).collect();
    let again = PublicKey::from_pem(&format!("a comment\n{indented}\n")).unwrap();
    assert_eq!(again.fingerprint(), key.fingerprint());
    // `openssl pkey -pubin -in p256.pub -outform DER | sha256sum`
    assert_eq!(
        key.fingerprint().as_str(),
        "sha256:60bbc4e10003e0f56bf302bd81a525fc32b397aca8ab1d36373b7cec4c1e458f"
    );
}

#[test]
fn policies_are_the_same_whatever_the_order_of_their_keys() {
    let [a, b] = [
        include_str!("vectors/p256.pub"),
        include_str!("vectors/ed25519.pub"),
    ];
    assert_eq!(policy(&[a, b]).asked(), policy(&[b, a, b]).asked());
    assert_ne!(policy(&[a, b]).asked(), policy(&[a]).asked());
    let stage = [("stage", "released")];
    assert_ne!(policy(&[a]).asked(), asking(&[a], &stage).asked());
}

#[test]
fn what_was_signed_for_another_purpose_is_no_signature_of_an_image() {
    let signer = Signer::new();
    let atomic = PAYLOAD.replace(
        "cosign container image signature",
        "atomic container signature",
    );
    assert_eq!(
        signer.policy().check(&image(), &signer.simple(&atomic)),
        Err(Refusal::OtherStatement(
            "atomic container signature".to_owned()
        ))
    );
    let attested = statement(&json!([{ "digest": { "sha256": image().encoded() } }])).replace(
        "https://sigstore.dev/cosign/sign/v1",
        "https://slsa.dev/provenance/v1",
    );
    assert_eq!(
        signer.policy().check(&image(), &signer.bundle(&attested)),
        Err(Refusal::OtherStatement(
            "https://slsa.dev/provenance/v1".to_owned()
        ))
    );
}

#[test]
fn signed_text_that_two_readers_could_read_differently_is_refused() {
    let signer = Signer::new();
    let other = Digest::sha256(b"another").to_string();
    let twice = |name: &str, value: &str| {
        PAYLOAD.replacen(
            &format!("\"{name}\":"),
            &format!("\"{name}\":{value},\"{name}\":"),
            1,
        )
    };
    let rows = [
        twice("docker-manifest-digest", &format!("\"{other}\"")),
        twice("type", "\"x\""),
        twice("image", "{}"),
        twice("critical", "{}"),
        twice("stage", "\"draft\""),
        PAYLOAD.replace("\"type\":", "\"Type\":"),
        PAYLOAD.replace("\"optional\":", "\"more\":1,\"optional\":"),
        PAYLOAD.replace(IMAGE, &IMAGE.to_uppercase()),
        PAYLOAD.replace(IMAGE, "latest"),
        format!("{PAYLOAD}{PAYLOAD}"),
        "[".repeat(10_000),
        String::new(),
    ];
    for payload in rows {
        let refused = signer.policy().check(&image(), &signer.simple(&payload));
        assert!(
            matches!(refused, Err(Refusal::Unreadable(_))),
            "{payload}: {refused:?}"
        );
    }
    let digest = format!("{{\"sha256\":\"{}\",\"sha256\":\"0\"}}", image().encoded());
    let subject = statement(&json!([{ "digest": "HERE" }])).replace("\"HERE\"", &digest);
    let refused = signer.policy().check(&image(), &signer.bundle(&subject));
    assert!(
        matches!(refused, Err(Refusal::Unreadable(_))),
        "{refused:?}"
    );
}

#[test]
fn annotations_that_are_no_text_are_not_there() {
    let signer = Signer::new();
    let payload = PAYLOAD.replace("\"released\"", "{\"deep\":[1,2]}");
    let signature = signer.simple(&payload);
    assert!(signer.policy().check(&image(), &signature).is_ok());
    let keys = signer.policy().keys().to_vec();
    let asked = BTreeMap::from([("stage".to_owned(), "released".to_owned())]);
    let refused = Policy::new(keys, asked).check(&image(), &signature);
    assert!(
        matches!(refused, Err(Refusal::Annotations(_))),
        "{refused:?}"
    );
}

#[test]
fn a_statement_may_name_several_images_and_only_those_count() {
    let signer = Signer::new();
    let other = Digest::sha256(b"another");
    let subject = json!([
        { "digest": { "sha1": "00", "sha256": other.encoded() } },
        { "name": "it", "digest": { "sha256": image().encoded() } },
    ]);
    let signature = signer.bundle(&statement(&subject));
    for named in [&other, &image()] {
        assert!(signer.policy().check(named, &signature).is_ok(), "{named}");
    }
    let third = Digest::sha256(b"third");
    assert_eq!(
        signer.policy().check(&third, &signature),
        Err(Refusal::OtherImage(vec![other, image()]))
    );
}

#[test]
fn bundles_that_are_not_what_they_should_be_are_refused() {
    let signer = Signer::new();
    let statement = statement(&json!([{ "digest": { "sha256": image().encoded() } }]));
    let good = signer.envelope(&statement);
    let policy = signer.policy();
    assert!(policy.check(&image(), &bundle_of(&good)).is_ok());
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        bundle_of(&changed)
    };
    let one = good["signatures"][0].clone();
    let rows = [
        Signature::Bundle(Bytes::new()),
        Signature::Bundle("[[".repeat(100_000).into()),
        bundle_of(&Value::Null),
        with("signatures", json!([])),
        with("signatures", json!([one, one])),
        with("signatures", json!([{ "sig": "?" }])),
        with("payload", json!("?")),
        with("payloadType", json!("text/plain")),
        Signature::Bundle(good.to_string().into()),
        Signature::Bundle(
            json!({ "mediaType": "text/plain", "dsseEnvelope": good })
                .to_string()
                .into(),
        ),
    ];
    for signature in rows {
        let refused = policy.check(&image(), &signature);
        assert!(
            matches!(refused, Err(Refusal::Unreadable(_))),
            "{signature:?}: {refused:?}"
        );
    }
    let bare = policy.check(&image(), &simple(PAYLOAD, "not base64"));
    assert!(matches!(bare, Err(Refusal::Unreadable(_))), "{bare:?}");
}

#[test]
fn a_signature_over_the_payload_alone_does_not_count_in_an_envelope() {
    let signer = Signer::new();
    let statement = statement(&json!([{ "digest": { "sha256": image().encoded() } }]));
    let mut envelope = signer.envelope(&statement);
    envelope["signatures"][0]["sig"] = signer.sign(statement.as_bytes()).into();
    let refused = signer.policy().check(&image(), &bundle_of(&envelope));
    assert!(
        matches!(refused, Err(Refusal::OtherKey { .. })),
        "{refused:?}"
    );
}

#[test]
fn signatures_with_certificates_are_told_apart() {
    let signer = Signer::new();
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "certificate": { "rawBytes": "" } },
        "dsseEnvelope": signer.envelope("{}"),
    });
    let rows = [
        Signature::Bundle(bundle.to_string().into()),
        Signature::Simple {
            payload: PAYLOAD.into(),
            signature: signer.sign(PAYLOAD.as_bytes()),
            has_certificate: true,
        },
    ];
    for signature in rows {
        assert_eq!(
            Signer::new().policy().check(&image(), &signature),
            Err(Refusal::OtherKey {
                has_certificate: true
            })
        );
    }
}

#[test]
fn ed25519_keys_made_here_count_too() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let info: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let signature = BASE64_STANDARD.encode(pair.sign(PAYLOAD.as_bytes()).as_ref());
    let signed = policy(&[&pem(info.as_ref())]).check(&image(), &simple(PAYLOAD, &signature));
    assert_eq!(
        signed.unwrap().identity.as_deref(),
        Some("docker.io/library/alpine")
    );
}
