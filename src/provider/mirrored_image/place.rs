//! Where an instance is: account, repository, and the roles that lead there.

use crate::aws::{self, AccountId, PublicRepository, Session, Target};
use crate::task::Context;
use crate::tf::{Attr, Diagnostic};

use super::super::aws_tags;
use super::super::clients::{Clients, alias_of};
use super::super::destination::EcrPublicRepository;
use super::super::diagnose;
use super::super::known;
use super::super::registry_settings::ECR_PUBLIC;
use super::super::repository_name::RepositoryName;
use super::super::way;
use super::model::MirroredImage;
use super::plan;

/// Where an instance is, as its model says.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The account, unless only AWS can tell.
    pub(super) account: Option<AccountId>,
    /// The repository.
    pub(super) repository: RepositoryName,
    hops: Vec<aws::Hop>,
}

impl Place {
    /// Reads it from a planned or stored model, which has been checked.
    pub(super) fn of(model: &MirroredImage) -> Result<Self, Diagnostic> {
        let account = match model.account_id.known() {
            None => None,
            Some(account) => Some(account.parse().map_err(|_| unreadable("account_id"))?),
        };
        let repository = model.repository.known();
        let repository = repository.and_then(|name| name.parse().ok());
        Ok(Self {
            account,
            repository: repository.ok_or_else(|| unreadable("repository"))?,
            hops: way::hops(&model.assume_role)?,
        })
    }

    /// The identity that works there. `role_is_new`: the last role may have been made a moment ago.
    pub(super) fn session(&self, clients: &Clients, role_is_new: bool) -> Session {
        clients.session(&Target {
            hops: self.hops.clone(),
            account: self.account.clone(),
            role_is_new,
        })
    }
}

/// Models are checked before they get here.
fn unreadable(attribute: &str) -> Diagnostic {
    diagnose::invalid_state(attribute)
}

/// A repository that is there, and everything that is needed to work in it.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// The account.
    pub(super) account: AccountId,
    /// The name of the repository.
    pub(super) name: RepositoryName,
    /// The alias in its address.
    pub(super) alias: String,
    /// `public.ecr.aws/<alias>/<repository>`
    pub(super) uri: String,
    /// To write to it.
    pub(super) destination: EcrPublicRepository,
    /// Whether it was created just now.
    pub(super) is_new: bool,
}

impl Site {
    /// Goes there, and creates the repository if it is missing and that is wanted.
    ///
    /// Nothing is created before the account has been found to be the right one.
    pub(super) async fn open(
        cx: &Context,
        clients: &Clients,
        session: &Session,
        model: &MirroredImage,
    ) -> Result<Self, Diagnostic> {
        let aws_error = |error: aws::Error| diagnose::resource_aws(&error);
        let name = Place::of(model)?.repository;
        let account = session.identity(cx).await.map_err(aws_error)?.account;
        // From now on, nothing of this run deletes the repository.
        let turn = clients.turns.copying(cx, &account, &name).await;
        let _turn = turn.map_err(diagnose::stopped)?;
        let found = session.repository(cx, name.as_str()).await;
        let (repository, is_new) = match found.map_err(aws_error)? {
            Some(repository) => (repository, false),
            None if model.create_repository == Attr::Known(false) => {
                return Err(diagnose::repository_missing(&name, &account));
            }
            None => (
                create(cx, clients, session, model, &name)
                    .await
                    .map_err(aws_error)?,
                true,
            ),
        };
        let alias = alias_of(&repository).ok_or_else(|| diagnose::no_alias(account.as_str()))?;
        let alias = alias.to_owned();
        let destination = clients.destination(session, &account, &alias, &name)?;
        Ok(Self {
            uri: uri(&alias, &name),
            destination: match is_new {
                true => destination.created_now(),
                false => destination,
            },
            account,
            name,
            alias,
            is_new,
        })
    }

    /// The ARN of the repository.
    pub(super) fn arn(&self) -> String {
        plan::arn(self.account.as_str(), self.name.as_str())
    }
}

/// `public.ecr.aws/<alias>/<repository>`
pub(super) fn uri(alias: &str, name: &RepositoryName) -> String {
    format!("{ECR_PUBLIC}/{alias}/{name}")
}

async fn create(
    cx: &Context,
    clients: &Clients,
    session: &Session,
    model: &MirroredImage,
    name: &RepositoryName,
) -> Result<PublicRepository, aws::Error> {
    let own = known::text_map(&model.repository_tags).unwrap_or_default();
    let tags = aws_tags::of_repository(&clients.default_tags, &own);
    tracing::info!(repository = name.as_str(), "creating repository");
    session.create_repository(cx, name.as_str(), &tags).await
}
