//! Everything that Terraform leaves behind, to be searched for what must not be in it.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::wanted::Wanted;

/// Texts and files by where they were found.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    place: String,
    content: String,
    /// Whether Terraform copies into it what the configuration says.
    quotes: bool,
}

impl Evidence {
    /// Adds a text, such as a log.
    pub(crate) fn text(&mut self, place: &str, text: &str) {
        self.item(place, text.to_owned(), false);
    }

    /// Adds a text into which Terraform copies values of the configuration as they are written.
    pub(crate) fn quoting(&mut self, place: &str, text: &str) {
        self.item(place, text.to_owned(), true);
    }

    fn item(&mut self, place: &str, content: String, quotes: bool) {
        let place = place.to_owned();
        self.items.push(Item {
            place,
            content,
            quotes,
        });
    }

    /// Adds a state file, and the private data in it, which Terraform keeps in base64.
    pub(crate) fn state(&mut self, place: &str, text: &str) {
        self.text(place, text);
        // An empty file is a state that Terraform has not written yet.
        let state: Value = serde_json::from_str(text).unwrap_or_default();
        let mut private = Vec::new();
        private_data(&state, &mut private);
        self.bytes(&format!("private data of {place}"), &private);
    }

    /// Adds every file in a saved plan, which is a ZIP archive.
    pub(crate) fn plan(&mut self, place: &str, archive: &[u8]) {
        for (name, content) in unzipped(archive) {
            let (place, content) = (
                format!("{name} of {place}"),
                String::from_utf8_lossy(&content),
            );
            // The files of the configuration are packed as they are.
            self.item(&place, content.into_owned(), name.starts_with("tfconfig/"));
        }
    }

    /// Secrets are ASCII, which is found in whatever else the bytes are.
    fn bytes(&mut self, place: &str, bytes: &[u8]) {
        self.text(place, &String::from_utf8_lossy(bytes));
    }

    /// Where a text is.
    pub(crate) fn places_with(&self, text: &str) -> Vec<&str> {
        let found = self.items.iter().filter(|item| item.content.contains(text));
        found.map(|item| item.place.as_str()).collect()
    }

    /// Where one of these secrets is, and what stands before it. A secret that the configuration
    /// has in plain words is Terraform's to copy where it copies configurations, and nowhere else.
    pub(crate) fn leaks(&self, secrets: &[String], configurations: &str) -> Vec<String> {
        let all = Wanted::new(secrets.iter().map(String::as_str));
        let hidden = secrets
            .iter()
            .filter(|secret| !configurations.contains(*secret));
        let hidden = Wanted::new(hidden.map(String::as_str));
        let leak = |item: &Item| {
            let wanted = if item.quotes { &hidden } else { &all };
            let before = wanted.found_in(&item.content)?;
            Some(format!("{}: {before}", item.place))
        };
        self.items.iter().filter_map(leak).collect()
    }
}

/// Collects every `private` of a state, decoded.
fn private_data(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if name == "private" => {
                        into.extend(STANDARD.decode(text).unwrap());
                    }
                    _ => private_data(member, into),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|each| private_data(each, into)),
        _ => {}
    }
}

/// The files of a ZIP archive (PKWARE APPNOTE 6.3.10): the central directory says where each is.
fn unzipped(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let number = |at: usize, bytes: usize| -> usize {
        let bytes = archive[at..at + bytes].iter().rev();
        bytes.fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let mut files = Vec::new();
    let mut at = 0;
    while let Some(next) = archive[at..]
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
    {
        at += next;
        let (method, packed) = (number(at + 10, 2), number(at + 20, 4));
        let (name_length, header) = (number(at + 28, 2), number(at + 42, 4));
        let name = String::from_utf8_lossy(&archive[at + 46..at + 46 + name_length]).into_owned();
        let start = header + 30 + number(header + 26, 2) + number(header + 28, 2);
        let content = &archive[start..start + packed];
        let mut unpacked = Vec::new();
        match method {
            0 => unpacked.extend_from_slice(content),
            8 => {
                let mut inflate = flate2::read::DeflateDecoder::new(content);
                inflate.read_to_end(&mut unpacked).unwrap();
            }
            other => panic!("`{name}` is packed with method {other}"),
        }
        files.push((name, unpacked));
        at += 46 + name_length;
    }
    assert!(!files.is_empty(), "this is no ZIP archive");
    files
}
