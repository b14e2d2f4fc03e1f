//! Where an image keeps what refers to it, when its registry has no list of its own.

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::descriptor::{Descriptor, MediaType};
use super::digest::Digest;
use super::manifest::{InvalidManifest, Manifest};
use super::reference::Tag;
use super::select::Fields;

/// What cosign stores under a tag of its own beside an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CosignTag {
    /// Signatures.
    Signature,
    /// Attestations.
    Attestation,
    /// A bill of materials.
    Sbom,
}

impl CosignTag {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Signature, Self::Attestation, Self::Sbom];

    fn suffix(self) -> &'static str {
        match self {
            Self::Signature => "sig",
            Self::Attestation => "att",
            Self::Sbom => "sbom",
        }
    }

    /// The tag for an image: `sha256-<hex>.sig`, `.att` or `.sbom`.
    #[must_use]
    pub fn of(self, image: &Digest) -> Tag {
        Tag::from_digest(image, &format!(".{}", self.suffix()))
    }
}

/// The tag of the index in which clients list what refers to an image, where the registry does
/// not: `sha256-<hex>`.
///
/// OCI Distribution Specification 1.1, *Referrers Tag Schema*.
#[must_use]
pub fn fallback_tag(image: &Digest) -> Tag {
    Tag::from_digest(image, "")
}

