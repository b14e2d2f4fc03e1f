//! The verbs of the resource, each in its own module.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;

use crate::task::Context;
use crate::tf::{
    Applied, ApplyRequest, Diagnostic, Diagnostics, IdentitySchema, ImportRequest, Imported,
    PlanRequest, Planned, ReadRequest, ReadResponse, Resource, Schema, Value,
};

use super::super::connection::Connection;
use super::super::diagnose;
use super::super::known;
use super::super::planned_tags::{PlannedImage, PlannedTag, PlannedTags};
use super::model::MirroredImage;
use super::private::Private;
use super::{apply, follow, import, import_id, plan, read, remove, schema, validate};

/// The kind of object that `ecrpublic_mirrored_image` manages.
#[derive(Clone, Debug)]
pub(crate) struct MirroredImages {
    /// The way out, once there is one.
    pub(crate) connection: Arc<Connection>,
}

#[async_trait]
impl Resource for MirroredImages {
    type Model = MirroredImage;

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(schema::identity_schema())
    }

    fn identity(&self, model: &MirroredImage) -> Value {
        import_id::identity(&model.id)
    }

    fn validate(&self, config: &MirroredImage) -> Diagnostics {
        validate::validate(config)
    }

    async fn plan(
        &self,
        cx: &Context,
        request: PlanRequest<MirroredImage>,
    ) -> Planned<MirroredImage> {
        let Some(clients) = self.connection.clients() else {
            return plan::plan(None, None, request);
        };
        let (seen, diagnostic) = match plan::new_source(&request) {
            Some(source) => follow::look_ahead(cx, &clients, &source).boxed().await,
            None => (None, None),
        };
        let costs = follow::costs(&request, seen.as_ref());
        let mut planned = plan::plan(Some(&clients.facts), seen.as_ref(), request);
        planned.diagnostics.extend(diagnostic);
        let clash = clash(&clients.planned_tags, &planned.state);
        planned.diagnostics.extend(clash);
        let shortage = follow::too_costly(&clients, &planned.state, seen.as_ref(), costs);
        planned.diagnostics.extend(shortage);
        planned
    }

    async fn apply(
        &self,
        cx: &Context,
        request: ApplyRequest<MirroredImage>,
    ) -> Applied<MirroredImage> {
        let private = Private::read(&request.planned_private);
        let Some(clients) = self.connection.clients() else {
            return Applied {
                state: request.prior,
                private: request.planned_private,
                diagnostics: diagnose::not_configured().into(),
            };
        };
        clients.pulls.apply_begins();
        match (request.prior, request.planned) {
            (None, Some(planned)) => apply::create(cx, &clients, planned, private).boxed().await,
            (Some(prior), Some(planned)) => {
                apply::update(cx, &clients, prior, planned, private)
                    .boxed()
                    .await
            }
            (Some(prior), None) => remove::delete(cx, &clients, prior, &private).boxed().await,
            (None, None) => Applied {
                state: None,
                private: Vec::new(),
                diagnostics: Diagnostics::new(),
            },
        }
    }

    /// Without a configured provider nobody can be asked, and what was known stays.
    async fn read(
        &self,
        cx: &Context,
        request: ReadRequest<MirroredImage>,
    ) -> ReadResponse<MirroredImage> {
        match self.connection.clients() {
            Some(clients) => read::read(cx, &clients, request).boxed().await,
            None => ReadResponse {
                state: Some(request.current.with_defaults()),
                private: request.private,
                diagnostics: Diagnostics::new(),
            },
        }
    }

    async fn import(&self, cx: &Context, request: ImportRequest) -> Imported<MirroredImage> {
        match self.connection.clients() {
            Some(clients) => import::import(cx, &clients, request.target).boxed().await,
            None => Imported {
                state: None,
                private: Vec::new(),
                diagnostics: diagnose::not_configured().into(),
            },
        }
    }
}

/// What another instance of this run plans to have behind the tags of this one.
fn clash(planned: &PlannedTags, state: &MirroredImage) -> Option<Diagnostic> {
    let (account, repository) = (state.account_id.known()?, state.repository.known()?);
    let image = PlannedImage {
        source: state.reference()?,
        platforms: known::texts(&state.platforms)?,
    };
    let tags = known::texts(&state.image_tags)?.into_iter();
    let mut tags = tags.map(|tag| PlannedTag {
        account: account.clone(),
        repository: repository.clone(),
        tag,
    });
    tags.find_map(|tag| {
        let first = planned.plan(tag.clone(), &image)?;
        Some(diagnose::planned_twice(&tag, &image, &first))
    })
}
