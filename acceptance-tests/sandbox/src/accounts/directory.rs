//! The directory of everybody there is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use time::OffsetDateTime;

use super::managed::managed_policy;
use super::seed::{AccountSeed, AccountsSeed, AliasStatus, RoleSeed, SeedError, UserSeed};
use super::seed::{WebTokenSeed, default_alias};
use super::sessions::{Credentials, Key, Login, LoginRefused, SessionRequest, Sessions};
use super::{AccountId, Identity, Principal};
use crate::clock::Clock;
use crate::lock::lock;
use crate::policy::{Facts, PolicyDocument};

/// Accounts, users, roles, sessions and logins of one sandbox. Clones share them.
#[derive(Clone, Debug)]
pub struct Accounts {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    accounts: BTreeMap<AccountId, Account>,
    web_tokens: Vec<WebToken>,
    sessions: Sessions,
}

#[derive(Debug)]
struct Account {
    organization: Option<String>,
    aliases: Vec<Alias>,
    has_registry: bool,
    users: Vec<User>,
    roles: Vec<Role>,
}

#[derive(Debug)]
struct User {
    id: String,
    seed: UserSeed,
    policies: Vec<PolicyDocument>,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    /// `AROA…`; another one when a role is removed and made again.
    pub(crate) id: String,
    pub(crate) seed: RoleSeed,
    policies: Vec<PolicyDocument>,
}

#[derive(Clone, Debug)]
pub(crate) struct WebToken {
    pub(crate) seed: WebTokenSeed,
    pub(crate) expires_at: Option<OffsetDateTime>,
}

/// An alias of a registry, as `DescribeRegistries` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The alias.
    pub name: String,
    /// Whether it can be used.
    pub status: AliasStatus,
    /// Whether it is the one in repository URIs.
    pub is_primary: bool,
    /// Whether ECR Public gave it.
    pub is_default: bool,
}

