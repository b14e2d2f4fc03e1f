//! From a configuration to a way into AWS.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::task::Context;

use super::base::{Base, BaseSource, Means};
use super::chain::Chain;
use super::clients::Clients;
use super::error::{AccountRule, Error, ErrorKind, HopOrigin, HopPosition};
use super::http::Http;
use super::metadata;
use super::settings::Settings;
use super::shared_config::SharedConfig;
use super::store::Store;
use super::timing::Timing;
use super::{
    AccountId, AccountRole, Config, Hop, HopPlace, Identity, InvalidHop, Notice, Session, Target,
};

/// The provider's way into AWS. Cheap to clone.
#[derive(Clone)]
pub struct Aws {
    parts: Arc<Parts>,
}

struct Parts {
    store: Store,
    /// Those that a profile adds to its source, then those of the provider block.
    hops: Vec<Hop>,
    of_profile: usize,
    account_role: Option<AccountRole>,
    allowed: BTreeSet<AccountId>,
    forbidden: BTreeSet<AccountId>,
    introduction: Introduction,
    notices: Vec<Notice>,
}

/// How the provider's own identity is found out when it is configured.
#[derive(Clone, Copy, Debug)]
enum Introduction {
    /// STS is asked, where it did not come with the credentials.
    Asked,
    /// Only if it comes with the credentials, which are obtained.
    Told,
    /// Not at all.
    Later,
}

impl Introduction {
    fn of(config: &Config) -> Self {
        if config.skip_credentials_validation {
            Self::Later
        } else if config.skip_requesting_account_id {
            Self::Told
        } else {
            Self::Asked
        }
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws")
            .field("hops", &self.parts.hops)
            .finish_non_exhaustive()
    }
}

impl Aws {
    /// Prepares everything and, unless told otherwise, checks that the provider's own identity
    /// can be reached.
    ///
    /// The account lists are not asked here: the provider's own account need not be one that is
    /// written to. See [`Session::identity`].
    ///
    /// # Errors
    ///
    /// A setting cannot be used, wherever it comes from; there are no credentials; a hop was
    /// refused.
    pub async fn connect(cx: &Context, config: Config) -> Result<Self, Error> {
        Self::connect_with(cx, config, Timing::default()).await
    }

    pub(super) async fn connect_with(
        cx: &Context,
        config: Config,
        timing: Timing,
    ) -> Result<Self, Error> {
        let aws = cx.run(Self::prepare(&config, timing)).await??;
        let identity = aws.own_identity(cx).await?;
        tracing::debug!(
            identity = identity.map(|identity| identity.arn),
            "provider identity"
        );
        Ok(aws)
    }

    /// The provider's own identity, as far as the configuration lets it be found out before
    /// something needs it.
    ///
    /// # Errors
    ///
    /// There are no credentials; a hop was refused; AWS does not say who this is.
    pub async fn own_identity(&self, cx: &Context) -> Result<Option<Identity>, Error> {
        let asking = match self.parts.introduction {
            Introduction::Later => return Ok(None),
            Introduction::Told => false,
            Introduction::Asked => true,
        };
        let session = self.session(&Target::default());
        session.provider_identity(cx, asking).await
    }

