//! Where an image keeps what refers to it, when its registry has no list of its own.

use super::digest::Digest;
use super::reference::Tag;

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

#[cfg(test)]
mod tests {
    use super::*;

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