/// Whether a tag says which image this belongs to: `sha256-<digest>`, by itself or with what it is
/// behind a dot. OCI Distribution Specification 1.1, *Referrers Tag Schema*; and cosign's tags.
#[must_use]
pub fn is_attachment(tag: &Tag) -> bool {
    let digest = tag.as_str().strip_prefix("sha256-");
    digest.is_some_and(|rest| {
        let digest = rest.split_once('.').map_or(rest, |(digest, _)| digest);
        digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// The index of referrers with more in it. All text that was in it stays as it was received; what
/// is new stands at the end. Without one before, a new index.
///
/// # Errors
///
/// The index cannot be taken apart.
pub fn with_referrers(
    before: Option<&Manifest>,
    added: &[Descriptor],
) -> Result<Manifest, InvalidManifest> {
    let added: Vec<String> = added.iter().map(|entry| text(entry).to_string()).collect();
    let added = added.join(",");
    let (bytes, media_type) = match before {
        Some(index) => {
            let bytes = extended(index.bytes(), &added).map_err(InvalidManifest::Json)?;
            (bytes, index.media_type().clone())
        }
        None => {
            let media_type = MediaType::OCI_INDEX;
            let text = format!(
                r#"{{"schemaVersion":2,"mediaType":"{media_type}","manifests":[{added}]}}"#
            );
            (text.into(), MediaType::new(media_type))
        }
    };
    Manifest::parse(bytes, &media_type)
}

fn text(entry: &Descriptor) -> Value {
    let mut fields = json!({
        "mediaType": entry.media_type.as_str(),
        "digest": entry.digest.as_str(),
        "size": entry.size,
    });
    if let Some(artifact_type) = &entry.artifact_type {
        fields["artifactType"] = json!(artifact_type);
    }
    if !entry.annotations.is_empty() {
        let annotations = entry.annotations.iter();
        let annotations: Map<String, Value> = annotations
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        fields["annotations"] = Value::Object(annotations);
    }
    fields
}

fn extended(index: &[u8], added: &str) -> Result<Bytes, serde_json::Error> {
    let Fields(fields) = serde_json::from_slice(index)?;
    let mut text = Vec::with_capacity(index.len() + added.len());
    let mut has_entries = false;
    for (position, (name, value)) in fields.iter().enumerate() {
        text.push(if position == 0 { b'{' } else { b',' });
        serde_json::to_writer(&mut text, name)?;
        text.push(b':');
        match name == "manifests" {
            true => {
                has_entries = true;
                text.extend_from_slice(entries(value, added)?.as_bytes());
            }
            false => text.extend_from_slice(value.get().as_bytes()),
        }
    }
    if !has_entries {
        text.push(if fields.is_empty() { b'{' } else { b',' });
        text.extend_from_slice(format!(r#""manifests":[{added}]"#).as_bytes());
    }
    text.push(b'}');
    Ok(text.into())
}

fn entries(before: &RawValue, added: &str) -> Result<String, serde_json::Error> {
    let before: Option<Vec<&RawValue>> = serde_json::from_str(before.get())?;
    let mut entries: Vec<&str> = before.iter().flatten().map(|entry| entry.get()).collect();
    if !added.is_empty() {
        entries.push(added);
    }
    Ok(format!("[{}]", entries.join(",")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn entry(name: &str, annotations: &[(&str, &str)]) -> Descriptor {
        let annotations = annotations.iter();
        Descriptor {
            media_type: MediaType::new(MediaType::OCI_MANIFEST),
            digest: Digest::sha256(name.as_bytes()),
            size: 7,
            platform: None,
            annotations: annotations
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>(),
            artifact_type: Some("application/x".to_owned()),
        }
    }

    fn listed(index: &Manifest) -> Vec<Descriptor> {
        let entries = index.children().iter();
        entries.map(|child| child.descriptor().clone()).collect()
    }

    #[test]
    fn what_belongs_to_another_image_is_told_by_its_tag() {
        let digest = "0".repeat(64);
        let rows = [
            (format!("sha256-{digest}"), true),
            (format!("sha256-{digest}.sig"), true),
            (format!("sha256-{digest}.att"), true),
            ("sha256-short".to_owned(), false),
            ("1.27".to_owned(), false),
        ];
        for (tag, is_one) in rows {
            assert_eq!(is_attachment(&tag.parse().unwrap()), is_one, "{tag}");
        }
    }

    #[test]
    fn a_list_begins_and_grows() {
        let (a, b) = (entry("a", &[("k", "v\"w")]), entry("b", &[]));
        let first = with_referrers(None, std::slice::from_ref(&a)).unwrap();
        assert_eq!(listed(&first), std::slice::from_ref(&a));
        let both = with_referrers(Some(&first), std::slice::from_ref(&b)).unwrap();
        assert_eq!(listed(&both), [a.clone(), b.clone()]);
        let at_once = with_referrers(None, &[a, b]).unwrap();
        assert_eq!(at_once.digest(), both.digest());
    }

    #[test]
    fn the_text_of_others_stays_as_it_was() {
        let other = format!(
            r#"{{ "size":1 ,"digest":"{}","mediaType":"application/y","new": 1.50}}"#,
            Digest::sha256(b"other")
        );
        let media_type = MediaType::new(MediaType::OCI_INDEX);
        for (before, after) in [
            (
                format!(r#"{{"manifests": [ {other} ],"annotations":{{"k":1e2}}}}"#),
                format!(r#"{{"manifests":[{other},ADDED],"annotations":{{"k":1e2}}}}"#),
            ),
            (
                r#"{"schemaVersion":2}"#.to_owned(),
                r#"{"schemaVersion":2,"manifests":[ADDED]}"#.to_owned(),
            ),
            (
                r#"{"manifests":null}"#.to_owned(),
                r#"{"manifests":[ADDED]}"#.to_owned(),
            ),
            ("{}".to_owned(), r#"{"manifests":[ADDED]}"#.to_owned()),
        ] {
            let added = entry("a", &[]);
            let index = Manifest::parse(before.into(), &media_type).unwrap();
            let longer = with_referrers(Some(&index), std::slice::from_ref(&added)).unwrap();
            let expected = after.replace("ADDED", &text(&added).to_string());
            assert_eq!(longer.bytes(), expected.as_bytes());
            assert_eq!(listed(&longer).last(), Some(&added));
        }
    }

    #[test]
    fn tags_are_made_from_the_digest() {
        let digest = Digest::sha256(b"");
        let stem = "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(fallback_tag(&digest).as_str(), stem);
        let tags = CosignTag::ALL.map(|kind| kind.of(&digest).to_string());
        let suffixes = ["sig", "att", "sbom"];
        assert_eq!(tags, suffixes.map(|suffix| format!("{stem}.{suffix}")));
    }

    #[test]
    fn long_digests_are_cut_to_what_a_tag_can_hold() {
        let digits = "0123456789abcdef".repeat(8);
        let digest: Digest = format!("sha512:{digits}").parse().unwrap();
        let tag = fallback_tag(&digest);
        assert_eq!(tag.as_str(), format!("sha512-{}", &digits[..64]));
        assert_eq!(tag.as_str().parse::<Tag>(), Ok(tag));
    }
}
