//! Data sources and ephemeral resources: a request in, an answer out.

use super::declared::Known;
use super::tfplugin6 as proto;
use crate::task::Context;
use crate::tf::{Diagnostic, DynDataSource, DynEphemeralResource};

impl Known<'_, dyn DynDataSource> {
    pub(super) async fn read(
        &self,
        cx: &Context,
        request: &proto::read_data_source::Request,
    ) -> Result<proto::read_data_source::Response, Diagnostic> {
        let config = self.config(request.config.as_ref())?;
        let found = self.object.read(cx, config).await?;
        Ok(proto::read_data_source::Response {
            state: Some(self.result(&found)?),
            ..Default::default()
        })
    }
}

impl Known<'_, dyn DynEphemeralResource> {
    /// Without a time at which to renew it: it lasts by itself.
    pub(super) async fn open(
        &self,
        cx: &Context,
        request: &proto::open_ephemeral_resource::Request,
    ) -> Result<proto::open_ephemeral_resource::Response, Diagnostic> {
        let config = self.config(request.config.as_ref())?;
        let opened = self.object.open(cx, config).await?;
        Ok(proto::open_ephemeral_resource::Response {
            result: Some(self.result(&opened)?),
            ..Default::default()
        })
    }
}
