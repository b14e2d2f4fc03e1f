//! Chooses what to show: nothing, a password, or a token, and fetches it in time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use http::header::HeaderValue;
use url::{Origin, Url};

use super::challenge::{self, Bearer, Challenge};
use super::credential::{Account, Credential};
use super::exchange;
use super::token::{Token, TokenCache, TokenKey, basic, bearer};
use crate::content;
use crate::net::retry;
use crate::net::transport::Transport;
use crate::oci::Repository;
use crate::registry::answer::Refusal;
use crate::registry::classify;
use crate::registry::endpoint::Base;
use crate::registry::error::{Action, Error, Fault, Subject};
use crate::task::Context;

/// What a request needs to be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::registry) enum Access {
    Pull,
    /// Both: whoever writes looks first.
    PullAndPush,
}

/// Who asks for what.
#[derive(Debug)]
pub(in crate::registry) struct Asker<'a> {
    pub(in crate::registry) base: &'a Base,
    pub(in crate::registry) repository: &'a Repository,
    pub(in crate::registry) account: &'a Account,
    pub(in crate::registry) subject: &'a Subject,
    pub(in crate::registry) access: Access,
}

/// What was shown with a request.
#[derive(Clone, Debug)]
pub(in crate::registry) struct Shown {
    /// The header to send, marked as sensitive.
    pub(in crate::registry) header: HeaderValue,
    grant: Grant,
}

#[derive(Clone, Debug)]
enum Grant {
    /// The credential itself.
    Credential,
    /// A token; fresh when it was fetched for this very request.
    Token { key: Box<TokenKey>, is_fresh: bool },
}

/// How a registry wants to be answered, learned from its first challenge.
#[derive(Clone, Debug)]
enum Scheme {
    Basic,
    Bearer {
        realm: Url,
        service: Option<String>,
        /// A scope that is the same for everything, as that of ECR Public is; otherwise scopes
        /// name repository and actions.
        fixed_scope: Option<String>,
    },
}

/// What a challenge led to.
#[derive(Debug)]
pub(in crate::registry) enum Next {
    /// Try again with this.
    Show(Shown),
    /// Nothing more can be done; this is what to report.
    Fail(Fault),
}

/// Schemes and tokens of all registries of a process.
#[derive(Debug)]
pub(in crate::registry) struct Authoriser {
    wire: Arc<dyn Transport>,
    schemes: Mutex<HashMap<Origin, Scheme>>,
    tokens: TokenCache,
}

impl Authoriser {
    pub(in crate::registry) fn new(wire: Arc<dyn Transport>) -> Self {
        Self {
            wire,
            schemes: Mutex::default(),
            tokens: TokenCache::default(),
        }
    }

