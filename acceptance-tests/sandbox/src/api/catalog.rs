//! What the public gallery shows, and repository policies.

use bytes::Bytes;
use serde_json::json;

use super::call::{Answer, Call};
use super::error::ApiError;
use super::parameters::Parameters;
use super::render;
use crate::policy::{PolicyDocument, Query, Verdict};
use crate::store::CatalogData;

/// Reads `RepositoryCatalogDataInput`.
pub(super) fn read(mut input: Parameters) -> Result<CatalogData, ApiError> {
    let list = |name| input.texts(name, (0, 50), (1, 50));
    Ok(CatalogData {
        description: input.text("description", (0, 1024))?,
        architectures: list("architectures")?.unwrap_or_default(),
        operating_systems: list("operatingSystems")?.unwrap_or_default(),
        about_text: input.text("aboutText", (0, 25_600))?,
        usage_text: input.text("usageText", (0, 25_600))?,
        logo: input.blob("logoImageBlob", 512_000)?.map(Bytes::from),
    })
}

/// GetRepositoryCatalogData.
pub(super) fn get(call: &mut Call<'_>) -> Answer {
    let place = call.place()?;
    call.authorize(&place)?;
    let catalog = call.store.catalog(&place.account, &place.repository)?;
    Ok(json!({ "catalogData": render::catalog(&place, &catalog) }))
}

/// PutRepositoryCatalogData. Replaces what was there.
pub(super) fn put(call: &mut Call<'_>) -> Answer {
    let place = call.place()?;
    let input = call.input.structure("catalogData")?;
    let catalog = read(input.ok_or_else(|| ApiError::missing("catalogData"))?)?;
    call.authorize(&place)?;
    let catalog = call
        .store
        .put_catalog(&place.account, &place.repository, catalog)?;
    Ok(json!({ "catalogData": render::catalog(&place, &catalog) }))
}

/// GetRepositoryPolicy.
pub(super) fn get_policy(call: &mut Call<'_>) -> Answer {
    let place = call.place()?;
    call.authorize(&place)?;
    let text = call.store.policy(&place.account, &place.repository)?;
    Ok(policy_answer(&place, &text))
}

/// SetRepositoryPolicy. Without `force`, a policy that would keep the caller from setting the next
/// one is refused.
pub(super) fn set_policy(call: &mut Call<'_>) -> Answer {
    let place = call.place()?;
    let text = call.input.required_text("policyText", (0, 10_240))?;
    let force = call.input.flag("force")?;
    call.authorize(&place)?;
    let refuse = |constraint: String| ApiError::invalid("PolicyText", constraint);
    let policy = PolicyDocument::parse(&text)
        .map_err(|cause| refuse(format!("Invalid repository policy provided: {cause}")))?;
    let facts = call.accounts.facts(&call.caller);
    let query = Query {
        action: "ecr-public:SetRepositoryPolicy",
        resource: &place.arn(),
        facts: &facts,
    };
    let locks_out = policy.as_resource_policy(query, call.caller.as_caller()) == Verdict::Deny;
    if locks_out && !force {
        let constraint = "must not prevent the caller from setting the policy unless forced";
        return Err(refuse(constraint.to_owned()));
    }
    call.store
        .set_policy(&place.account, &place.repository, &text)?;
    Ok(policy_answer(&place, &text))
}

/// DeleteRepositoryPolicy.
pub(super) fn delete_policy(call: &mut Call<'_>) -> Answer {
    let place = call.place()?;
    call.authorize(&place)?;
    let text = call
        .store
        .delete_policy(&place.account, &place.repository)?;
    Ok(policy_answer(&place, &text))
}

fn policy_answer(place: &crate::store::Place, text: &str) -> serde_json::Value {
    json!({
        "registryId": place.account,
        "repositoryName": place.repository,
        "policyText": text,
    })
}
