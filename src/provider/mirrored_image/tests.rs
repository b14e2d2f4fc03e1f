mod following;
mod messages;
mod planning;
mod shape;

use std::collections::BTreeMap;

use crate::provider::facts::Facts;
use crate::provider::known;
use crate::provider::role::AssumeRole;
use crate::tf::{Attr, ClientCapabilities, Model as _, PlanRequest, Planned, Value};

use super::model::{MirroredImage, tag_uris};
use super::plan;

pub(super) const HUB: &str = "111111111111";
pub(super) const TARGET: &str = "222222222222";

/// What a practitioner wrote.
pub(super) fn config(source: &str) -> MirroredImage {
    MirroredImage {
        source: text(source),
        ..MirroredImage::default()
    }
}

pub(super) fn text(text: &str) -> Attr<String> {
    Attr::Known(text.to_owned())
}

pub(super) fn texts(texts: &[&str]) -> known::Texts {
    known::to_texts(texts)
}

pub(super) fn role(arn: &str) -> Attr<Vec<Attr<AssumeRole>>> {
    Attr::Known(vec![Attr::Known(AssumeRole {
        role_arn: text(arn),
        ..AssumeRole::default()
    })])
}

pub(super) fn role_in(account: &str) -> Attr<Vec<Attr<AssumeRole>>> {
    role(&format!("arn:aws:iam::{account}:role/publisher"))
}

/// A provider whose credentials are in the hub account, with a way into all others.
pub(super) fn facts() -> Facts {
    Facts {
        provider_account: Some(HUB.parse().unwrap()),
        has_account_role: true,
        ..Facts::default()
    }
}

pub(super) fn digest_of(content: &str) -> String {
    crate::oci::Digest::sha256(content.as_bytes()).to_string()
}

/// Plans as Terraform would: the proposed state is the configuration over the prior state.
pub(super) fn plan_with(
    facts: Option<&Facts>,
    config: &MirroredImage,
    prior: Option<&MirroredImage>,
) -> Planned<MirroredImage> {
    let request = PlanRequest {
        config: config.clone(),
        prior: prior.cloned(),
        proposed: config.clone(),
        prior_private: Vec::new(),
        planned_private: Vec::new(),
        client: ClientCapabilities::default(),
    };
    plan::plan(facts, None, request)
}

/// What an apply makes of a plan: everything open gets a value, everything known stays.
pub(super) fn applied(planned: &MirroredImage) -> MirroredImage {
    let mut state = planned.clone();
    let source = state.source.known().cloned().unwrap();
    let digest = digest_of(&source);
    let uri = format!("public.ecr.aws/alias/{}", state.repository.known().unwrap());
    fill(&mut state.account_id, HUB);
    let tags = known::texts(&state.image_tags).unwrap();
    let account = state.account_id.known().unwrap().clone();
    let repository = state.repository.known().unwrap().clone();
    if state.id.is_unknown() {
        state.id = plan::first_id(&account, &repository, &tags);
    }
    fill(&mut state.source_digest, &digest);
    fill(&mut state.digest, &digest);
    fill(
        &mut state.media_type,
        "application/vnd.oci.image.index.v1+json",
    );
    fill(&mut state.repository_arn, &plan::arn(&account, &repository));
    fill(&mut state.repository_uri, &uri);
    fill(&mut state.registry_alias, "alias");
    let uri = state.repository_uri.known().unwrap().clone();
    let digest = state.digest.known().unwrap().clone();
    fill(&mut state.image_uri, &format!("{uri}@{digest}"));
    if state.size_bytes.is_unknown() {
        state.size_bytes = Attr::Known(1000);
    }
    if state.images.is_unknown() {
        state.images = known::to_text_map(BTreeMap::from([("linux/amd64".to_owned(), digest)]));
    }
    if known::text_map(&state.tag_uris).is_none() {
        state.tag_uris = known::to_text_map(tag_uris(&uri, &tags));
    }
    assert!(!state.to_value().has_unknown(), "{state:?}");
    state
}

fn fill(attr: &mut Attr<String>, value: &str) {
    if attr.is_unknown() {
        *attr = text(value);
    }
}

/// The state after the first apply.
pub(super) fn created(config: &MirroredImage) -> MirroredImage {
    applied(&plan_with(Some(&facts()), config, None).state)
}

/// Whether every value that is known in one plan is the same in a later one.
pub(super) fn agrees(first: &Value, second: &Value) -> bool {
    match (first, second) {
        (Value::Unknown, _) => true,
        (Value::List(first), Value::List(second)) => {
            first.len() == second.len()
                && first
                    .iter()
                    .zip(second)
                    .all(|(first, second)| agrees(first, second))
        }
        (Value::Map(first), Value::Map(second)) => {
            first.len() == second.len()
                && first
                    .iter()
                    .all(|(key, value)| second.get(key).is_some_and(|other| agrees(value, other)))
        }
        (first, second) => first == second,
    }
}