    /// What to show before being asked: nothing as long as the registry has never asked.
    pub(in crate::registry) async fn ahead(
        &self,
        cx: &Context,
        asker: &Asker<'_>,
    ) -> Result<Option<Shown>, Error> {
        let scheme = self
            .schemes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&asker.base.url().origin())
            .cloned();
        match scheme {
            None => Ok(None),
            Some(Scheme::Basic) => self.password(cx, asker).await,
            Some(Scheme::Bearer {
                realm,
                service,
                fixed_scope,
            }) => {
                let scope = fixed_scope.unwrap_or_else(|| asker.scope());
                self.token(cx, asker, realm, service, scope).await.map(Some)
            }
        }
    }

    /// What to do after a refusal that may be about who we are. `None` when it is not.
    pub(in crate::registry) async fn after(
        &self,
        cx: &Context,
        asker: &Asker<'_>,
        headers: &HeaderMap,
        refusal: &Refusal,
        shown: Option<&Shown>,
    ) -> Result<Option<Next>, Error> {
        if refusal.status == 401 {
            return self
                .challenged(cx, asker, headers, refusal, shown)
                .await
                .map(Some);
        }
        let Some(Shown {
            header,
            grant: Grant::Token { key, .. },
        }) = shown
        else {
            return Ok(None);
        };
        let is_expired = classify::is_login_expired(refusal);
        let is_refused = classify::is_token_refused(refusal)
            || classify::may_be_token_refused(asker.subject.action, refusal);
        if !is_expired && !is_refused {
            return Ok(None);
        }
        self.tokens.drop_token(key, header);
        if is_expired {
            asker.account.refused().await;
        }
        let TokenKey {
            realm,
            service,
            scope,
            ..
        } = (**key).clone();
        let shown = self.token(cx, asker, realm, service, scope).await?;
        Ok(Some(Next::Show(shown)))
    }

    /// Forgets a token that the registry refused where the request cannot be repeated.
    pub(in crate::registry) fn forget(&self, shown: &Shown) {
        if let Grant::Token { key, .. } = &shown.grant {
            self.tokens.drop_token(key, &shown.header);
        }
    }

    async fn challenged(
        &self,
        cx: &Context,
        asker: &Asker<'_>,
        headers: &HeaderMap,
        refusal: &Refusal,
        shown: Option<&Shown>,
    ) -> Result<Next, Error> {
        match challenge::strongest(headers) {
            None if shown.is_none() => Ok(Next::Fail(Fault::NoUsableChallenge)),
            None => Ok(Next::Fail(Fault::Refused(Box::new(refusal.clone())))),
            Some(Challenge::Basic) => {
                self.learn(asker, Scheme::Basic);
                if shown.is_some() {
                    return Ok(Next::Fail(Fault::Refused(Box::new(refusal.clone()))));
                }
                let shown = self.password(cx, asker).await?;
                Ok(shown.map_or(Next::Fail(Fault::CredentialsNeeded), Next::Show))
            }
            Some(Challenge::Bearer(bearer)) => {
                self.answer_bearer(cx, asker, bearer, refusal, shown).await
            }
        }
    }

    async fn answer_bearer(
        &self,
        cx: &Context,
        asker: &Asker<'_>,
        bearer: Bearer,
        refusal: &Refusal,
        shown: Option<&Shown>,
    ) -> Result<Next, Error> {
        let realm = exchange::realm(&bearer, asker.base)
            .map_err(|fault| Error::new(asker.subject, fault))?;
        let fixed_scope = bearer
            .scope
            .clone()
            .filter(|scope| !scope.starts_with("repository:"));
        self.learn(
            asker,
            Scheme::Bearer {
                realm: realm.clone(),
                service: bearer.service.clone(),
                fixed_scope,
            },
        );
        let scope = bearer.scope.clone().unwrap_or_else(|| asker.scope());
        match shown {
            None => {}
            Some(shown) if shown.is_final(&realm, bearer.service.as_deref(), &scope) => {
                return Ok(Next::Fail(final_fault(&bearer, refusal)));
            }
            Some(shown) => self.forget(shown),
        }
        let shown = self.token(cx, asker, realm, bearer.service, scope).await?;
        Ok(Next::Show(shown))
    }

    /// What to report when a second challenge follows.
    pub(in crate::registry) fn refused_again(headers: &HeaderMap, refusal: &Refusal) -> Fault {
        match challenge::strongest(headers) {
            Some(Challenge::Bearer(bearer)) => final_fault(&bearer, refusal),
            Some(Challenge::Basic) | None => Fault::Refused(Box::new(refusal.clone())),
        }
    }

    fn learn(&self, asker: &Asker<'_>, scheme: Scheme) {
        self.schemes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(asker.base.url().origin(), scheme);
    }

    /// The credential itself, if it is one that can be shown without a token service.
    async fn password(&self, cx: &Context, asker: &Asker<'_>) -> Result<Option<Shown>, Error> {
        let credential = asker.account.last_or_ask(cx).await;
        let header = match credential.map_err(|error| asker.no_credential(error))? {
            Credential::Basic { username, password } => basic(&username, password.reveal()),
            Credential::Bearer(token) => bearer(token.reveal()),
            Credential::Anonymous | Credential::Identity(_) => None,
        };
        Ok(header.map(|header| Shown {
            header,
            grant: Grant::Credential,
        }))
    }

    async fn token(
        &self,
        cx: &Context,
        asker: &Asker<'_>,
        realm: Url,
        service: Option<String>,
        scope: String,
    ) -> Result<Shown, Error> {
        let key = |credential: &Credential| TokenKey {
            registry: asker.base.url().origin(),
            realm: realm.clone(),
            service: service.clone(),
            scope: scope.clone(),
            identity: credential.identity(),
        };
        if let Some(credential) = asker.account.last() {
            let key = key(&credential);
            if let Some(token) = self.tokens.ready(&key) {
                return Ok(Shown::token(token, key, false));
            }
        }
        let credential = asker.account.ask(cx).await;
        let credential = credential.map_err(|error| asker.no_credential(error))?;
        if let Credential::Bearer(token) = &credential {
            let header = bearer(token.reveal());
            return header
                .map(|header| Shown {
                    header,
                    grant: Grant::Credential,
                })
                .ok_or_else(|| Error::new(asker.subject, Fault::Token));
        }
        let key = key(&credential);
        let mut is_fresh = false;
        let fetch = Box::pin(async {
            is_fresh = true;
            self.fetch(cx, asker, &key, credential).await
        });
        let token = self.tokens.get(&key, fetch).await?;
        Ok(Shown::token(token, key, is_fresh))
    }

    /// Exchanges the credential, and once more after the service called it expired.
    async fn fetch(
        &self,
        cx: &Context,
        asker: &Asker<'_>,
        key: &TokenKey,
        credential: Credential,
    ) -> Result<Token, Error> {
        let error = match self.exchange(cx, asker, key, &credential).await {
            Ok(token) => return Ok(token),
            Err(error) => error,
        };
        let is_refused = |refusal: &Refusal| matches!(refusal.status, 401 | 403);
        if matches!(credential, Credential::Anonymous) || !error.refusal().is_some_and(is_refused) {
            return Err(error);
        }
        asker.account.refused().await;
        let renewed = asker.account.ask(cx).await;
        let renewed = renewed.map_err(|error| asker.no_credential(error))?;
        let is_expired = error.refusal().is_some_and(classify::is_login_expired);
        if !is_expired && renewed.identity() == credential.identity() {
            return Err(error);
        }
        self.exchange(cx, asker, key, &renewed).await
    }

    async fn exchange(
        &self,
        cx: &Context,
        asker: &Asker<'_>,
        key: &TokenKey,
        credential: &Credential,
    ) -> Result<Token, Error> {
        let subject = Subject {
            action: Action::GetToken,
            ..asker.subject.clone()
        };
        retry::run(cx, &retry::REPEATABLE, |_| async {
            exchange::exchange(
                cx,
                &*self.wire,
                &key.realm,
                key.service.as_deref(),
                &key.scope,
                credential,
            )
            .await
            .map_err(|fault| Error::new(&subject, fault))
        })
        .await
        .map_err(|gave_up| Error::gave_up(&subject, gave_up))
    }
}

