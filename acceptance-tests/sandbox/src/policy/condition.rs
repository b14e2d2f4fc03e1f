//! The `Condition` element.

use serde_json::Value;

use super::document::{MalformedPolicy, strings};
use super::evaluate::Facts;
use super::glob;

/// One operator applied to one key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    quantifier: Quantifier,
    comparison: Comparison,
    is_negated: bool,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Quantifier {
    Single,
    AllValues,
    AnyValue,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Exact,
    IgnoreCase,
    Like,
    Bool,
    Null,
}

/// Reads the whole element.
pub(super) fn parse(element: &Value) -> Result<Vec<Condition>, MalformedPolicy> {
    let operators = element.as_object().ok_or(MalformedPolicy::Condition)?;
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let keys = keys.as_object().ok_or(MalformedPolicy::Condition)?;
        for (key, values) in keys {
            let mut condition = operator_named(operator)?;
            condition.key = key.to_ascii_lowercase();
            condition.values = strings(values).ok_or(MalformedPolicy::Condition)?;
            conditions.push(condition);
        }
    }
    Ok(conditions)
}

fn operator_named(name: &str) -> Result<Condition, MalformedPolicy> {
    let (quantifier, rest) = match name.split_once(':') {
        Some(("ForAllValues", rest)) => (Quantifier::AllValues, rest),
        Some(("ForAnyValue", rest)) => (Quantifier::AnyValue, rest),
        _ => (Quantifier::Single, name),
    };
    let (base, if_exists) = match rest.strip_suffix("IfExists") {
        Some(base) => (base, true),
        None => (rest, false),
    };
    let (comparison, is_negated) = match base {
        "StringEquals" => (Comparison::Exact, false),
        "StringNotEquals" => (Comparison::Exact, true),
        "StringEqualsIgnoreCase" => (Comparison::IgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Comparison::IgnoreCase, true),
        "StringLike" | "ArnLike" | "ArnEquals" => (Comparison::Like, false),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (Comparison::Like, true),
        "Bool" => (Comparison::Bool, false),
        "Null" => (Comparison::Null, false),
        _ => return Err(MalformedPolicy::Operator(name.chars().take(64).collect())),
    };
    Ok(Condition {
        quantifier,
        comparison,
        is_negated,
        if_exists,
        key: String::new(),
        values: Vec::new(),
    })
}

impl Condition {
    /// Whether the facts of a request satisfy it.
    pub(super) fn holds(&self, facts: &Facts) -> bool {
        let present = facts.values(&self.key);
        if self.comparison == Comparison::Null {
            let wants_absence = self.values.iter().any(|value| value == "true");
            return present.is_empty() == wants_absence;
        }
        if present.is_empty() {
            return self.if_exists
                || match self.quantifier {
                    Quantifier::Single => self.is_negated,
                    Quantifier::AllValues => true,
                    Quantifier::AnyValue => false,
                };
        }
        let fits = |value: &String| self.matches_any(value, facts) != self.is_negated;
        match self.quantifier {
            Quantifier::AllValues => present.iter().all(fits),
            Quantifier::AnyValue => present.iter().any(fits),
            Quantifier::Single if self.is_negated => present.iter().all(fits),
            Quantifier::Single => present.iter().any(fits),
        }
    }

    fn matches_any(&self, value: &str, facts: &Facts) -> bool {
        self.values
            .iter()
            .filter_map(|wanted| facts.expand(wanted))
            .any(|wanted| match self.comparison {
                Comparison::Exact => wanted == value,
                Comparison::IgnoreCase | Comparison::Bool => wanted.eq_ignore_ascii_case(value),
                Comparison::Like => glob::matches(&wanted, value),
                Comparison::Null => false,
            })
    }
}
