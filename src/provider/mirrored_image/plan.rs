//! Plans: what can be known is known, and the second call can know it too.
//!
//! # Invariants
//!
//! - Pure: configuration, prior state, private data, the facts of the configured provider and what
//!   the source was seen to show are all there is. No network, no clock.
//! - A value is stated as known only if the second call can know it without asking again. Aliases,
//!   and with them URIs, are asked of AWS, so a create leaves them open; an update takes them from
//!   the prior state. What a tag of the source shows is known when it is in the private data: from
//!   the refresh, or from the first call where the host hands that on (protocol 6.11).

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{AccountId, RoleArn};
use crate::oci::{Descriptor, Digest, Reference};
use crate::tf::{Attr, Diagnostic, Diagnostics, Path, PlanRequest, Planned};

use super::super::diagnose;
use super::super::facts::Facts;
use super::super::known::{self, TextMap, Texts};
use super::super::repository_name::RepositoryName;
use super::super::role::AssumeRole;
use super::model::{MirroredImage, tag_uris};
use super::private::Private;

/// The source that a plan has to look at: one that is new to the instance, unless the first call
/// has handed on what it saw.
pub(crate) fn new_source(request: &PlanRequest<MirroredImage>) -> Option<Reference> {
    let source = request.config.reference()?;
    let before = request.prior.as_ref().and_then(MirroredImage::reference);
    let is_seen = Private::read(&request.planned_private)
        .observed(&source)
        .is_some();
    (before.as_ref() != Some(&source) && !is_seen).then_some(source)
}

/// Plans a create or an update. `facts`: `None` while the provider is not configured, which
/// happens when its block has values that are not known yet. `seen`: what the source that
/// [`new_source`] names shows.
pub(crate) fn plan(
    facts: Option<&Facts>,
    seen: Option<&Descriptor>,
    request: PlanRequest<MirroredImage>,
) -> Planned<MirroredImage> {
    let (private, bytes) = private(seen, &request);
    let observed = request.config.reference();
    let observed = observed.and_then(|source| private.observed(&source));
    let hands_on = request.client.store_planned_private;
    let config = request.config;
    let prior = request.prior.as_ref();
    let repository = repository(&config, prior);
    let account_id = account(facts, &config, prior);
    let image_tags = image_tags(&config);
    let mut state = MirroredImage {
        repository,
        account_id,
        image_tags,
        ..config.with_defaults()
    };
    let requires_replace = prior.map_or_else(Vec::new, |prior| replacements(&state, prior));
    match prior {
        Some(prior) if requires_replace.is_empty() => update(&mut state, prior, observed.as_ref()),
        // What the refresh saw does not reach the second call of a create.
        _ => create(&mut state, observed.as_ref().filter(|_| hands_on)),
    }
    let prior = prior.filter(|_| requires_replace.is_empty());
    state.referrer_digests = referrer_digests(&state, prior, &private);
    Planned {
        diagnostics: objections(facts, &state),
        state,
        requires_replace,
        private: bytes,
    }
}

/// What is remembered of the instance, and what the second call, where the host hands it on, shall
/// know of the first one: what the source showed then, and that a role was unknown, which may have
/// been made in the same run. Bytes that nothing is added to stay what they are.
fn private(seen: Option<&Descriptor>, request: &PlanRequest<MirroredImage>) -> (Private, Vec<u8>) {
    let handed_on = [&request.planned_private, &request.prior_private];
    let handed_on = handed_on.into_iter().find(|bytes| !bytes.is_empty());
    let mut private = handed_on.map_or_else(Private::default, |bytes| Private::read(bytes));
    if handed_on.is_none() {
        let last = last_role(&request.config.assume_role);
        private.role_was_unknown = matches!(last, LastRole::Unknown);
    }
    let source = request.config.reference();
    let seen = seen.filter(|_| request.client.store_planned_private);
    let bytes = match (source, seen, handed_on) {
        (Some(source), Some(seen), _) if private.observed(&source).is_none() => {
            private.observe(&source, &seen.digest);
            private.to_bytes()
        }
        (_, _, Some(bytes)) => bytes.clone(),
        (_, _, None) => private.to_bytes(),
    };
    (private, bytes)
}

/// The name that is configured, or the one that the source implies.
///
/// While the source is unknown an update keeps its repository: most often only the tag is new, and
/// if it turns out to be another repository, Terraform stops before anything is touched.
fn repository(config: &MirroredImage, prior: Option<&MirroredImage>) -> Attr<String> {
    if !config.repository.is_null() {
        return config.repository.clone();
    }
    let source = config.reference();
    let implied = source.and_then(|source| RepositoryName::for_copy_of(source.repository()).ok());
    match implied {
        Some(name) => Attr::Known(name.as_str().to_owned()),
        None => kept(prior.map(|prior| &prior.repository)),
    }
}

