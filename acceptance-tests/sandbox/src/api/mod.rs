//! The API of Amazon ECR Public: all 23 operations of its service model of 2020-10-30.
//!
//! AWS JSON 1.1: a POST with the operation in `X-Amz-Target`, signed for `ecr-public` in us-east-1.
//!
//! # Invariants
//!
//! - Protocol, signature, parameters, permission and existence are checked in this order, so nobody
//!   learns what exists without the permission to look.
//! - What the service model does not allow never reaches the store.

mod call;
mod catalog;
mod error;
mod images;
mod layers;
mod parameters;
mod registry;
mod render;
mod repositories;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, header};
use http_body_util::Full;

use self::call::{Answer, Call};
use self::error::{ApiError, respond};
use self::parameters::Parameters;
use crate::accounts::Accounts;
use crate::quota::{Metered, Payer, Quotas};
use crate::sigv4::Scope;
use crate::store::Store;
use crate::world::World;

const TARGET_PREFIX: &str = "SpencerFrontendService.";

const SCOPE: Scope = Scope {
    service: "ecr-public",
    has_region: |region| region == "us-east-1",
};

/// Answers one request to the API.
pub(crate) async fn answer(world: &World, request: Request<Bytes>) -> Response<Full<Bytes>> {
    let service = Service {
        accounts: &world.accounts,
        store: &world.store,
        quotas: &world.quotas,
    };
    service.answer(request).await
}

/// What the API works on.
#[derive(Clone, Copy, Debug)]
struct Service<'a> {
    accounts: &'a Accounts,
    store: &'a Store,
    quotas: &'a Quotas,
}

impl Service<'_> {
    async fn answer(self, request: Request<Bytes>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        respond(self.dispatch(&parts, &body).await)
    }

    async fn dispatch(self, parts: &Parts, body: &[u8]) -> Answer {
        let operation = operation(parts)?;
        let caller = self.accounts.authenticate(parts, body, SCOPE)?;
        if let Some(metered) = Metered::named(operation) {
            let payer = Payer::Account(caller.account.clone());
            let admitted = self.quotas.take(payer, metered);
            admitted.map_err(|_| ApiError::Throttling)?;
        }
        let mut call = Call {
            accounts: self.accounts,
            store: self.store,
            caller,
            operation,
            input: Parameters::parse(body)?,
        };
        perform(&mut call).await
    }
}

async fn perform(call: &mut Call<'_>) -> Answer {
    match call.operation {
        "BatchCheckLayerAvailability" => layers::batch_check(call),
        "BatchDeleteImage" => images::batch_delete(call),
        "CompleteLayerUpload" => layers::complete(call).await,
        "CreateRepository" => repositories::create(call),
        "DeleteRepository" => repositories::delete(call),
        "DeleteRepositoryPolicy" => catalog::delete_policy(call),
        "DescribeImageTags" => images::describe_tags(call),
        "DescribeImages" => images::describe(call),
        "DescribeRegistries" => registry::describe(call),
        "DescribeRepositories" => repositories::describe(call),
        "GetAuthorizationToken" => registry::authorization_token(call),
        "GetRegistryCatalogData" => registry::get_catalog(call),
        "GetRepositoryCatalogData" => catalog::get(call),
        "GetRepositoryPolicy" => catalog::get_policy(call),
        "InitiateLayerUpload" => layers::initiate(call),
        "ListTagsForResource" => repositories::list_tags(call),
        "PutImage" => images::put(call),
        "PutRegistryCatalogData" => registry::put_catalog(call),
        "PutRepositoryCatalogData" => catalog::put(call),
        "SetRepositoryPolicy" => catalog::set_policy(call),
        "TagResource" => repositories::tag(call),
        "UntagResource" => repositories::untag(call),
        "UploadLayerPart" => layers::upload_part(call).await,
        other => Err(ApiError::UnknownOperation(
            other.chars().take(128).collect(),
        )),
    }
}

/// The operation asked for, when this is a request of the protocol.
fn operation(parts: &Parts) -> Result<&str, ApiError> {
    let text = |name: header::HeaderName| parts.headers.get(name)?.to_str().ok();
    let is_json = text(header::CONTENT_TYPE).is_some_and(|content_type| {
        let (essence, _) = content_type.split_once(';').unwrap_or((content_type, ""));
        essence.trim() == "application/x-amz-json-1.1"
    });
    let target = text(header::HeaderName::from_static("x-amz-target"));
    match target {
        Some(target) if is_json && parts.method == Method::POST && parts.uri.path() == "/" => {
            let operation = target.strip_prefix(TARGET_PREFIX);
            operation.ok_or_else(|| ApiError::UnknownOperation(target.chars().take(128).collect()))
        }
        _ => Err(ApiError::UnknownProtocol),
    }
}
