//! Content digests.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256, SHA512};

/// The digest of some bytes: `sha256:` and 64, or `sha512:` and 128 lower-case hex digits.
///
/// OCI Image Specification 1.1, *Digests*. Other algorithms are refused, because what cannot be
/// verified must not be copied.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(Arc<str>);

/// The text is not a digest that can be verified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDigest {
    /// There is no colon.
    #[error("a digest has the form `sha256:<64 hex digits>`")]
    Form,
    /// Neither sha256 nor sha512.
    #[error("the digest algorithm `{0}` is not supported, only sha256 and sha512 are")]
    Algorithm(String),
    /// The wrong number of digits.
    #[error("a {algorithm} digest has {expected} hex digits, not {found}")]
    Length {
        /// The algorithm.
        algorithm: &'static str,
        /// How many digits it needs.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Something other than `0-9a-f`.
    #[error("the hex digits of a digest are lower case `0-9` and `a-f`")]
    Digits,
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let (algorithm, encoded) = text.split_once(':').ok_or(InvalidDigest::Form)?;
        let (algorithm, expected) = match algorithm {
            "sha256" => ("sha256", 64),
            "sha512" => ("sha512", 128),
            other => return Err(InvalidDigest::Algorithm(other.chars().take(32).collect())),
        };
        if encoded.len() != expected {
            return Err(InvalidDigest::Length {
                algorithm,
                expected,
                found: encoded.len(),
            });
        }
        if !encoded
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(InvalidDigest::Digits);
        }
        Ok(Self(Arc::from(text)))
    }
}

impl Digest {
    /// The sha256 digest of these bytes.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(&SHA256, "sha256");
        hasher.update(bytes);
        hasher.finish()
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hex digits.
    #[must_use]
    pub fn encoded(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, encoded)| encoded)
    }

    /// A hasher of the same algorithm.
    #[must_use]
    pub fn hasher(&self) -> Hasher {
        if self.0.starts_with("sha512") {
            Hasher::new(&SHA512, "sha512")
        } else {
            Hasher::new(&SHA256, "sha256")
        }
    }

    /// Whether these bytes have this digest.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        hasher.finish() == *self
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Computes a [`Digest`] piece by piece.
#[derive(Clone)]
pub struct Hasher {
    algorithm: &'static str,
    context: digest::Context,
}

impl Hasher {
    fn new(algorithm: &'static digest::Algorithm, name: &'static str) -> Self {
        Self {
            algorithm: name,
            context: digest::Context::new(algorithm),
        }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// The digest of everything added.
    #[must_use]
    pub fn finish(self) -> Digest {
        use fmt::Write as _;
        let sum = self.context.finish();
        let mut text = String::with_capacity(8 + 2 * sum.as_ref().len());
        text.push_str(self.algorithm);
        text.push(':');
        for byte in sum.as_ref() {
            // Writing to a string cannot fail.
            let _ok = write!(text, "{byte:02x}");
        }
        Digest(Arc::from(text))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn printing_what_was_parsed_is_identity() {
        for text in [EMPTY.to_owned(), format!("sha512:{}", "0a".repeat(64))] {
            let digest: Digest = text.parse().unwrap();
            assert_eq!(digest.to_string(), text);
            assert_eq!(format!("{digest:?}"), text);
            assert_eq!(
                format!("{}:{}", text.split_once(':').unwrap().0, digest.encoded()),
                text
            );
        }
    }

    #[test]
    fn what_is_no_digest_is_refused_with_its_reason() {
        let upper = EMPTY.replace("e3b0", "E3B0");
        let rows = [
            ("", "a digest has the form `sha256:<64 hex digits>`"),
            ("sha256", "a digest has the form `sha256:<64 hex digits>`"),
            (
                "md5:d41d8cd98f00b204e9800998ecf8427e",
                "the digest algorithm `md5` is not supported, only sha256 and sha512 are",
            ),
            (
                "SHA256:e3b0",
                "the digest algorithm `SHA256` is not supported, only sha256 and sha512 are",
            ),
            ("sha256:e3b0", "a sha256 digest has 64 hex digits, not 4"),
            ("sha512:e3b0", "a sha512 digest has 128 hex digits, not 4"),
            (
                upper.as_str(),
                "the hex digits of a digest are lower case `0-9` and `a-f`",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(text.parse::<Digest>().unwrap_err().to_string(), expected);
        }
        let slashes = format!("sha256:../{}", "a".repeat(61));
        assert_eq!(slashes.parse::<Digest>(), Err(InvalidDigest::Digits));
        let accent = format!("sha256:é{}", "a".repeat(62));
        assert_eq!(accent.parse::<Digest>(), Err(InvalidDigest::Digits));
    }

    #[test]
    fn bytes_match_the_digest_of_their_algorithm_only() {
        let sha256: Digest = EMPTY.parse().unwrap();
        let sha512: Digest =
            "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                              47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
                .parse()
                .unwrap();
        assert_eq!(Digest::sha256(b""), sha256);
        for digest in [sha256, sha512] {
            assert!(digest.matches(b""), "{digest}");
            assert!(!digest.matches(b"x"), "{digest}");
        }
    }

    #[test]
    fn hashing_in_pieces_is_hashing_at_once() {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for size in [1, 63, 64, 65, 4096] {
            let mut hasher = Digest::sha256(b"").hasher();
            for chunk in bytes.chunks(size) {
                hasher.update(chunk);
            }
            assert_eq!(hasher.finish(), Digest::sha256(&bytes), "{size}");
        }
    }
}
