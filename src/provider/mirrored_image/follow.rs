//! What the source shows now, and what reading it will cost. Looking costs no pull and decides
//! nothing by itself.

use futures_util::FutureExt as _;
use futures_util::future::try_join_all;

use crate::content::{Attachments, attachments};
use crate::oci::{Descriptor, Reference};
use crate::task::{Context, Limit};
use crate::tf::{Diagnostic, PlanRequest};

use super::super::clients::Clients;
use super::super::diagnose;
use super::super::known;
use super::super::look::PATIENCE;
use super::model::MirroredImage;
use super::private::Private;
use super::referrers::fingerprint;

/// Looks at a source that is new to an instance. That it is not there, or may not be read, is an
/// error; that it cannot be asked now is a warning.
pub(super) async fn look_ahead(
    cx: &Context,
    clients: &Clients,
    source: &Reference,
) -> (Option<Descriptor>, Option<Diagnostic>) {
    match clients.look(cx, source).await {
        Err(stopped) => (None, Some(diagnose::stopped(stopped))),
        Ok(Ok(seen)) => (Some(seen), None),
        Ok(Err(error)) => {
            let diagnostic = match diagnose::is_about_the_image(&error) {
                true => diagnose::source_unusable(source, &error),
                false => diagnose::source_unseen(source, &error),
            };
            (None, Some(diagnostic))
        }
    }
}

/// Notes what the source of an instance shows now. Whatever goes wrong, what was known stays.
pub(super) async fn note(
    cx: &Context,
    clients: &Clients,
    current: &MirroredImage,
    private: Vec<u8>,
) -> (Vec<u8>, Option<Diagnostic>) {
    let mut noted = Private::read(&private);
    let before = noted.clone();
    let mut warning = None;
    match current.followed() {
        None => {
            noted.forget_observed();
            let pinned = current.reference().filter(|_| current.follows());
            if let Some(source) = pinned {
                warning = note_referrers(cx, clients, current, &source, &mut noted)
                    .boxed()
                    .await;
            }
        }
        Some(source) => match clients.look(cx, &source).await {
            Ok(Ok(seen)) => {
                let digest = current.source_digest.known().map(String::as_str);
                let is_same = digest == Some(seen.digest.as_str());
                noted.observe(&source, &seen.digest);
                if is_same {
                    warning = note_referrers(cx, clients, current, &source, &mut noted)
                        .boxed()
                        .await;
                }
            }
            Ok(Err(error)) => warning = Some(diagnose::source_not_followed(&source, &error)),
            // Whatever else the refresh does says so.
            Err(_) => {}
        },
    }
    match noted == before {
        true => (private, warning),
        false => (noted.to_bytes(), warning),
    }
}

/// Notes what refers to the image at the source now, if that is to come along: also an image that
/// never changes is signed one day.
async fn note_referrers(
    cx: &Context,
    clients: &Clients,
    current: &MirroredImage,
    source: &Reference,
    noted: &mut Private,
) -> Option<Diagnostic> {
    if !current.brings_referrers() {
        return None;
    }
    let subjects = noted.attached_to(current)?.subjects();
    let source_repository = clients.source(source.repository());
    let patient = cx.within(Limit::from(PATIENCE));
    let asked = subjects
        .iter()
        .map(|subject| attachments(&*source_repository, &patient, subject));
    match try_join_all(asked).await {
        Ok(found) => {
            let digests = found.iter().flat_map(Attachments::digests);
            noted.observe_referrers(&fingerprint(digests));
            None
        }
        // Whatever else the refresh does says so.
        Err(_) if cx.check().is_err() => None,
        Err(error) => Some(diagnose::referrers_not_followed(source, &error)),
    }
}

/// How many manifests of the source a copy reads, at least. How many an index lists is known only
/// once it was read, which is a pull. The signature that has to be there is one more.
pub(super) fn costs(request: &PlanRequest<MirroredImage>, seen: Option<&Descriptor>) -> u64 {
    let signature = u64::from(!request.config.verify.is_null());
    if seen.is_some_and(|seen| !seen.media_type.is_index()) {
        return 1 + signature;
    }
    let chosen = known::texts(&request.config.platforms).unwrap_or_default();
    let before = request.prior.as_ref();
    let before = before.and_then(|prior| known::text_map(&prior.images));
    let below = match chosen.len() {
        0 => before.unwrap_or_default().len(),
        chosen => chosen,
    };
    let below = u64::try_from(below.max(1)).unwrap_or(u64::MAX - 2);
    1 + below + signature
}

/// What can be said when a plan needs more pulls than its source has left.
pub(super) fn too_costly(
    clients: &Clients,
    planned: &MirroredImage,
    seen: Option<&Descriptor>,
    costs: u64,
) -> Option<Diagnostic> {
    // Only a copy of something new leaves the size open.
    if !planned.size_bytes.is_unknown() {
        return None;
    }
    let source = planned.reference()?;
    if clients.spares_pulls(&source) {
        return None;
    }
    let planned = planned.source_digest.known();
    let image = seen.map(|seen| seen.digest.clone());
    let image = image.or_else(|| planned?.parse().ok())?;
    let budget = clients.pull_budget(&source)?;
    let host = source.repository().registry();
    let shortage = clients.pulls.plan(host, &image, costs, &budget)?;
    Some(diagnose::too_few_pulls(host, &shortage))
}
