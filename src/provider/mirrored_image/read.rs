//! Refresh: what is there now, as far as it is ours.
//!
//! Tags that somebody moved or deleted leave `image_tags`; the next plan finds them missing and
//! sets them again. An instance whose tags are all gone is gone. An error changes nothing. What the
//! source shows is noted in the private data, for the plan.

use std::collections::BTreeSet;

use futures_util::FutureExt as _;

use crate::aws;
use crate::task::Context;
use crate::tf::{Attr, Diagnostic, Diagnostics, ReadRequest, ReadResponse};

use super::super::clients::Clients;
use super::super::diagnose;
use super::super::known;
use super::follow;
use super::model::{MirroredImage, Operation};
use super::observe::Observed;
use super::place::{self, Place};
use super::private::Private;
use super::referrers::Looking;

/// Refreshes an instance.
pub(super) async fn read(
    cx: &Context,
    clients: &Clients,
    request: ReadRequest<MirroredImage>,
) -> ReadResponse<MirroredImage> {
    let ReadRequest { current, private } = request;
    let cx = cx.within(current.limit(Operation::Read));
    let remembered = Private::read(&private);
    let (found, (private, warning)) = tokio::join!(
        look(&cx, clients, &current, &remembered),
        follow::note(&cx, clients, &current, private),
    );
    let (state, mut diagnostics) = match found {
        Ok(state) => (state, Diagnostics::new()),
        Err(diagnostic) => (Some(current.clone()), diagnostic.into()),
    };
    diagnostics.extend(warning);
    ReadResponse {
        state,
        private,
        diagnostics,
    }
}

async fn look(
    cx: &Context,
    clients: &Clients,
    current: &MirroredImage,
    private: &Private,
) -> Result<Option<MirroredImage>, Diagnostic> {
    let aws_error = |error: aws::Error| diagnose::during_read(&error);
    let place = Place::of(current)?;
    let session = place.session(clients, false);
    let tags = tags(current, private);
    let observed = Observed::ask(cx, &session, place.repository.as_str(), &tags).await;
    let observed = observed.map_err(aws_error)?;
    if observed.is_nothing() {
        return Ok(None);
    }
    let registry = session.registry(cx).await.map_err(aws_error)?;
    let alias = registry.alias.as_deref();
    let mut state = refreshed(current.clone().with_defaults(), &observed, alias);
    let looking = Looking {
        clients,
        session: &session,
        repository: &place.repository,
        alias,
    };
    if state.brings_referrers()
        && let Some(known) = private.attached_to(&state)
    {
        let there = looking.present(cx, known).boxed().await;
        let there = there.map_err(aws_error)?;
        state.referrer_digests = known::to_texts(there);
    }
    Ok(Some(state))
}

/// The tags of an instance: those in its state, and those that somebody took from it.
fn tags(current: &MirroredImage, private: &Private) -> BTreeSet<String> {
    let mut tags = known::texts(&current.image_tags).unwrap_or_default();
    let place = (current.account_id.known(), current.repository.known());
    if let (Some(account), Some(repository)) = place
        && private.is_about(account, repository)
    {
        tags.extend(private.tags.keys().cloned());
    }
    let id = current.id.known();
    if let Some((_, first)) = id.and_then(|id| id.rsplit_once(':'))
        && tags.is_empty()
    {
        tags.insert(first.to_owned());
    }
    tags
}

/// The state with what was observed.
fn refreshed(mut state: MirroredImage, observed: &Observed, alias: Option<&str>) -> MirroredImage {
    // The primary alias of a registry can change; account and repository cannot.
    let name = state.repository.known().and_then(|name| name.parse().ok());
    if let (Some(alias), Some(name)) = (alias, name) {
        let uri = place::uri(alias, &name);
        state.registry_alias = Attr::Known(alias.to_owned());
        if let Some(digest) = state.digest.known() {
            state.image_uri = Attr::Known(format!("{uri}@{digest}"));
        }
        state.repository_uri = Attr::Known(uri);
    }
    if let Some(digest) = state.digest.known().cloned() {
        state.show_tags(&observed.showing(&digest));
    }
    state
}