    /// What practitioners should know although everything works.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.parts.notices
    }

    /// A handle on one identity. Nothing is asked of AWS yet. Equal targets share everything.
    #[must_use]
    pub fn session(&self, target: &Target) -> Session {
        Session::new(self.clone(), target.clone())
    }

    async fn prepare(config: &Config, timing: Timing) -> Result<Self, Error> {
        let shared = SharedConfig::read(config).await?;
        let settings = Settings::read(config, &shared)?;
        let http = Http::prepare(config).await?;
        let notices = Notice::all(config, &settings);
        let metadata = metadata::client(config, &http)?;
        let mut base = Base::choose(&Means {
            config,
            shared: &shared,
            settings: &settings,
            http: &http,
            metadata: &metadata,
        })?;
        check_hops(config, &base)?;
        check_account_role(config)?;
        let name = format!("terraform-ecrpublic-{}", Uuid::new_v4().simple());
        if let BaseSource::WebIdentity { identity, .. } = &mut base.source {
            identity.session_name.get_or_insert_with(|| name.clone());
        }
        let of_profile = base.hops.len();
        let mut hops = base.hops;
        hops.extend(config.assume_role.iter().cloned());
        let clients = Clients::new(settings, http);
        Ok(Self {
            parts: Arc::new(Parts {
                store: Store::new(base.source, clients, name, timing),
                hops,
                of_profile,
                account_role: config.account_role.clone(),
                allowed: config.allowed_account_ids.clone(),
                forbidden: config.forbidden_account_ids.clone(),
                introduction: Introduction::of(config),
                notices,
            }),
        })
    }

    /// The provider's own identity.
    pub(super) fn provider_chain(&self) -> Arc<Chain> {
        self.parts.store.chain(&self.parts.hops)
    }

    /// The identity that these hops lead to from the provider's own.
    pub(super) fn chain_after(&self, hops: &[Hop]) -> Arc<Chain> {
        let mut all = self.parts.hops.clone();
        all.extend_from_slice(hops);
        self.parts.store.chain(&all)
    }

    /// The hop into an account that is not the provider's.
    pub(super) fn account_hop(
        &self,
        account: &AccountId,
        provider_account: AccountId,
    ) -> Result<Hop, Error> {
        let role = self
            .parts
            .account_role
            .as_ref()
            .ok_or_else(|| ErrorKind::NoAccountRole {
                account: account.clone(),
                provider_account,
            })?;
        let invalid = |problem| ErrorKind::InvalidAccountRole {
            template: role.template.clone(),
            problem,
        };
        Ok(role.hop(account).map_err(invalid)?)
    }

    /// Whether some list says which accounts may be used.
    pub(super) fn has_account_rules(&self) -> bool {
        !self.parts.allowed.is_empty() || !self.parts.forbidden.is_empty()
    }

    /// Asks the account lists.
    pub(super) fn check_account(&self, identity: &Identity) -> Result<(), Error> {
        let Parts {
            allowed, forbidden, ..
        } = &*self.parts;
        let rule = if forbidden.contains(&identity.account) {
            AccountRule::Forbidden(forbidden.clone())
        } else if !allowed.is_empty() && !allowed.contains(&identity.account) {
            AccountRule::NotAllowed(allowed.clone())
        } else {
            return Ok(());
        };
        Err(ErrorKind::AccountNotAllowed {
            account: identity.account.clone(),
            identity: identity.arn.clone(),
            rule,
        }
        .into())
    }

    /// From a place in a chain to the place where the hop was written down, for a chain that goes
    /// on after the provider's with `further` hops of `origin`.
    pub(super) fn place(
        &self,
        in_chain: HopPosition,
        origin: HopOrigin,
        further: usize,
    ) -> HopPosition {
        let of_profile = self.parts.of_profile;
        let own = self.parts.hops.len();
        let hop = in_chain.hop;
        if hop <= of_profile {
            position(HopOrigin::Profile, hop, of_profile)
        } else if hop <= own {
            position(HopOrigin::Provider, hop - of_profile, own - of_profile)
        } else {
            position(origin, hop - own, further)
        }
    }
}

fn position(origin: HopOrigin, hop: usize, of: usize) -> HopPosition {
    HopPosition { origin, hop, of }
}

fn check_hops(config: &Config, base: &Base) -> Result<(), Error> {
    let of = config.assume_role.len();
    let starts_with_role =
        !base.hops.is_empty() || matches!(base.source, BaseSource::WebIdentity { .. });
    for (index, hop) in config.assume_role.iter().enumerate() {
        let place = if index == 0 && !starts_with_role {
            HopPlace::First
        } else {
            HopPlace::Chained
        };
        let position = position(HopOrigin::Provider, index + 1, of);
        first_problem(position, hop.check(place))?;
    }
    Ok(())
}

fn check_account_role(config: &Config) -> Result<(), Error> {
    let Some(role) = &config.account_role else {
        return Ok(());
    };
    let any: AccountId = match "000000000000".parse() {
        Ok(account) => account,
        Err(_) => return Ok(()),
    };
    let hop = role
        .hop(&any)
        .map_err(|problem| ErrorKind::InvalidAccountRole {
            template: role.template.clone(),
            problem,
        })?;
    let position = position(HopOrigin::AccountRole, 1, 1);
    first_problem(position, hop.check(HopPlace::Chained))
}

fn first_problem(hop: HopPosition, problems: Vec<InvalidHop>) -> Result<(), Error> {
    match problems.into_iter().next() {
        Some(problem) => Err(ErrorKind::InvalidHop { hop, problem }.into()),
        None => Ok(()),
    }
}
