//! Calls that are noted in the activity of a copy: the SDK tries again by itself, so each try is
//! seen only from inside.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::task::{Context, Waiting};

use super::clients::Call;

/// Notes every try of a call.
#[derive(Debug)]
pub(super) struct Noted(pub(super) Context);

impl Intercept for Noted {
    fn name(&self) -> &'static str {
        "Noted"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.note_request();
        let tries = bag.load::<RequestAttempts>().map(RequestAttempts::attempts);
        if tries.is_some_and(|tries| tries > 1) {
            self.0.note_retry();
        }
        Ok(())
    }
}

impl Call {
    /// Says that somebody waits for the answer.
    pub(super) fn awaited(&self, cx: &Context) -> Waiting {
        let (_, host) = self.address();
        cx.waits_for(format!("an answer of `{host}`, {}", self.action))
    }
}
