//! Secrets that are looked for all at once, in whatever form they may have been written.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// So many characters of a secret do not occur by chance; its beginning or its end is enough.
const TELLING: usize = 16;

/// A shorter secret could be a word.
const SHORTEST: usize = 12;

/// Every form of every secret.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The forms, by their first three bytes.
    forms: BTreeMap<[u8; 3], BTreeSet<Vec<u8>>>,
    /// A bit for each three bytes that a form begins with: hardly any place in a log has one.
    begins: Vec<u64>,
}

impl Wanted {
    /// These secrets.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut wanted = Self {
            forms: BTreeMap::new(),
            begins: vec![0; 1 << 18],
        };
        for secret in secrets.into_iter().filter(|it| it.len() >= SHORTEST) {
            let telling = secret.len().min(TELLING);
            wanted.part(&secret[..telling]);
            wanted.part(&secret[secret.len() - telling..]);
        }
        wanted
    }

    fn part(&mut self, part: &str) {
        self.form(part.as_bytes());
        let encoded = url::form_urlencoded::byte_serialize(part.as_bytes());
        self.form(encoded.collect::<String>().as_bytes());
        // Three bytes become four characters. What stands before decides where they begin.
        for before in 0..3 {
            let bytes = [&b"AAA"[..before], part.as_bytes()].concat();
            let from = (before * 4).div_ceil(3);
            let to = bytes.len() * 4 / 3;
            self.form(&STANDARD_NO_PAD.encode(&bytes).as_bytes()[from..to]);
            self.form(&URL_SAFE_NO_PAD.encode(&bytes).as_bytes()[from..to]);
        }
    }

    fn form(&mut self, form: &[u8]) {
        let first = [form[0], form[1], form[2]];
        let bit = bit(first);
        self.begins[bit >> 6] |= 1 << (bit & 63);
        self.forms.entry(first).or_default().insert(form.to_vec());
    }

    /// What stands before the first secret in a text, and where that is on its line.
    pub(crate) fn found_in(&self, text: &str) -> Option<String> {
        let bytes = text.as_bytes();
        let mut places = bytes.windows(3).enumerate();
        let found = places.find(|(at, first)| {
            let first = [first[0], first[1], first[2]];
            let bit = bit(first);
            self.begins[bit >> 6] >> (bit & 63) & 1 == 1
                && self.forms.get(&first).is_some_and(|forms| {
                    let rest = &bytes[*at..];
                    forms.iter().any(|form| rest.starts_with(form))
                })
        });
        let before = String::from_utf8_lossy(&bytes[..found?.0]).into_owned();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let left_out = line.chars().count().saturating_sub(300);
        Some(line.chars().skip(left_out).collect())
    }
}

fn bit(first: [u8; 3]) -> usize {
    first
        .into_iter()
        .fold(0, |bit, byte| bit << 8 | usize::from(byte))
}

#[test]
fn a_secret_is_found_in_every_form() {
    let secret = "a/very+secret_token?of=somebody-who-is-not-here";
    let wanted = Wanted::new([secret, "short"]);
    let login = |user: &str| STANDARD_NO_PAD.encode(format!("{user}:{secret}"));
    for text in [
        format!("token={secret}"),
        format!("cut: {}…", &secret[..20]),
        format!("…{}", &secret[secret.len() - 20..]),
        format!("Basic {}", login("AWS")),
        format!("Basic {}", login("a")),
        format!("Basic {}", login("ab")),
        format!("jwt {}", URL_SAFE_NO_PAD.encode(secret)),
        "https://cdn/?signature=a%2Fvery%2Bsecret_token%3Fof%3D".to_owned(),
    ] {
        assert!(wanted.found_in(&text).is_some(), "{text}");
    }
    for text in [
        "",
        "ab",
        "short",
        "a/very+secre",
        "somebody who is not here",
    ] {
        assert_eq!(wanted.found_in(text), None, "{text}");
    }
    let found = wanted.found_in(&format!("before\nGET /blob?signature={secret}&x=1"));
    assert_eq!(found.as_deref(), Some("GET /blob?signature="));
}
