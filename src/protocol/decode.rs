//! From protobuf to [`tf`](crate::tf).

use super::tfplugin6 as proto;
use crate::tf::wire::{self, WireError};
use crate::tf::{ClientCapabilities, Diagnostic, Type, Value};

/// A value of a type. Absent is null.
pub(super) fn value(
    dynamic: Option<&proto::DynamicValue>,
    kind: &Type,
    what: &str,
) -> Result<Value, Diagnostic> {
    let decoded = match dynamic {
        None => Ok(Value::Null),
        Some(dynamic) if !dynamic.msgpack.is_empty() => wire::from_msgpack(&dynamic.msgpack, kind),
        Some(dynamic) if !dynamic.json.is_empty() => wire::from_json(&dynamic.json, kind),
        Some(_) => Ok(Value::Null),
    };
    decoded.map_err(|error| unreadable(what, &error))
}

/// The same, with `None` for null.
pub(super) fn object(
    dynamic: Option<&proto::DynamicValue>,
    kind: &Type,
    what: &str,
) -> Result<Option<Value>, Diagnostic> {
    let value = value(dynamic, kind, what)?;
    Ok(Some(value).filter(|value| !value.is_null()))
}

/// The JSON of stored state or of a stored identity.
pub(super) fn stored<'a>(
    raw: Option<&'a proto::RawState>,
    what: &str,
) -> Result<&'a [u8], Diagnostic> {
    match raw {
        Some(raw) if !raw.json.is_empty() => Ok(&raw.json),
        Some(raw) if !raw.flatmap.is_empty() => Err(Diagnostic::error("State is too old")
            .detail(format!(
                "The {what} was written by Terraform 0.11 or earlier, in a form that the provider \
                 cannot read."
            ))
            .hint("Apply once with Terraform 0.12 to 1.0, which rewrites it.")),
        _ => Err(Diagnostic::error("State is empty")
            .detail(format!("Terraform sent no {what} to read."))),
    }
}

/// What the host can do.
pub(super) fn capabilities(client: Option<&proto::ClientCapabilities>) -> ClientCapabilities {
    ClientCapabilities {
        store_planned_private: client.is_some_and(|client| client.store_planned_private),
    }
}

/// A value that does not have the type that the schema gives it.
pub(super) fn unreadable(what: &str, error: &WireError) -> Diagnostic {
    Diagnostic::error("Value cannot be read").detail(format!(
        "The {what} does not match the schema of the provider: {error}."
    ))
}
