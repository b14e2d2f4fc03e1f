//! Reading policy documents.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::condition::{self, Condition};

/// A policy as IAM writes it. Serialises to the JSON it was read from.
///
/// IAM User Guide, *Grammar of the IAM JSON policy language*. `NotPrincipal` and the numeric, date,
/// binary and IP operators are refused: the sandbox has no use for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct PolicyDocument {
    json: Value,
    pub(super) statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    pub(super) allows: bool,
    pub(super) principals: Option<Principals>,
    pub(super) actions: Patterns,
    pub(super) resources: Option<Patterns>,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Principals {
    pub(super) aws: Vec<String>,
    pub(super) federated: Vec<String>,
    pub(super) service: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patterns {
    pub(super) is_negated: bool,
    pub(super) patterns: Vec<String>,
}

/// The text is not a policy that IAM (or the sandbox) accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPolicy {
    /// Not JSON.
    #[error("the policy is not valid JSON")]
    Json,
    /// Not an object with `Version` and `Statement`.
    #[error("a policy is an object with `Version` and at least one `Statement`")]
    Form,
    /// A version that does not exist.
    #[error("the version of a policy is 2012-10-17 or 2008-10-17")]
    Version,
    /// An element that does not exist.
    #[error("unknown or unsupported policy element {0:?}")]
    Element(String),
    /// Neither `Allow` nor `Deny`.
    #[error("the effect of a statement is Allow or Deny")]
    Effect,
    /// No action, or both kinds, or a malformed one.
    #[error("a statement has either `Action` or `NotAction`, each `*` or `service:Name`")]
    Action,
    /// Both kinds, or not strings.
    #[error("a statement has either `Resource` or `NotResource`, each a string or a list of them")]
    Resource,
    /// A principal of unknown form.
    #[error("`Principal` is `*`, or an object of AWS, Federated and Service")]
    Principal,
    /// A condition of unknown form.
    #[error("`Condition` maps operators to keys to values")]
    Condition,
    /// A condition operator the sandbox cannot evaluate.
    #[error("unknown or unsupported condition operator {0:?}")]
    Operator(String),
}

impl PolicyDocument {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// Says which element is wrong.
    pub fn parse(text: &str) -> Result<Self, MalformedPolicy> {
        let json: Value = serde_json::from_str(text).map_err(|_| MalformedPolicy::Json)?;
        Self::try_from(json)
    }

    /// An identity policy that allows these actions on one resource pattern.
    ///
    /// # Errors
    ///
    /// One of the actions is not of the form `service:Name`.
    pub fn allow(actions: &[&str], resource: &str) -> Result<Self, MalformedPolicy> {
        Self::try_from(json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": resource }],
        }))
    }

    /// An identity policy that allows everything.
    #[must_use]
    pub fn administrator() -> Self {
        Self::single(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }))
    }

    /// A trust policy: these principals may assume the role, pass session tags and set a source
    /// identity.
    #[must_use]
    pub fn trust(principals: &[&str]) -> Self {
        Self::single(json!({
            "Effect": "Allow",
            "Principal": { "AWS": principals },
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        }))
    }

    /// A trust policy: these principals may assume the role when they present the external id.
    #[must_use]
    pub fn trust_with_external_id(principals: &[&str], external_id: &str) -> Self {
        Self::single(json!({
            "Effect": "Allow",
            "Principal": { "AWS": principals },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "sts:ExternalId": external_id } },
        }))
    }

    /// The document as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.json.to_string()
    }

    fn single(statement: Value) -> Self {
        let json = json!({ "Version": "2012-10-17", "Statement": [statement] });
        // The constructors above write documents this module reads; a test holds them to it.
        let statements = statements(&json).unwrap_or_default();
        Self { json, statements }
    }
}

impl TryFrom<Value> for PolicyDocument {
    type Error = MalformedPolicy;

    fn try_from(json: Value) -> Result<Self, MalformedPolicy> {
        let statements = statements(&json)?;
        Ok(Self { json, statements })
    }
}

impl From<PolicyDocument> for Value {
    fn from(document: PolicyDocument) -> Self {
        document.json
    }
}

/// One string or a list of strings. Booleans and numbers count as their text, as IAM has it.
pub(super) fn strings(value: &Value) -> Option<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Array(items) => items.iter().map(one).collect(),
        other => one(other).map(|text| vec![text]),
    }
}

fn statements(json: &Value) -> Result<Vec<Statement>, MalformedPolicy> {
    let document = json.as_object().ok_or(MalformedPolicy::Form)?;
    known_only(document, &["Version", "Id", "Statement"])?;
    match document.get("Version").map(Value::as_str) {
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        Some(_) => return Err(MalformedPolicy::Version),
    }
    match document.get("Statement") {
        Some(Value::Array(list)) if !list.is_empty() => list.iter().map(statement).collect(),
        Some(one @ Value::Object(_)) => Ok(vec![statement(one)?]),
        _ => Err(MalformedPolicy::Form),
    }
}

fn statement(json: &Value) -> Result<Statement, MalformedPolicy> {
    let element = json.as_object().ok_or(MalformedPolicy::Form)?;
    known_only(
        element,
        &[
            "Sid",
            "Effect",
            "Principal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ],
    )?;
    let allows = match element.get("Effect").and_then(Value::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err(MalformedPolicy::Effect),
    };
    let actions =
        patterns(element, "Action", MalformedPolicy::Action)?.ok_or(MalformedPolicy::Action)?;
    let well_formed = |action: &String| action == "*" || action.split(':').count() == 2;
    if !actions.patterns.iter().all(well_formed) {
        return Err(MalformedPolicy::Action);
    }
    Ok(Statement {
        allows,
        principals: element.get("Principal").map(principals).transpose()?,
        actions,
        resources: patterns(element, "Resource", MalformedPolicy::Resource)?,
        conditions: match element.get("Condition") {
            Some(conditions) => condition::parse(conditions)?,
            None => Vec::new(),
        },
    })
}

/// The element `name`, or its negation `Not<name>`, but not both.
fn patterns(
    element: &Map<String, Value>,
    name: &str,
    malformed: MalformedPolicy,
) -> Result<Option<Patterns>, MalformedPolicy> {
    let (value, is_negated) = match (element.get(name), element.get(&format!("Not{name}"))) {
        (None, None) => return Ok(None),
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (Some(_), Some(_)) => return Err(malformed),
    };
    let patterns = strings(value).ok_or(malformed)?;
    Ok(Some(Patterns {
        is_negated,
        patterns,
    }))
}

fn principals(value: &Value) -> Result<Principals, MalformedPolicy> {
    if value == "*" {
        return Ok(Principals {
            aws: vec!["*".to_owned()],
            ..Principals::default()
        });
    }
    let kinds = value.as_object().ok_or(MalformedPolicy::Principal)?;
    let mut principals = Principals::default();
    for (kind, names) in kinds {
        let names = strings(names).ok_or(MalformedPolicy::Principal)?;
        match kind.as_str() {
            "AWS" => principals.aws = names,
            "Federated" => principals.federated = names,
            "Service" => principals.service = names,
            _ => return Err(MalformedPolicy::Principal),
        }
    }
    Ok(principals)
}

fn known_only(object: &Map<String, Value>, known: &[&str]) -> Result<(), MalformedPolicy> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(stranger) => Err(MalformedPolicy::Element(
            stranger.chars().take(64).collect(),
        )),
        None => Ok(()),
    }
}