/// The account that is configured, or the one that the last role or the provider is in.
///
/// While that is unknown an update keeps its account, for the reason that [`repository`] has.
fn account(
    facts: Option<&Facts>,
    config: &MirroredImage,
    prior: Option<&MirroredImage>,
) -> Attr<String> {
    if !config.account_id.is_null() {
        return config.account_id.clone();
    }
    let known = match last_role(&config.assume_role) {
        LastRole::None => facts.and_then(|facts| facts.provider_account.clone()),
        LastRole::Unknown => None,
        LastRole::Known(role) => Some(role.account().clone()),
    };
    match known {
        Some(account) => Attr::Known(account.as_str().to_owned()),
        None => kept(prior.map(|prior| &prior.account_id)),
    }
}

enum LastRole {
    None,
    Unknown,
    Known(RoleArn),
}

fn last_role(hops: &Attr<Vec<Attr<AssumeRole>>>) -> LastRole {
    let hops = match hops {
        Attr::Null => return LastRole::None,
        Attr::Unknown => return LastRole::Unknown,
        Attr::Known(hops) => hops,
    };
    let Some(last) = hops.last() else {
        return LastRole::None;
    };
    let arn = last.known().and_then(|hop| hop.role_arn.known());
    match arn.and_then(|arn| arn.parse().ok()) {
        Some(role) => LastRole::Known(role),
        None => LastRole::Unknown,
    }
}

/// The tags that are configured, or the one of the source. Never those of the prior state: where
/// they differ, somebody else moved or deleted a tag, and it has to be set again.
fn image_tags(config: &MirroredImage) -> Texts {
    if !config.image_tags.is_null() {
        return config.image_tags.clone();
    }
    let source = config.reference();
    match source.as_ref().and_then(Reference::tag) {
        Some(tag) => known::to_texts([tag]),
        None => Attr::Unknown,
    }
}

/// Attributes whose change means another object.
fn replacements(state: &MirroredImage, prior: &MirroredImage) -> Vec<Path> {
    let pairs = [
        ("repository", &state.repository, &prior.repository),
        ("account_id", &state.account_id, &prior.account_id),
    ];
    let changed = pairs
        .into_iter()
        .filter(|(_, planned, prior)| !prior.is_null() && planned != prior);
    changed.map(|(name, ..)| Path::root(name)).collect()
}

fn create(state: &mut MirroredImage, observed: Option<&Digest>) {
    state.id = id(state);
    content(state, observed);
    state.repository_arn = repository_arn(state);
    state.repository_uri = Attr::Unknown;
    state.registry_alias = Attr::Unknown;
    state.image_uri = Attr::Unknown;
    state.tag_uris = open_uris(&state.image_tags);
}

fn update(state: &mut MirroredImage, prior: &MirroredImage, observed: Option<&Digest>) {
    state.id = prior.id.clone();
    state.repository_arn = prior.repository_arn.clone();
    state.repository_uri = prior.repository_uri.clone();
    state.registry_alias = prior.registry_alias.clone();
    if is_same_content(state, prior, observed) {
        state.digest = prior.digest.clone();
        state.source_digest = prior.source_digest.clone();
        state.media_type = prior.media_type.clone();
        state.size_bytes = prior.size_bytes.clone();
        state.images = prior.images.clone();
        state.image_uri = prior.image_uri.clone();
    } else {
        content(state, observed);
        state.image_uri = match (state.repository_uri.known(), state.digest.known()) {
            (Some(uri), Some(digest)) => Attr::Known(format!("{uri}@{digest}")),
            _ => Attr::Unknown,
        };
    }
    state.tag_uris = uris_after(state, prior);
}

/// What refers to the image: what is there, as long as the same image is to have what it has. What
/// else will come along is known once the source was read.
fn referrer_digests(
    state: &MirroredImage,
    prior: Option<&MirroredImage>,
    private: &Private,
) -> Texts {
    if state.referrers.is_unknown() {
        return Attr::Unknown;
    }
    if !state.brings_referrers() {
        return Attr::Known(Vec::new());
    }
    let same = prior.filter(|prior| {
        // An open digest is one that a copy will tell.
        let is_same_image = !state.digest.is_unknown() && state.digest == prior.digest;
        is_same_image && prior.brings_referrers() && private.has_all_referrers(prior)
    });
    same.map_or(Attr::Unknown, |prior| prior.referrer_digests.clone())
}

fn uris_after(state: &MirroredImage, prior: &MirroredImage) -> TextMap {
    let tags = known::texts(&state.image_tags);
    match (tags, state.repository_uri.known()) {
        (Some(tags), _) if Some(&tags) == known::texts(&prior.image_tags).as_ref() => {
            prior.tag_uris.clone()
        }
        (Some(tags), Some(uri)) => known::to_text_map(tag_uris(uri, &tags)),
        _ => open_uris(&state.image_tags),
    }
}