impl Accounts {
    /// The accounts of a seed.
    ///
    /// # Errors
    ///
    /// The seed describes what cannot exist.
    pub fn new(seed: AccountsSeed, clock: Clock) -> Result<Self, SeedError> {
        let started = clock.now();
        let mut state = State {
            accounts: BTreeMap::new(),
            web_tokens: Vec::new(),
            sessions: Sessions::new(0x5a4d_b0c5),
        };
        for token in seed.web_tokens {
            let life = token.expires_in_seconds;
            state.web_tokens.push(WebToken {
                expires_at: life.map(|seconds| started + time::Duration::seconds(seconds.into())),
                seed: token,
            });
        }
        for account in seed.accounts {
            state.add_account(account)?;
        }
        Ok(Self {
            clock,
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// The clock that sessions and logins expire by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// All accounts, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<AccountId> {
        self.state().accounts.keys().cloned().collect()
    }

    /// Whether there is such an account.
    #[must_use]
    pub fn contains(&self, account: &AccountId) -> bool {
        self.state().accounts.contains_key(account)
    }

    /// Adds one more account.
    ///
    /// # Errors
    ///
    /// It cannot exist beside the others.
    pub fn add_account(&self, seed: AccountSeed) -> Result<(), SeedError> {
        self.state().add_account(seed)
    }

    /// Adds a role, or changes the one of that name. Existing sessions see the change at once.
    ///
    /// # Errors
    ///
    /// There is no such account, or the role cannot exist.
    pub fn put_role(&self, account: &AccountId, role: RoleSeed) -> Result<(), SeedError> {
        self.state().put_role(account, role)
    }

    /// Removes a role. Its sessions stop working.
    ///
    /// # Errors
    ///
    /// There is no such account or role.
    pub fn remove_role(&self, account: &AccountId, name: &str) -> Result<(), SeedError> {
        let mut state = self.state();
        let roles = &mut state.account_mut(account)?.roles;
        let before = roles.len();
        roles.retain(|role| role.seed.name != name);
        if roles.len() == before {
            return Err(SeedError::UnknownRole(account.clone(), name.to_owned()));
        }
        Ok(())
    }

    /// The account behind a `registryId` or an active alias.
    #[must_use]
    pub fn resolve_registry(&self, id_or_alias: &str) -> Option<AccountId> {
        let names =
            |alias: &Alias| alias.name == id_or_alias && alias.status == AliasStatus::Active;
        let state = self.state();
        let mut accounts = state.accounts.iter();
        let found = accounts
            .find(|(id, account)| id.as_str() == id_or_alias || account.aliases.iter().any(names));
        found.map(|(id, _)| id.clone())
    }

    /// The aliases of an account: none before its first repository, unless it asked for some.
    #[must_use]
    pub fn aliases(&self, account: &AccountId) -> Vec<Alias> {
        let state = self.state();
        let account = state.accounts.get(account);
        account.map_or_else(Vec::new, |account| account.shown_aliases().collect())
    }

    /// The alias in the account's repository URIs, whether or not it has repositories yet.
    #[must_use]
    pub fn primary_alias(&self, account: &AccountId) -> Option<String> {
        let state = self.state();
        let account = state.accounts.get(account)?;
        account.primary().map(|alias| alias.name.clone())
    }

    /// Notes that the account has had a repository, which gives it the default alias.
    pub fn open_registry(&self, account: &AccountId) {
        if let Some(account) = self.state().accounts.get_mut(account) {
            account.has_registry = true;
        }
    }

    /// Whether the account has ever had a repository.
    #[must_use]
    pub fn has_registry(&self, account: &AccountId) -> bool {
        let state = self.state();
        state
            .accounts
            .get(account)
            .is_some_and(|it| it.has_registry)
    }

    /// Gives the account a custom alias, or changes the status of one it has. The approved alias that
    /// was asked for first is the primary one.
    ///
    /// # Errors
    ///
    /// There is no such account, or the alias is malformed or taken.
    pub fn put_alias(
        &self,
        account: &AccountId,
        name: &str,
        status: AliasStatus,
    ) -> Result<(), SeedError> {
        let mut state = self.state();
        let mine = &state.account_mut(account)?.aliases;
        if !mine.iter().any(|alias| alias.name == name) {
            state.check_alias(name)?;
        }
        let mine = &mut state.account_mut(account)?.aliases;
        mine.retain(|alias| alias.name != name);
        mine.push(Alias::custom(name, status));
        Ok(())
    }

    /// The key with this id. None for a key that was never issued, and for one of a removed role.
    pub(crate) fn key(&self, access_key_id: &str) -> Option<Key> {
        let state = self.state();
        if let Some(key) = state.sessions.key(access_key_id) {
            return state.still_exists(&key.identity).then_some(key);
        }
        state.accounts.iter().find_map(|(id, account)| {
            let user = account
                .users
                .iter()
                .find(|user| user.seed.access_key_id == access_key_id)?;
            Some(Key {
                secret_access_key: user.seed.secret_access_key.clone(),
                session_token: None,
                identity: user.identity(id),
            })
        })
    }

    /// The account and the role behind an ARN.
    pub(crate) fn role(&self, arn: &str) -> Option<(AccountId, Role)> {
        let state = self.state();
        state.accounts.iter().find_map(|(id, account)| {
            let role = account.roles.iter().find(|role| role.arn(id) == arn)?;
            Some((id.clone(), role.clone()))
        })
    }

    /// Who a session of a role is, for credentials that somebody else obtained, such as the author of
    /// a shared credentials file.
    #[must_use]
    pub fn role_session(&self, role_arn: &str, session_name: &str) -> Option<Identity> {
        let (account, role) = self.role(role_arn)?;
        Some(role.session(&account, session_name))
    }

    /// A policy that AWS manages, by its ARN.
    pub(crate) fn managed_policy(&self, arn: &str) -> Option<PolicyDocument> {
        managed_policy(arn)
    }

    /// The account a key id belongs to, for `GetAccessKeyInfo`.
    pub(crate) fn account_of_key(&self, access_key_id: &str) -> Option<AccountId> {
        self.key(access_key_id).map(|key| key.identity.account)
    }

    /// The web identity token, if it is one the sandbox knows.
    pub(crate) fn web_token(&self, token: &str) -> Option<WebToken> {
        let state = self.state();
        let found = state.web_tokens.iter().find(|it| it.seed.token == token);
        found.cloned()
    }

    /// Issues temporary credentials. Whether the caller may have them was decided before.
    #[must_use]
    pub fn issue_session(&self, request: SessionRequest) -> Credentials {
        let now = self.clock.now();
        self.state().sessions.issue(request, now)
    }

    /// How long the logins to come will work, in place of twelve hours.
    pub fn set_login_life(&self, life: Duration) {
        self.state().sessions.set_login_life(life);
    }

    /// Issues a login to the registry.
    #[must_use]
    pub fn issue_login(&self, identity: &Identity) -> Login {
        let now = self.clock.now();
        self.state().sessions.issue_login(identity, now)
    }

    /// Who logs in to the registry with this password.
    ///
    /// # Errors
    ///
    /// Tells an expired login from an unknown one.
    pub fn login(&self, password: &str) -> Result<Identity, LoginRefused> {
        let now = self.clock.now();
        self.state().sessions.login(password, now)
    }

    /// Everything that was issued so far and is nobody else's to read: of sessions the key, its ID
    /// and the token, of logins the password.
    #[must_use]
    pub fn issued_secrets(&self) -> Vec<String> {
        self.state().sessions.secrets()
    }

    /// The identity policies in force for somebody.
    pub(super) fn policies(&self, identity: &Identity) -> Vec<PolicyDocument> {
        let state = self.state();
        let Some(account) = state.accounts.get(&identity.account) else {
            return Vec::new();
        };
        let policies = match &identity.principal {
            Principal::User { name } => account
                .users
                .iter()
                .find(|user| user.seed.name == *name)
                .map(|user| &user.policies),
            Principal::AssumedRole { role, .. } => account
                .roles
                .iter()
                .find(|it| it.seed.name == *role)
                .map(|role| &role.policies),
        };
        policies.cloned().unwrap_or_default()
    }

    /// What conditions can know about somebody.
    pub(crate) fn facts(&self, identity: &Identity) -> Facts {
        let mut facts = Facts::default();
        facts.add("aws:PrincipalArn", identity.principal_arn());
        facts.add("aws:PrincipalAccount", identity.account.as_str());
        facts.add("aws:userid", identity.user_id.as_str());
        facts.add("aws:SecureTransport", "true");
        let state = self.state();
        let organization = state
            .accounts
            .get(&identity.account)
            .and_then(|account| account.organization.as_deref());
        if let Some(organization) = organization {
            facts.add("aws:PrincipalOrgID", organization);
        }
        if let Principal::User { name } = &identity.principal {
            facts.add("aws:username", name.as_str());
        }
        if let Some(source_identity) = &identity.source_identity {
            facts.add("aws:SourceIdentity", source_identity.as_str());
        }
        for (key, value) in &identity.tags {
            facts.add(&format!("aws:PrincipalTag/{key}"), value.as_str());
        }
        facts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn add_account(&mut self, seed: AccountSeed) -> Result<(), SeedError> {
        if self.accounts.contains_key(&seed.id) {
            return Err(SeedError::DuplicateAccount(seed.id));
        }
        let default = seed
            .default_alias
            .unwrap_or_else(|| default_alias(&seed.id));
        self.check_alias(&default)?;
        let mut aliases = vec![Alias {
            is_default: true,
            ..Alias::custom(&default, AliasStatus::Active)
        }];
        for alias in seed.custom_aliases {
            self.check_alias(&alias.name)?;
            if aliases.iter().any(|other| other.name == alias.name) {
                return Err(SeedError::DuplicateAlias(alias.name));
            }
            aliases.push(Alias::custom(&alias.name, alias.status));
        }
        let mut users: Vec<User> = Vec::new();
        let mut keys = BTreeSet::new();
        for user in seed.users {
            let key = user.access_key_id.clone();
            if !is_access_key_id(&key) {
                return Err(SeedError::AccessKey(key));
            }
            if self.knows_key(&key) || !keys.insert(key.clone()) {
                return Err(SeedError::DuplicateAccessKey(key));
            }
            users.push(User {
                id: self.sessions.id("AIDA", 17),
                policies: in_force(&user.policies, &user.managed_policy_arns)?,
                seed: user,
            });
        }
        self.accounts.insert(
            seed.id.clone(),
            Account {
                organization: seed.organization,
                aliases,
                has_registry: false,
                users,
                roles: Vec::new(),
            },
        );
        for role in seed.roles {
            let roles = &self.account_mut(&seed.id)?.roles;
            if roles.iter().any(|other| other.seed.name == role.name) {
                return Err(SeedError::DuplicateRole(seed.id, role.name));
            }
            self.put_role(&seed.id, role)?;
        }
        Ok(())
    }

    fn put_role(&mut self, account: &AccountId, seed: RoleSeed) -> Result<(), SeedError> {
        if !(3600..=43_200).contains(&seed.max_session_seconds) {
            return Err(SeedError::SessionLength(
                seed.name,
                seed.max_session_seconds,
            ));
        }
        if !(seed.path.starts_with('/') && seed.path.ends_with('/')) {
            return Err(SeedError::Path(seed.name, seed.path));
        }
        let policies = in_force(&seed.policies, &seed.managed_policy_arns)?;
        let new_id = self.sessions.id("AROA", 17);
        let roles = &mut self.account_mut(account)?.roles;
        if let Some(role) = roles.iter_mut().find(|role| role.seed.name == seed.name) {
            role.seed = seed;
            role.policies = policies;
        } else {
            roles.push(Role {
                id: new_id,
                seed,
                policies,
            });
        }
        Ok(())
    }

    fn account_mut(&mut self, account: &AccountId) -> Result<&mut Account, SeedError> {
        self.accounts
            .get_mut(account)
            .ok_or_else(|| SeedError::UnknownAccount(account.clone()))
    }

    fn check_alias(&self, name: &str) -> Result<(), SeedError> {
        if !is_alias(name) {
            return Err(SeedError::Alias(name.to_owned()));
        }
        let mut taken = self.accounts.values().flat_map(|account| &account.aliases);
        if taken.any(|alias| alias.name == name) {
            return Err(SeedError::DuplicateAlias(name.to_owned()));
        }
        Ok(())
    }

    fn knows_key(&self, access_key_id: &str) -> bool {
        let mut users = self.accounts.values().flat_map(|account| &account.users);
        users.any(|user| user.seed.access_key_id == access_key_id)
    }

    fn still_exists(&self, identity: &Identity) -> bool {
        let Some(account) = self.accounts.get(&identity.account) else {
            return false;
        };
        match &identity.principal {
            Principal::User { name } => account.users.iter().any(|user| user.seed.name == *name),
            Principal::AssumedRole { .. } => account.roles.iter().any(|role| {
                let id = identity.user_id.split(':').next();
                id == Some(role.id.as_str())
            }),
        }
    }
}

impl Account {
    fn shown_aliases(&self) -> impl Iterator<Item = Alias> {
        let primary = self.primary().map(|alias| alias.name.clone());
        self.aliases
            .iter()
            .filter(|alias| self.has_registry || !alias.is_default)
            .map(move |alias| Alias {
                is_primary: Some(&alias.name) == primary.as_ref(),
                ..alias.clone()
            })
    }

    fn primary(&self) -> Option<&Alias> {
        let custom = self
            .aliases
            .iter()
            .find(|alias| !alias.is_default && alias.status == AliasStatus::Active);
        custom.or_else(|| self.aliases.first())
    }
}

impl Alias {
    fn custom(name: &str, status: AliasStatus) -> Self {
        Self {
            name: name.to_owned(),
            status,
            is_primary: false,
            is_default: false,
        }
    }
}

impl User {
    fn identity(&self, account: &AccountId) -> Identity {
        Identity {
            account: account.clone(),
            arn: format!("arn:aws:iam::{account}:user/{}", self.seed.name),
            user_id: self.id.clone(),
            principal: Principal::User {
                name: self.seed.name.clone(),
            },
            expires_at: None,
            tags: BTreeMap::new(),
            transitive_tags: BTreeMap::new(),
            source_identity: None,
            is_chained: false,
            session_policies: Vec::new(),
        }
    }
}

impl Role {
    /// The ARN in this account.
    pub(crate) fn arn(&self, account: &AccountId) -> String {
        format!(
            "arn:aws:iam::{account}:role{}{}",
            self.seed.path, self.seed.name
        )
    }

    /// Who a session of this name is, before anything else is known about it.
    pub(crate) fn session(&self, account: &AccountId, name: &str) -> Identity {
        let role = &self.seed.name;
        Identity {
            account: account.clone(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
            user_id: format!("{}:{name}", self.id),
            principal: Principal::AssumedRole {
                role: role.clone(),
                role_arn: self.arn(account),
                session: name.to_owned(),
            },
            expires_at: None,
            tags: BTreeMap::new(),
            transitive_tags: BTreeMap::new(),
            source_identity: None,
            is_chained: false,
            session_policies: Vec::new(),
        }
    }
}

fn in_force(
    inline: &[PolicyDocument],
    managed_arns: &[String],
) -> Result<Vec<PolicyDocument>, SeedError> {
    let mut policies = inline.to_vec();
    for arn in managed_arns {
        let managed = managed_policy(arn);
        policies.push(managed.ok_or_else(|| SeedError::ManagedPolicy(arn.clone()))?);
    }
    Ok(policies)
}

fn is_access_key_id(text: &str) -> bool {
    (16..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `[a-z][a-z0-9]+(?:[._-][a-z0-9]+)*`, 2 to 50 characters: the service model's own pattern.
fn is_alias(text: &str) -> bool {
    let parts_are_plain = text
        .split(['.', '_', '-'])
        .all(|part| !part.is_empty() && part.bytes().all(is_lower_or_digit));
    let first = text.split(['.', '_', '-']).next().unwrap_or_default();
    (2..=50).contains(&text.len())
        && parts_are_plain
        && first.len() >= 2
        && first.starts_with(|first: char| first.is_ascii_lowercase())
}

fn is_lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}
