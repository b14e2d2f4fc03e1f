//! Repositories and their resource tags.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Answer, Call, check_name};
use super::error::ApiError;
use super::{catalog, render};
use crate::accounts::Resource;
use crate::store::{NewRepository, Place, StoreError};

/// CreateRepository. Tags that go along need TagResource too.
pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let name = call.input.required_text("repositoryName", (2, 205))?;
    check_name(&name)?;
    let catalog = call.input.structure("catalogData")?;
    let catalog = catalog.map(catalog::read).transpose()?;
    let tags = read_tags(call)?.unwrap_or_default();
    let account = call.caller.account.clone();
    let place = Place {
        account: account.clone(),
        repository: name.clone(),
    };
    authorize_creation(call, &place, &tags)?;
    let new = NewRepository { catalog, tags };
    let created = call.store.create_repository(&account, &name, new)?;
    call.accounts.open_registry(&account);
    let catalog = created.catalog.clone().unwrap_or_default();
    Ok(json!({
        "repository": render::repository(call.accounts, &created),
        "catalogData": render::catalog(&place, &catalog),
    }))
}

fn authorize_creation(
    call: &Call<'_>,
    place: &Place,
    tags: &BTreeMap<String, String>,
) -> Result<(), ApiError> {
    let mut facts = call.accounts.facts(&call.caller);
    for (key, value) in tags {
        facts.add(&format!("aws:RequestTag/{key}"), value.as_str());
        facts.add("aws:TagKeys", key.as_str());
    }
    let resource = Resource {
        arn: &place.arn(),
        owner: &place.account,
        policy: None,
    };
    let needed = ["ecr-public:CreateRepository", "ecr-public:TagResource"];
    for action in &needed[..if tags.is_empty() { 1 } else { 2 }] {
        call.accounts
            .authorize_with(&call.caller, action, resource, &facts)?;
    }
    Ok(())
}

/// DeleteRepository.
pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let place = call.place()?;
    let force = call.input.flag("force")?;
    call.authorize(&place)?;
    let gone = call
        .store
        .delete_repository(&place.account, &place.repository, force)?;
    Ok(json!({ "repository": render::repository(call.accounts, &gone) }))
}

/// DescribeRepositories. One unknown name fails the whole call.
pub(super) fn describe(call: &mut Call<'_>) -> Answer {
    let account = match call.input.text("registryId", (0, usize::MAX))? {
        None => call.caller.account.clone(),
        Some(id) => id.parse().map_err(|_| {
            let pattern = "must satisfy regular expression '[0-9]{12}'";
            ApiError::invalid("registryId", pattern)
        })?,
    };
    let place = |name: &str| Place {
        account: account.clone(),
        repository: name.to_owned(),
    };
    let (found, next) = match call.input.texts("repositoryNames", (1, 100), (2, 205))? {
        Some(names) => {
            call.input.forbid_page("repositoryNames")?;
            for name in &names {
                check_name(name)?;
                call.authorize(&place(name))?;
            }
            (call.store.named_repositories(&account, &names)?, None)
        }
        None => {
            let page = call.input.page()?;
            call.authorize(&place("*"))?;
            let paged = call.store.repositories(&account, &page)?;
            (paged.items, paged.next)
        }
    };
    let found = found.iter().map(|it| render::repository(call.accounts, it));
    Ok(render::structure(json!({
        "repositories": found.collect::<Vec<_>>(),
        "nextToken": next,
    })))
}

/// ListTagsForResource.
pub(super) fn list_tags(call: &mut Call<'_>) -> Answer {
    let place = call.tagged_place()?;
    call.authorize(&place)?;
    let tags = call
        .store
        .repository(&place.account, &place.repository)?
        .tags;
    let tags = tags
        .iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }));
    Ok(json!({ "tags": tags.collect::<Vec<Value>>() }))
}

/// TagResource.
pub(super) fn tag(call: &mut Call<'_>) -> Answer {
    let place = call.tagged_place()?;
    let tags = read_tags(call)?.ok_or_else(|| ApiError::missing("tags"))?;
    call.authorize(&place)?;
    call.store
        .tag_repository(&place.account, &place.repository, tags)?;
    Ok(json!({}))
}

/// UntagResource.
pub(super) fn untag(call: &mut Call<'_>) -> Answer {
    let place = call.tagged_place()?;
    let keys = call.input.texts("tagKeys", (0, 200), (1, 128))?;
    let keys = keys.ok_or_else(|| ApiError::missing("tagKeys"))?;
    call.authorize(&place)?;
    call.store
        .untag_repository(&place.account, &place.repository, &keys)?;
    Ok(json!({}))
}

fn read_tags(call: &Call<'_>) -> Result<Option<BTreeMap<String, String>>, ApiError> {
    let Some(list) = call.input.structures("tags", (0, 200))? else {
        return Ok(None);
    };
    let mut tags = BTreeMap::new();
    for tag in list {
        let key = tag.required_text("Key", (1, 128))?;
        let value = tag.required_text("Value", (0, 256))?;
        if tags.insert(key.clone(), value).is_some() {
            let message = format!("the key '{key}' is given twice");
            return Err(StoreError::InvalidTagParameter(message).into());
        }
    }
    Ok(Some(tags))
}
