//! Signals: the interrupt is the host's to interpret, termination is a request to stop.
//!
//! Ctrl-C reaches the whole process group. A provider that dies of it loses what it is creating,
//! so it goes on, and the host tells it by `StopProvider` what the practitioner wants.

use std::future::Future;
use std::io;
use std::time::Duration;

use super::ending::Ending;
use crate::task::{Context, Work};

/// What an interrupt means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// Nothing; the host has received it too.
    IsForTheHost,
    /// The end: there is no host that would tell us.
    IsForUs,
}

/// Takes the signals over at once; the future handles them and never completes.
#[cfg(unix)]
pub(super) fn watch(
    interrupt: Interrupt,
    work: Work,
    ending: Ending,
) -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    Ok(async move {
        let mut seen = 0_u32;
        loop {
            tokio::select! {
                Some(()) = interrupted.recv() => {
                    seen += 1;
                    on_interrupt(interrupt, seen, &ending);
                }
                Some(()) = terminated.recv() => on_termination(&work, &ending).await,
                Some(()) = hung_up.recv() => on_termination(&work, &ending).await,
            }
        }
    })
}

/// Takes Ctrl-C over at once; the future handles it and never completes.
#[cfg(not(unix))]
pub(super) fn watch(
    interrupt: Interrupt,
    work: Work,
    ending: Ending,
) -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::windows::{ctrl_break, ctrl_c};
    let mut interrupted = ctrl_c()?;
    let mut broken = ctrl_break()?;
    Ok(async move {
        let mut seen = 0_u32;
        loop {
            tokio::select! {
                Some(()) = interrupted.recv() => {
                    seen += 1;
                    on_interrupt(interrupt, seen, &ending);
                }
                Some(()) = broken.recv() => on_termination(&work, &ending).await,
            }
        }
    })
}

fn on_interrupt(interrupt: Interrupt, seen: u32, ending: &Ending) {
    tracing::info!(interrupts = seen, "interrupted");
    if interrupt == Interrupt::IsForUs {
        ending.begin();
    }
}

/// Stops what runs, as the host would ask, and ends a few seconds later unless the host does so
/// first.
async fn on_termination(work: &Work, ending: &Ending) {
    tracing::warn!("terminated from outside: stopping");
    work.stop();
    let host = Context::with_token(ending.token().clone());
    host.within(TERMINATION_GRACE).stopped().await;
    ending.begin();
}

/// How long the answers of what was stopped may take to reach the host. Runners that send a
/// termination tend to kill after ten seconds.
const TERMINATION_GRACE: Duration = Duration::from_secs(5);
