//! What practitioners declare with a block: a schema, and a check without asking anybody.

use super::diagnostics::Diagnostics;
use super::schema::Schema;
use super::value::Value;

/// What data sources, ephemeral resources and their like have in common, on untyped values.
pub trait DynDeclared: Send + Sync {
    /// Its contents. Constant.
    fn schema(&self) -> Schema;

    /// Checks a configuration offline. Unknown values pass.
    fn validate(&self, config: &Value) -> Diagnostics;
}

/// Makes [`DynDeclared`] of the methods `schema` and `validate` of a typed trait.
macro_rules! declared {
    ($wrapper:ident, $kind:ident, $model:ident) => {
        impl<T: $kind> crate::tf::DynDeclared for $wrapper<T> {
            fn schema(&self) -> crate::tf::Schema {
                self.0.schema()
            }

            fn validate(&self, config: &crate::tf::Value) -> crate::tf::Diagnostics {
                match crate::tf::model::required::<T::$model>(config) {
                    Ok(config) => self.0.validate(&config),
                    Err(error) => crate::tf::model::mismatch(&error).into(),
                }
            }
        }
    };
}

pub(super) use declared;
