//! Functions: pure, offline, and of use before the provider is configured.
//!
//! Whoever adds one writes its arguments as a [`Model`], whose fields are named as the parameters
//! of its [`Signature`] are, and an implementation of [`Function`].

use std::collections::BTreeMap;

use super::model::{Model, ModelError};
use super::value::{Type, Value};

/// What a function takes and gives.
#[derive(Clone, Debug)]
pub struct Signature {
    /// One sentence, plain text.
    pub summary: &'static str,
    /// Markdown.
    pub description: &'static str,
    /// In order.
    pub parameters: Vec<Parameter>,
    /// The type of what it returns.
    pub returns: Type,
}

/// One parameter of a [`Signature`].
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// Whether null is an argument. Unknown values never are: hosts do not call then.
    pub nullable: bool,
    /// Markdown.
    pub description: &'static str,
}

/// Why a function has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// What is wrong, without a full stop at the end: the host continues the sentence and ends it.
    pub text: String,
    /// The parameter it is about, by name.
    pub parameter: Option<&'static str>,
}

/// A function.
pub trait Function: Send + Sync + 'static {
    /// Its arguments as a struct.
    type Arguments: Model;

    /// What it takes and gives. Constant.
    fn signature(&self) -> Signature;

    /// Computes. The same arguments always give the same result.
    ///
    /// # Errors
    ///
    /// The arguments have none.
    fn call(&self, arguments: Self::Arguments) -> Result<Value, FunctionError>;
}

/// A [`Function`] on untyped values, as the protocol layer drives it.
pub trait DynFunction: Send + Sync {
    /// As [`Function::signature`].
    fn signature(&self) -> Signature;

    /// As [`Function::call`], with arguments in the order of the parameters, one for each.
    ///
    /// # Errors
    ///
    /// As [`Function::call`].
    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError>;
}

/// Makes a [`DynFunction`] of a [`Function`].
#[derive(Debug)]
pub struct ValueFunction<F>(pub F);

impl<F: Function> DynFunction for ValueFunction<F> {
    fn signature(&self) -> Signature {
        self.0.signature()
    }

    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        let parameters = self.0.signature().parameters;
        let names = parameters
            .into_iter()
            .map(|parameter| parameter.name.to_owned());
        let object: BTreeMap<String, Value> = names.zip(arguments).collect();
        let arguments = F::Arguments::from_object(&object).map_err(defect)?;
        self.0.call(arguments)
    }
}

impl FunctionError {
    /// Something is wrong with an argument.
    #[must_use]
    pub fn about(parameter: &'static str, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            parameter: Some(parameter),
        }
    }
}

fn defect(error: ModelError) -> FunctionError {
    FunctionError {
        text: format!(
            "The provider received an argument that the function does not take: {error}. This is \
             a defect of the provider. Please report it with the version of the provider and of \
             Terraform."
        ),
        parameter: None,
    }
}
