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
