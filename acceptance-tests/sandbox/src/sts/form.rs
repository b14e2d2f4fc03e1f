//! Parameters of the Query protocol, and the constraints on them.

use std::collections::BTreeMap;

use super::error::StsError;

/// The parameters of one call, and the constraints found broken so far.
#[derive(Debug)]
pub(super) struct Form {
    values: BTreeMap<String, String>,
    broken: Vec<String>,
}

/// The parameters that are lists.
const LISTS: [&str; 4] = [
    "PolicyArns",
    "ProvidedContexts",
    "Tags",
    "TransitiveTagKeys",
];

/// The parameters that are single values.
const TEXTS: [&str; 11] = [
    "AccessKeyId",
    "DurationSeconds",
    "ExternalId",
    "Policy",
    "ProviderId",
    "RoleArn",
    "RoleSessionName",
    "SerialNumber",
    "SourceIdentity",
    "TokenCode",
    "WebIdentityToken",
];

/// What the characters of a value may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alphabet {
    /// The pattern as the service prints it.
    pub(super) pattern: &'static str,
    /// Whether a character belongs to it.
    pub(super) has: fn(char) -> bool,
}

/// `[\w+=,.@-]*`, of session names and source identities.
pub(super) const NAME: Alphabet = Alphabet {
    pattern: r"[\w+=,.@-]*",
    has: |character| is_word(character) || "+=,.@-".contains(character),
};

/// `[\w+=,.@:\/-]*`, of external ids.
pub(super) const EXTERNAL_ID: Alphabet = Alphabet {
    pattern: r"[\w+=,.@:\/-]*",
    has: |character| is_word(character) || "+=,.@:/-".contains(character),
};

/// The characters of tags.
pub(super) const TAG: Alphabet = Alphabet {
    pattern: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*",
    has: |character| {
        character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
    },
};

/// Anything printable.
pub(super) const TEXT: Alphabet = Alphabet {
    pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    has: |character| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{ff}'),
};

impl Form {
    /// Reads form data. Of a repeated name the last value counts.
    pub(super) fn parse(body: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(body);
        Self {
            values: pairs.into_owned().collect(),
            broken: Vec::new(),
        }
    }

    /// Fails when a name of a parameter has another shape than the model gives it: `RoleArn.member.1`,
    /// or `Tags.1.Key` without the word `member`. Names the model does not have are ignored, and
    /// `Tags=` is how the protocol writes an empty list.
    pub(super) fn well_formed(&self) -> Result<(), StsError> {
        for (name, value) in &self.values {
            let (first, rest) = name.split_once('.').unwrap_or((name, ""));
            let is_element = rest
                .strip_prefix("member.")
                .and_then(|rest| rest.split('.').next()?.parse::<u32>().ok())
                .is_some();
            let is_empty = rest.is_empty() && value.is_empty();
            if LISTS.contains(&first) && !is_element && !is_empty {
                let message = "Top level element may not be treated as a list";
                return Err(StsError::MalformedInput(message));
            }
            if TEXTS.contains(&first) && !rest.is_empty() {
                let message = "Start of list found where not expected";
                return Err(StsError::MalformedInput(message));
            }
        }
        Ok(())
    }

    /// A value as it came.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A value that must be there. Notes what is wrong with it; the caller goes on with an empty
    /// one until [`Form::checked`].
    pub(super) fn required(&mut self, name: &str, length: [usize; 2], of: Alphabet) -> String {
        if self.get(name).is_none() {
            self.break_null(name);
        }
        self.optional(name, length, of).unwrap_or_default()
    }

    /// A value that may be there. Notes what is wrong with it.
    pub(super) fn optional(
        &mut self,
        name: &str,
        length: [usize; 2],
        of: Alphabet,
    ) -> Option<String> {
        let value = self.get(name)?.to_owned();
        self.check(name, &value, length, of);
        Some(value)
    }

    /// A number that may be there, within a range.
    pub(super) fn number(&mut self, name: &str, range: [u32; 2]) -> Option<u32> {
        let text = self.get(name)?.to_owned();
        let Ok(number) = text.parse::<i64>() else {
            self.broken.push(format!(
                "Value '{text}' at '{}' failed to satisfy constraint: Member must be an integer",
                member(name)
            ));
            return None;
        };
        let [least, most] = range;
        if number < i64::from(least) {
            self.break_rule(
                name,
                &text,
                &format!("Member must have value greater than or equal to {least}"),
            );
        } else if number > i64::from(most) {
            self.break_rule(
                name,
                &text,
                &format!("Member must have value less than or equal to {most}"),
            );
        }
        u32::try_from(number).ok()
    }

    /// The elements of a list, `<name>.member.1` and so on, as the names of their parameters.
    pub(super) fn list(&mut self, name: &str, most: usize) -> Vec<String> {
        let prefix = format!("{name}.member.");
        let mut numbers: Vec<u32> = self
            .values
            .keys()
            .filter_map(|key| key.strip_prefix(&prefix)?.split('.').next()?.parse().ok())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() > most {
            self.break_rule(
                name,
                "[…]",
                &format!("Member must have length less than or equal to {most}"),
            );
            numbers.truncate(most);
        }
        let element = |number: u32| format!("{prefix}{number}");
        numbers.into_iter().map(element).collect()
    }

    /// Fails when a constraint was broken.
    pub(super) fn checked(&self) -> Result<(), StsError> {
        let count = self.broken.len();
        if count == 0 {
            return Ok(());
        }
        let plural = if count == 1 { "" } else { "s" };
        Err(StsError::Validation(format!(
            "{count} validation error{plural} detected: {}",
            self.broken.join("; ")
        )))
    }

    fn check(&mut self, name: &str, value: &str, [least, most]: [usize; 2], of: Alphabet) {
        let length = value.chars().count();
        if length < least {
            let rule = format!("Member must have length greater than or equal to {least}");
            self.break_rule(name, value, &rule);
        }
        if length > most {
            let rule = format!("Member must have length less than or equal to {most}");
            self.break_rule(name, value, &rule);
        }
        if !value.chars().all(of.has) {
            let rule = format!(
                "Member must satisfy regular expression pattern: {}",
                of.pattern
            );
            self.break_rule(name, value, &rule);
        }
    }

    fn break_null(&mut self, name: &str) {
        self.broken.push(format!(
            "Value null at '{}' failed to satisfy constraint: Member must not be null",
            member(name)
        ));
    }

    fn break_rule(&mut self, name: &str, value: &str, rule: &str) {
        let shown: String = if name == "WebIdentityToken" {
            "***".to_owned()
        } else {
            value.chars().take(256).collect()
        };
        self.broken.push(format!(
            "Value '{shown}' at '{}' failed to satisfy constraint: {rule}",
            member(name)
        ));
    }
}

/// The name of a parameter as messages spell it: `roleArn` for `RoleArn`.
fn member(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}
