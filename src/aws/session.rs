//! One identity, as the rest of the program uses it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::task::{self, Context};

use super::chain::Chain;
use super::error::{Error, ErrorKind, HopOrigin, RefusalReason};
use super::{AuthorizationToken, Aws, Identity, Target};

/// One identity and what it may call. Cheap to clone.
///
/// Every method that calls ECR Public first makes sure that the identity is in the account of the
/// target, and that the account lists allow that account: reading from the wrong account would
/// find nothing there, and "nothing there" changes state.
#[derive(Clone)]
pub struct Session {
    aws: Aws,
    target: Arc<Target>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(aws: Aws, target: Target) -> Self {
        Self {
            aws,
            target: Arc::new(target),
        }
    }

    /// Who this is, after all hops. Checked against the account lists and the target's account:
    /// the guard before every write.
    ///
    /// A role's name comes with its credentials. Where there is no role, STS is asked, once for
    /// each provider instance.
    ///
    /// # Errors
    ///
    /// A hop was refused, or the account is not the one expected, or AWS does not say which
    /// account it is.
    pub async fn identity(&self, cx: &Context) -> Result<Identity, Error> {
        self.run(cx, async {
            let chain = self.chain(cx).await?;
            let identity = chain.identity().await?;
            self.check(&identity)?;
            Ok(identity)
        })
        .await
    }

    /// A login for the registry, renewed before it ends.
    ///
    /// Asked for before each request of a long copy, it costs nothing while it lasts. It opens the
    /// registry for writing, so it is behind the same guard as every write.
    ///
    /// # Errors
    ///
    /// As [`Self::identity`]; and the identity may not log in, which takes two permissions.
    pub async fn authorization_token(&self, cx: &Context) -> Result<AuthorizationToken, Error> {
        self.run(cx, async {
            let chain = self.enter(cx).await?;
            chain.authorization_token(cx).await
        })
        .await
    }

    /// The registry refused the login; the next call gets a new one.
    pub async fn forget_authorization_token(&self) {
        if let Ok(chain) = self.chain(&Context::new()).await {
            chain.login.forget(|held| held.result.is_ok());
        }
    }

    /// The provider's own identity; without `asking`, only if it came with the credentials. The
    /// lists do not matter here.
    pub(super) async fn provider_identity(
        &self,
        cx: &Context,
        asking: bool,
    ) -> Result<Option<Identity>, Error> {
        self.run(cx, async {
            let chain = self.aws.provider_chain();
            match asking {
                true => chain.identity().await.map(Some),
                false => chain.told_identity().await,
            }
        })
        .await
    }

    /// Runs work until it is done or the context ends. Errors say where a hop was written down.
    pub(super) async fn run<T>(
        &self,
        cx: &Context,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let done = cx.run(Box::pin(work)).await?;
        let done = done.map_err(|error| self.placed(error))?;
        cx.note_step();
        Ok(done)
    }

    /// The chain, after the guard.
    pub(super) async fn enter(&self, cx: &Context) -> Result<Arc<Chain>, Error> {
        let _waits = cx.waits_for("credentials of AWS");
        let chain = self.chain(cx).await?;
        if self.target.account.is_some() || self.aws.has_account_rules() {
            self.check(&chain.identity().await?)?;
        }
        Ok(chain)
    }

    fn check(&self, identity: &Identity) -> Result<(), Error> {
        if let Some(expected) = &self.target.account
            && *expected != identity.account
        {
            return Err(ErrorKind::WrongAccount {
                expected: expected.clone(),
                effective: identity.account.clone(),
                identity: identity.arn.clone(),
            }
            .into());
        }
        self.aws.check_account(identity)
    }

    async fn chain(&self, cx: &Context) -> Result<Arc<Chain>, Error> {
        let chain = self.way().await?;
        if self.target.role_is_new {
            wait_for_role(cx, &chain).await?;
        }
        Ok(chain)
    }

    async fn way(&self) -> Result<Arc<Chain>, Error> {
        if !self.target.hops.is_empty() {
            return Ok(self.aws.chain_after(&self.target.hops));
        }
        let provider = self.aws.provider_chain();
        let Some(account) = &self.target.account else {
            return Ok(provider);
        };
        let own = provider.identity().await?.account;
        if own == *account {
            return Ok(provider);
        }
        let hop = self.aws.account_hop(account, own)?;
        Ok(self.aws.chain_after(&[hop]))
    }

    fn placed(&self, error: Error) -> Error {
        let (origin, further) = match self.target.hops.len() {
            0 => (HopOrigin::AccountRole, 1),
            further => (HopOrigin::Resource, further),
        };
        error.at(|hop| self.aws.place(hop, origin, further))
    }
}

/// Tries a denied hop again until IAM has told every server about the role.
async fn wait_for_role(cx: &Context, chain: &Chain) -> Result<(), Error> {
    let timing = chain.timing();
    let started = task::monotonic();
    loop {
        let Err(error) = chain.link.issued().await else {
            return Ok(());
        };
        let denied = matches!(
            error.kind(),
            ErrorKind::AssumeRole {
                reason: RefusalReason::Denied,
                ..
            }
        );
        if !denied || started.elapsed() >= timing.spreading {
            return Err(error);
        }
        cx.within(timing.between_tries).stopped().await;
        cx.check()?;
        chain.link.forget_failure();
    }
}
