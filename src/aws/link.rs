//! A link of a chain of identities: holds credentials, renews them, and remembers a failure.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::task;

use super::Hop;
use super::assume_role::{Issued, assume_role};
use super::base::BaseSource;
use super::clients::Clients;
use super::error::{Error, ErrorKind, HopPosition};
use super::renewing::Renewing;
use super::timing::Timing;

/// One identity. Whoever needs its credentials asks here, so that each is obtained once.
#[derive(Debug)]
pub(super) struct Link {
    way: Way,
    clients: Clients,
    held: Renewing<Held>,
    timing: Timing,
}

/// How the credentials are obtained.
#[derive(Debug)]
enum Way {
    Base(BaseSource),
    Role {
        hop: Hop,
        position: HopPosition,
        previous: Arc<Link>,
    },
}

/// Credentials, or why there are none.
#[derive(Debug)]
struct Held {
    result: Result<Issued, Error>,
    fresh_until: SystemTime,
}

impl Link {
    /// The first link.
    pub(super) fn base(source: BaseSource, clients: Clients, timing: Timing) -> Self {
        Self::new(Way::Base(source), clients, timing)
    }

    /// A link that this one leads to.
    pub(super) fn then(self: &Arc<Self>, hop: Hop, position: HopPosition) -> Self {
        let way = Way::Role {
            hop,
            position,
            previous: Arc::clone(self),
        };
        Self::new(way, self.clients.clone(), self.timing)
    }

    fn new(way: Way, clients: Clients, timing: Timing) -> Self {
        Self {
            way,
            clients,
            held: Renewing::default(),
            timing,
        }
    }

    /// The credentials: those held, while they last for five minutes more, or new ones. In those
    /// five minutes one caller waits for new ones, and the others get those held.
    ///
    /// A failure is remembered for a while, so that everybody who needs a broken chain hears of
    /// it, and AWS is asked once.
    ///
    /// # Errors
    ///
    /// This hop or one before it failed. The position of a hop in the error is the one in this
    /// chain; see [`Error::at`].
    pub(super) fn issued(&self) -> BoxFuture<'_, Result<Issued, Error>> {
        async move {
            let now = task::wall();
            let is_fresh = |held: &Held| now < held.fresh_until;
            // Whoever waits for STS meanwhile need not hold up the others.
            let serves = |held: &Held| {
                let issued = held.result.as_ref();
                issued.is_ok_and(|issued| lasts(issued, now + MIN_REST))
            };
            let renew = |stale| self.renew(stale);
            let held = self.held.get(is_fresh, serves, renew).await;
            held.result.clone()
        }
        .boxed()
    }

    /// Gives up these credentials: AWS said that they have ended.
    pub(super) fn forget(&self, credentials: &Credentials) {
        self.held.forget(|held| match &held.result {
            Ok(issued) => issued.credentials.access_key_id() == credentials.access_key_id(),
            Err(_) => false,
        });
    }

    /// Forgets a failure, wherever in the chain it happened, so that the next call tries again.
    pub(super) fn forget_failure(&self) {
        self.held.forget(|held| held.result.is_err());
        if let Way::Role { previous, .. } = &self.way {
            previous.forget_failure();
        }
    }

    async fn renew(&self, stale: Option<Arc<Held>>) -> Held {
        let result = self.load().await;
        let now = task::wall();
        let Err(error) = result else {
            return Held::new(result, now, self.timing.patience);
        };
        // What is held may last for minutes more; a hiccup now is no reason to stop.
        let held = stale.and_then(|stale| stale.result.as_ref().ok().cloned());
        match held {
            Some(held) if lasts(&held, now + MIN_REST) => Held {
                result: Ok(held),
                fresh_until: now + self.timing.patience,
            },
            _ => Held::new(Err(error), now, self.timing.patience),
        }
    }

    async fn load(&self) -> Result<Issued, Error> {
        match &self.way {
            Way::Base(source) => source.issue(&self.clients).await,
            Way::Role {
                hop,
                position,
                previous,
            } => {
                let caller = previous.issued().await?;
                match assume_role(&self.clients, hop, *position, &caller).await {
                    Err(error) if matches!(error.kind(), ErrorKind::Expired { .. }) => {
                        // The clock of the issuer is the one that counts. Once more, with new ones.
                        previous.forget(&caller.credentials);
                        let caller = previous.issued().await?;
                        assume_role(&self.clients, hop, *position, &caller).await
                    }
                    result => result,
                }
            }
        }
    }
}

impl Held {
    fn new(result: Result<Issued, Error>, now: SystemTime, patience: Duration) -> Self {
        let fresh_until = match &result {
            Err(_) => now + patience,
            Ok(issued) => match issued.credentials.expiry() {
                None => now + RECHECK,
                // Some sources hand out what is about to end. Those are asked again soon, not for
                // every call.
                Some(expiry) => early(expiry).max((now + patience).min(expiry)),
            },
        };
        Self {
            result,
            fresh_until,
        }
    }
}

/// When credentials that end then are to be replaced.
pub(super) fn early(expiry: SystemTime) -> SystemTime {
    expiry.checked_sub(EARLY).unwrap_or(expiry)
}

fn lasts(issued: &Issued, until: SystemTime) -> bool {
    issued
        .credentials
        .expiry()
        .is_none_or(|expiry| until < expiry)
}

/// Lets a client of the SDK ask a link for credentials.
#[derive(Clone, Debug)]
pub(super) struct LinkCredentials(pub(super) Arc<Link>);

impl ProvideCredentials for LinkCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let issued = self.0.issued().await;
            issued
                .map(|issued| issued.credentials)
                .map_err(CredentialsError::provider_error)
        })
    }
}

/// Credentials are renewed this long before they end, so that none ends within a call.
const EARLY: Duration = Duration::from_secs(300);

/// Keys without an end may be replaced in the file they come from.
const RECHECK: Duration = Duration::from_secs(15 * 60);

/// The longest that an attempt of a call may take.
pub(super) const MIN_REST: Duration = Duration::from_secs(30);