impl Asker<'_> {
    /// CNCF Distribution, *Token Scope Documentation*.
    fn scope(&self) -> String {
        let actions = match self.access {
            Access::Pull => "pull",
            Access::PullAndPush => "pull,push",
        };
        format!("repository:{}:{actions}", self.repository.path())
    }

    fn no_credential(&self, error: content::Error) -> Error {
        Error::new(self.subject, Fault::Credentials(Arc::new(error)))
    }
}

impl Shown {
    fn token(token: Token, key: TokenKey, is_fresh: bool) -> Self {
        Self {
            header: token.header,
            grant: Grant::Token {
                key: Box::new(key),
                is_fresh,
            },
        }
    }

    /// Whether asking for the same again is pointless.
    fn is_final(&self, realm: &Url, service: Option<&str>, scope: &str) -> bool {
        match &self.grant {
            Grant::Credential => true,
            Grant::Token { key, is_fresh } => {
                *is_fresh
                    && key.realm == *realm
                    && key.service.as_deref() == service
                    && key.scope == scope
            }
        }
    }
}

fn final_fault(bearer: &Bearer, refusal: &Refusal) -> Fault {
    if bearer.error.as_deref() == Some("insufficient_scope") {
        Fault::MissingOrPrivate(Box::new(refusal.clone()))
    } else {
        Fault::Refused(Box::new(refusal.clone()))
    }
}