/// What follows from the source alone: its digest, when it is written there, or what it was seen to
/// show.
fn content(state: &mut MirroredImage, observed: Option<&Digest>) {
    let digest = shown(state, observed).map(|digest| digest.to_string());
    state.source_digest = known_or_open(digest.clone());
    // A choice of platforms has a digest of its own.
    state.digest = known_or_open(digest.filter(|_| state.platforms.is_null()));
    state.media_type = Attr::Unknown;
    state.size_bytes = Attr::Unknown;
    state.images = Attr::Unknown;
}

/// Whether the same bytes are asked for as those that are in place: the digest is the same, or
/// nobody has seen another one behind the same tag. `observed`: what the source was seen to show.
pub(crate) fn is_same_content(
    state: &MirroredImage,
    prior: &MirroredImage,
    observed: Option<&Digest>,
) -> bool {
    let platforms = known::texts(&state.platforms);
    if prior.digest.known().is_none()
        || platforms.is_none()
        || platforms != known::texts(&prior.platforms)
    {
        return false;
    }
    let Some(source) = state.reference() else {
        return false;
    };
    // Without the digest of the source, as after an import of several platforms, a tag can only be
    // set to what the source shows by then.
    if prior.source_digest.is_null() && !sets_no_tag(state, prior) {
        return false;
    }
    let is_same_digest = shown(state, observed)
        .map(|digest| prior.source_digest.known().map(String::as_str) == Some(digest.as_str()));
    // Imported without a source: what is there is what is meant, unless a digest says otherwise.
    if prior.source.is_null() {
        return is_same_digest.unwrap_or(true);
    }
    let is_same_reference = prior.reference().is_some_and(|before| {
        before.repository() == source.repository() && before.version() == source.version()
    });
    if prior.source_digest.is_null() || (is_same_reference && state.followed().is_none()) {
        return is_same_reference;
    }
    is_same_digest.unwrap_or(is_same_reference)
}

fn sets_no_tag(state: &MirroredImage, prior: &MirroredImage) -> bool {
    let tags = (
        known::texts(&state.image_tags),
        known::texts(&prior.image_tags),
    );
    matches!(tags, (Some(after), Some(before)) if after.is_subset(&before))
}

fn id(state: &MirroredImage) -> Attr<String> {
    let parts = (
        state.account_id.known(),
        state.repository.known(),
        known::texts(&state.image_tags),
    );
    match parts {
        (Some(account), Some(repository), Some(tags)) => first_id(account, repository, &tags),
        _ => Attr::Unknown,
    }
}

/// `<account>/<repository>:<first tag>`
pub(crate) fn first_id(account: &str, repository: &str, tags: &BTreeSet<String>) -> Attr<String> {
    let id = |tag| format!("{account}/{repository}:{tag}");
    tags.first().map(id).into()
}

fn repository_arn(state: &MirroredImage) -> Attr<String> {
    match (state.account_id.known(), state.repository.known()) {
        (Some(account), Some(name)) => Attr::Known(arn(account, name)),
        _ => Attr::Unknown,
    }
}

/// The ARN of a repository, whose region is empty.
pub(crate) fn arn(account: &str, repository: &str) -> String {
    format!("arn:aws:ecr-public::{account}:repository/{repository}")
}

/// A map whose keys are known and whose values are not.
fn open_uris(tags: &Texts) -> TextMap {
    let Some(tags) = known::texts(tags) else {
        return Attr::Unknown;
    };
    let open: BTreeMap<_, _> = tags.into_iter().map(|tag| (tag, Attr::Unknown)).collect();
    Attr::Known(open)
}

/// The digest of the source as far as it is certain: it is written there, or was seen.
fn shown(state: &MirroredImage, observed: Option<&Digest>) -> Option<Digest> {
    let source = state.reference()?;
    source.digest().or(observed).cloned()
}

fn known_or_open(value: Option<String>) -> Attr<String> {
    value.map_or(Attr::Unknown, Attr::Known)
}

fn kept(prior: Option<&Attr<String>>) -> Attr<String> {
    match prior {
        Some(Attr::Known(value)) => Attr::Known(value.clone()),
        _ => Attr::Unknown,
    }
}

/// What can be said against the source and the account before anybody is asked.
fn objections(facts: Option<&Facts>, state: &MirroredImage) -> Diagnostics {
    // Terraform has made sure that there is a source, but in a configuration that it wrote itself.
    let unsourced = state.source.is_null().then(diagnose::source_missing);
    let mut objections: Diagnostics = unsourced.into_iter().collect();
    objections.extend(against_account(facts, state));
    objections
}

fn against_account(facts: Option<&Facts>, state: &MirroredImage) -> Option<Diagnostic> {
    let account = state.account_id.known();
    let account = account.and_then(|account| account.parse::<AccountId>().ok());
    let has_own_roles = !matches!(last_role(&state.assume_role), LastRole::None);
    facts?.objection(&account?, has_own_roles)
}
