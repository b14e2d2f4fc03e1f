//! Functions by name: arguments in, a result or an error out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::call::Answer;
use super::tfplugin6 as proto;
use super::{decode, encode};
use crate::tf::{Diagnostic, DynFunction, FunctionError, Offered, Signature, Value};

/// Everything the provider computes.
pub(super) struct Functions(HashMap<&'static str, Arc<dyn DynFunction>>);

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Functions {
    /// From what the provider offers.
    pub(super) fn new(offered: Offered<dyn DynFunction>) -> Self {
        Self(offered.into_iter().collect())
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(|name| (*name).to_owned())
    }

    /// All signatures by name.
    pub(super) fn signatures(&self) -> HashMap<String, proto::Function> {
        let signatures = self
            .0
            .iter()
            .map(|(name, function)| ((*name).to_owned(), encode::signature(&function.signature())));
        signatures.collect()
    }

    pub(super) fn call(
        &self,
        request: &proto::call_function::Request,
    ) -> Result<proto::call_function::Response, Diagnostic> {
        let function = self.0.get(request.name.as_str()).ok_or_else(|| {
            Diagnostic::error("Function not supported")
                .detail(format!("The provider has no function `{}`.", request.name))
        })?;
        let signature = function.signature();
        let arguments = arguments(&signature, &request.arguments)?;
        Ok(match function.call(arguments) {
            Ok(result) => proto::call_function::Response {
                result: Some(
                    encode::value(&result, &signature.returns)
                        .map_err(|error| encode::unwritable("result", &error))?,
                ),
                error: None,
            },
            Err(error) => proto::call_function::Response {
                result: None,
                error: Some(told(&signature, error)),
            },
        })
    }
}

/// One value for each parameter. A host checks most of this before it calls.
fn arguments(
    signature: &Signature,
    sent: &[proto::DynamicValue],
) -> Result<Vec<Value>, Diagnostic> {
    let parameters = &signature.parameters;
    if parameters.len() != sent.len() {
        return Err(
            Diagnostic::error("Wrong number of arguments").detail(format!(
                "The function takes {} arguments and was given {}.",
                parameters.len(),
                sent.len()
            )),
        );
    }
    let decoded = parameters.iter().zip(sent).map(|(parameter, sent)| {
        let what = format!("argument `{}`", parameter.name);
        let value = decode::value(Some(sent), &parameter.kind, &what)?;
        let is_missing = value.has_unknown() || (value.is_null() && !parameter.nullable);
        match is_missing {
            false => Ok(value),
            true => Err(Diagnostic::error("Argument is missing")
                .detail(format!("The {what} is null or not known yet."))),
        }
    });
    decoded.collect()
}

fn told(signature: &Signature, error: FunctionError) -> proto::FunctionError {
    let mut names = signature.parameters.iter().map(|parameter| parameter.name);
    let position = error
        .parameter
        .and_then(|about| names.position(|name| name == about));
    proto::FunctionError {
        text: error.text,
        function_argument: position.and_then(|position| i64::try_from(position).ok()),
    }
}

/// An error of a function has one text, and the host writes the summary.
impl Answer for proto::call_function::Response {
    fn diagnostics(&self) -> Cow<'_, [proto::Diagnostic]> {
        let said = self.error.iter().map(|error| proto::Diagnostic {
            severity: proto::diagnostic::Severity::Error.into(),
            summary: "Error in function call".to_owned(),
            detail: error.text.clone(),
            attribute: None,
        });
        Cow::Owned(said.collect())
    }

    fn fail(&mut self, failure: &Diagnostic) {
        self.result = None;
        self.error = Some(proto::FunctionError {
            text: format!("{}.\n\n{}", failure.summary(), failure.text()),
            function_argument: None,
        });
    }
}
