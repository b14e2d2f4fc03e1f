//! What the source shows now. Looking costs no pull and decides nothing by itself.

use crate::oci::{Descriptor, Reference};
use crate::task::Context;
use crate::tf::Diagnostic;

use super::super::clients::Clients;
use super::super::diagnose;
use super::model::MirroredImage;
use super::private::Private;

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
        None => noted.forget_observed(),
        Some(source) => match clients.look(cx, &source).await {
            Ok(Ok(seen)) => noted.observe(&source, &seen.digest),
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
