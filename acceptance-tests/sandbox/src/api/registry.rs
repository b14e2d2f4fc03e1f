//! The registry of an account, and logging in to it.

use serde_json::json;

use super::call::{Answer, Call};
use super::render;
use crate::accounts::{Alias, Resource};

/// DescribeRegistries. An account has one registry, so there is one page.
pub(super) fn describe(call: &mut Call<'_>) -> Answer {
    call.input.page()?;
    call.authorize_own(&call.registry_arn())?;
    let account = &call.caller.account;
    call.notice_registry(account);
    let aliases = call.accounts.aliases(account);
    let primary = aliases.iter().find(|alias| alias.is_primary);
    let uri = primary.map_or_else(String::new, |alias| {
        format!("public.ecr.aws/{}", alias.name)
    });
    let shown = aliases.iter().map(|alias: &Alias| {
        json!({
            "name": alias.name,
            "status": alias.status,
            "primaryRegistryAlias": alias.is_primary,
            "defaultRegistryAlias": alias.is_default,
        })
    });
    Ok(json!({
        "registries": [{
            "registryId": account,
            "registryArn": call.registry_arn(),
            "registryUri": uri,
            "verified": false,
            "aliases": shown.collect::<Vec<_>>(),
        }],
    }))
}

/// GetRegistryCatalogData.
pub(super) fn get_catalog(call: &mut Call<'_>) -> Answer {
    call.authorize_own(&call.registry_arn())?;
    let name = call.store.display_name(&call.caller.account);
    Ok(json!({ "registryCatalogData": render::structure(json!({ "displayName": name })) }))
}

/// PutRegistryCatalogData.
pub(super) fn put_catalog(call: &mut Call<'_>) -> Answer {
    let name = call.input.text("displayName", (0, 100))?;
    call.authorize_own(&call.registry_arn())?;
    call.store
        .set_display_name(&call.caller.account, name.as_deref())?;
    Ok(json!({ "registryCatalogData": render::structure(json!({ "displayName": name })) }))
}

/// GetAuthorizationToken. The service asks STS for a bearer token in the caller's name, so the
/// caller needs the permission for that as well.
pub(super) fn authorization_token(call: &mut Call<'_>) -> Answer {
    call.authorize_own("*")?;
    let mut facts = call.accounts.facts(&call.caller);
    facts.add("sts:AWSServiceName", "ecr-public.amazonaws.com");
    let everything = Resource {
        arn: "*",
        owner: &call.caller.account,
        policy: None,
    };
    let action = "sts:GetServiceBearerToken";
    call.accounts
        .authorize_with(&call.caller, action, everything, &facts)?;
    let login = call.accounts.issue_login(&call.caller);
    Ok(json!({
        "authorizationData": {
            "authorizationToken": login.authorization_token(),
            "expiresAt": render::timestamp(login.expires_at),
        },
    }))
}
