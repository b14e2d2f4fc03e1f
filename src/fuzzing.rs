//! The parsers of what strangers send, each behind a function of bytes.
//!
//! A target returns if the input was refused or kept its promises, and panics if a promise was
//! broken. `acceptance-tests/fuzz` feeds them; the inputs that it found worth keeping are in
//! `acceptance-tests/fuzz/corpus`, and the tests below replay them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;

use crate::oci::{Digest, Manifest, MediaType, Reference};
use crate::plugin;
use crate::registry;
use crate::tf::Type;
use crate::tf::wire::{from_msgpack, to_msgpack};

/// A parser, and the folder of its corpus.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 7] = [
    ("reference", reference),
    ("challenge", registry::fuzzing::challenge),
    ("manifest", manifest),
    ("msgpack", msgpack),
    ("location", registry::fuzzing::location),
    ("range", registry::fuzzing::range),
    ("handshake", plugin::fuzzing::handshake),
];

/// A reference that somebody wrote. Printing it is canonical.
pub fn reference(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(reference) = text.parse::<Reference>() else {
        return;
    };
    let printed = reference.to_string();
    assert_eq!(printed.parse().as_ref(), Ok(&reference), "{printed}");
    let path = reference.repository().path();
    let parts = path.split('/');
    assert!(parts.clone().all(|part| !matches!(part, "" | "." | "..")));
    assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
}

/// A manifest or an index; the first byte chooses what the registry announced.
pub fn manifest(data: &[u8]) {
    const ANNOUNCED: [&str; 5] = [
        MediaType::OCI_INDEX,
        MediaType::OCI_MANIFEST,
        MediaType::DOCKER_LIST,
        MediaType::DOCKER_MANIFEST,
        "application/json",
    ];
    let Some((first, body)) = data.split_first() else {
        return;
    };
    let announced = ANNOUNCED[usize::from(*first) % ANNOUNCED.len()];
    let bytes = Bytes::copy_from_slice(body);
    let Ok(manifest) = Manifest::parse(bytes, &MediaType::new(announced)) else {
        return;
    };
    assert_eq!(manifest.bytes(), body, "the bytes are the truth");
    assert_eq!(*manifest.digest(), Digest::sha256(body));
    assert_eq!(manifest.media_type().as_str(), announced);
    for child in manifest.children() {
        let child = child.descriptor();
        assert_eq!(child.digest.as_str().parse().as_ref(), Ok(&child.digest));
        assert!(i64::try_from(child.size).is_ok(), "{}", child.size);
    }
}

/// A value from the host; the first byte chooses its type.
pub fn msgpack(data: &[u8]) {
    let Some((first, body)) = data.split_first() else {
        return;
    };
    let kind = &TYPES[usize::from(*first) % TYPES.len()];
    let Ok(value) = from_msgpack(body, kind) else {
        return;
    };
    let written = to_msgpack(&value, kind).ok();
    // Not the value itself: a whole number beyond 64 bits comes as a double and goes as digits.
    let again = written
        .as_ref()
        .and_then(|written| from_msgpack(written, kind).ok());
    let again = again.and_then(|again| to_msgpack(&again, kind).ok());
    assert!(written.is_some() && again == written, "{value:?}");
}

/// What schemas are made of.
static TYPES: LazyLock<Vec<Type>> = LazyLock::new(|| {
    let text = || Box::new(Type::String);
    let object = BTreeMap::from([
        ("id".to_owned(), Type::String),
        ("count".to_owned(), Type::Number),
        ("is_on".to_owned(), Type::Bool),
        ("tags".to_owned(), Type::Map(text())),
    ]);
    vec![
        Type::Object(object.clone()),
        Type::Dynamic,
        Type::List(Box::new(Type::Object(object))),
        Type::Set(text()),
        Type::Tuple(vec![Type::Number, Type::Dynamic]),
        Type::Map(Box::new(Type::Dynamic)),
        Type::Number,
        Type::String,
    ]
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn corpora() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("acceptance-tests/fuzz/corpus")
    }

    fn names(folder: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn every_input_of_the_corpora_keeps_the_promises_of_its_target() {
        for (name, target) in TARGETS {
            let folder = corpora().join(name);
            let inputs = names(&folder);
            assert!(inputs.len() > 4, "{name} has {} inputs", inputs.len());
            for input in inputs {
                println!("{name}/{input}");
                target(&fs::read(folder.join(input)).unwrap());
            }
        }
    }

    #[test]
    fn every_corpus_has_a_target_and_every_target_a_program() {
        let targets: BTreeSet<String> = TARGETS.map(|(name, _)| name.to_owned()).into();
        assert_eq!(names(&corpora()), targets);
        let programs = corpora().with_file_name("targets");
        let expected = targets.iter().map(|name| format!("{name}.rs")).collect();
        assert_eq!(names(&programs), expected);
    }

    #[test]
    fn whatever_starts_like_a_good_input_and_goes_wrong_is_refused_quietly() {
        for (name, target) in TARGETS {
            let folder = corpora().join(name);
            for input in names(&folder) {
                let whole = fs::read(folder.join(&input)).unwrap();
                for end in 0..whole.len().min(200) {
                    target(&whole[..end]);
                    let mut flipped = whole.clone();
                    flipped[end] ^= 0x15;
                    target(&flipped);
                }
            }
        }
    }
}
