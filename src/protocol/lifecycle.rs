//! Which change a call asks for, and the checks that Terraform makes of its result.
//!
//! Terraform would report each breach as well, in words that say less; and where it would throw
//! the result away, what exists stays in state here.

use crate::tf::{Applied, Diagnostic, Path, Type, Value, wire};

/// What is to happen to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// There is none yet.
    Create,
    /// It changes in place.
    Update,
    /// It goes.
    Delete,
}

impl Change {
    /// Told from what was there and what is planned; `None` when nothing was and nothing is.
    pub(super) fn of(prior: Option<&Value>, planned: Option<&Value>) -> Option<Self> {
        match (prior, planned) {
            (None, Some(_)) => Some(Self::Create),
            (Some(_), Some(_)) => Some(Self::Update),
            (Some(_), None) => Some(Self::Delete),
            (None, None) => None,
        }
    }
}

/// Makes the result of a change fit for state, and adds an error for each rule it breaks.
///
/// A result that came with an error is only made fit: it may lack what was planned.
pub(super) fn check(
    change: Change,
    planned: Option<&Value>,
    kind: &Type,
    mut applied: Applied<Value>,
) -> Applied<Value> {
    let failed = applied.diagnostics.has_errors();
    let breach = match (&applied.state, change) {
        _ if failed => None,
        (None, Change::Create | Change::Update) => Some(broken(
            "The change succeeded, but the provider returned no state.".to_owned(),
        )),
        (Some(_), Change::Delete) => Some(broken(
            "The object was deleted, but the provider returned a state.".to_owned(),
        )),
        (None, Change::Delete) => None,
        (Some(state), Change::Create | Change::Update) => contradiction(
            planned.unwrap_or(&Value::Null),
            state,
            kind,
            Path::default(),
        )
        .map(|path| broken(described(&path, "differs from what was planned")))
        .or_else(|| {
            unknown(state, Path::default()).map(|path| broken(described(&path, "is still unknown")))
        }),
    };
    applied.diagnostics.extend(breach);
    if let Some(state) = applied.state.take() {
        match wire::conform(state.without_unknowns(), kind) {
            Ok(state) => applied.state = Some(state),
            Err(error) => applied.diagnostics.push(broken(format!(
                "The provider returned a state that its schema does not allow: {error}."
            ))),
        }
    }
    applied
}

fn broken(fact: String) -> Diagnostic {
    Diagnostic::defect("Unexpected result of the change", fact)
}

fn described(path: &Path, fact: &str) -> String {
    if path.steps().is_empty() {
        format!("After the change, the object {fact}.")
    } else {
        format!("After the change, `{path}` {fact}.")
    }
}

/// The first place where a value is unknown.
fn unknown(value: &Value, at: Path) -> Option<Path> {
    match value {
        Value::Unknown => Some(at),
        Value::List(elements) => {
            let mut elements = elements.iter().enumerate();
            elements.find_map(|(position, each)| unknown(each, at.clone().index(position)))
        }
        Value::Map(elements) => elements
            .iter()
            .find_map(|(key, each)| unknown(each, at.clone().attribute(key))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The first place where something known in the plan came out differently.
fn contradiction(planned: &Value, actual: &Value, kind: &Type, at: Path) -> Option<Path> {
    match (planned, actual) {
        (Value::Unknown, _) => None,
        (Value::Number(planned), Value::Number(actual)) if planned.is_same(actual) => None,
        (Value::List(planned), Value::List(actual)) => {
            match kind {
                Type::Set(of) => (!same_set(planned, actual, of)).then_some(at),
                _ if planned.len() != actual.len() => Some(at),
                _ => planned.iter().zip(actual).enumerate().find_map(
                    |(position, (planned, actual))| {
                        let kind = element_type(kind, position);
                        contradiction(planned, actual, kind, at.clone().index(position))
                    },
                ),
            }
        }
        (Value::Map(planned), Value::Map(actual)) => {
            if let Some(extra) = actual.keys().find(|key| !planned.contains_key(*key)) {
                return Some(step(kind, &at, extra));
            }
            planned.iter().find_map(|(key, planned)| {
                let place = step(kind, &at, key);
                match actual.get(key) {
                    Some(actual) => contradiction(planned, actual, member_type(kind, key), place),
                    None => Some(place),
                }
            })
        }
        (planned, actual) => (planned != actual).then_some(at),
    }
}

/// A set may lose elements that turn out equal once they are known, but none may appear.
fn same_set(planned: &[Value], actual: &[Value], of: &Type) -> bool {
    let agrees = |planned: &Value, actual: &Value| {
        contradiction(planned, actual, of, Path::default()).is_none()
    };
    actual.len() <= planned.len()
        && planned
            .iter()
            .all(|planned| actual.iter().any(|actual| agrees(planned, actual)))
        && actual
            .iter()
            .all(|actual| planned.iter().any(|planned| agrees(planned, actual)))
}

fn element_type(kind: &Type, position: usize) -> &Type {
    match kind {
        Type::List(of) => of,
        Type::Tuple(of) => of.get(position).unwrap_or(&Type::Dynamic),
        _ => &Type::Dynamic,
    }
}

fn member_type<'t>(kind: &'t Type, key: &str) -> &'t Type {
    match kind {
        Type::Map(of) => of,
        Type::Object(attributes) => attributes.get(key).unwrap_or(&Type::Dynamic),
        _ => &Type::Dynamic,
    }
}

fn step(kind: &Type, at: &Path, key: &str) -> Path {
    match kind {
        Type::Map(_) => at.clone().key(key),
        _ => at.clone().attribute(key),
    }
}

#[cfg(test)]
mod tests;
