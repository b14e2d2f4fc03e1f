//! The ways out of this process, made once for each provider configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::aws::{self, AccountId, Aws, PublicRepository, Session, Target};
use crate::content::{self, PullBudget, Source};
use crate::mirror::Engine;
use crate::net::HttpSettings;
use crate::oci::{Reference, Repository, Tag};
use crate::registry::{Client, Credential, CredentialSource, DockerConfig, Endpoint, Registry};
use crate::task::{Context, Stopped};
use crate::tf::Diagnostic;

use super::destination::{EcrPublicLogin, EcrPublicRepository};
use super::diagnose::{self, BundleOf};
use super::facts::Facts;
use super::look::{Looks, Seen};
use super::official::{self, OfficialImages};
use super::pace::Paces;
use super::planned_tags::PlannedTags;
use super::progress;
use super::pulls::Pulls;
use super::registry_settings::{ECR_PUBLIC, SourceRegistry};
use super::repository_name::RepositoryName;
use super::settings::{DockerConfigFile, Settings};
use super::signatures::Signatures;
use super::source::{Resolved, RunSource};
use super::turns::Turns;

/// Everything that calls out, and what its callers share.
#[derive(Debug)]
pub(crate) struct Clients {
    aws: Aws,
    /// The copy engine.
    pub(crate) engine: Engine,
    /// What plans may rely on.
    pub(crate) facts: Facts,
    /// Who may change which repository now.
    pub(crate) turns: Turns,
    /// Which image each tag is to show after this run.
    pub(crate) planned_tags: PlannedTags,
    /// For every repository that is created.
    pub(crate) default_tags: BTreeMap<String, String>,
    ecr_public: Endpoint,
    /// What each account allows, for everything that goes there.
    paces: Paces,
    registries: BTreeMap<String, SourceRegistry>,
    docker_config: DockerConfig,
    /// The registry client for everything without certificate authorities of its own.
    registry: Client,
    /// Those with.
    registry_by_bundle: BTreeMap<PathBuf, Client>,
    /// What tags of sources stand for in this run.
    resolved: Resolved,
    looks: Looks,
    prefers_mirrors: bool,
    official_images: OfficialImages,
    /// Who may read from sources, where they count.
    pub(crate) pulls: Arc<Pulls>,
    /// Which images were found to be signed.
    pub(crate) signatures: Signatures,
}

impl Clients {
    /// Makes them, and asks AWS who the provider is unless told otherwise.
    pub(crate) async fn connect(cx: &Context, settings: Settings) -> Result<Self, Diagnostic> {
        let aws = settings.aws.clone();
        let in_environment = settings.aws.ca_bundle.is_none();
        let registry = client(&settings.http, &BundleOf::Provider { in_environment })?;
        let mut registry_by_bundle = BTreeMap::new();
        for (host, block) in &settings.registries {
            let Some(bundle) = &block.ca_bundle else {
                continue;
            };
            let http = HttpSettings {
                ca_bundle: Some(bundle.clone()),
                ..settings.http.clone()
            };
            let named_by = BundleOf::Registry {
                position: block.position,
                host: host.clone(),
            };
            registry_by_bundle.insert(bundle.clone(), client(&http, &named_by)?);
        }
        let docker_config = match &settings.docker_config {
            DockerConfigFile::Off => Ok(DockerConfig::none()),
            DockerConfigFile::Usual => DockerConfig::load(None),
            DockerConfigFile::At(path) => DockerConfig::load(Some(path)),
        };
        let docker_config = docker_config.map_err(|error| diagnose::docker_config(&error))?;
        let engine = Engine::new(settings.limits);
        let engine = match progress::observer(&aws.environment) {
            Some(observer) => engine.observed_by(observer),
            None => engine,
        };
        let connected = Aws::connect(cx, settings.aws).await;
        let connected = connected.map_err(|error| diagnose::provider_aws(&error))?;
        Ok(Self {
            facts: facts(cx, &aws, &connected).await?,
            aws: connected,
            engine,
            turns: Turns::default(),
            planned_tags: PlannedTags::default(),
            default_tags: settings.default_tags,
            ecr_public: settings.ecr_public,
            paces: Paces::default(),
            registries: settings.registries,
            docker_config,
            registry,
            registry_by_bundle,
            resolved: Resolved::default(),
            looks: Looks::default(),
            prefers_mirrors: settings.prefers_mirrors,
            official_images: OfficialImages::default(),
            pulls: Arc::new(Pulls::new(settings.pulls)),
            signatures: Signatures::default(),
        })
    }

    /// What practitioners should know although everything works.
    pub(crate) fn notices(&self) -> impl Iterator<Item = Diagnostic> {
        self.aws.notices().iter().map(diagnose::notice)
    }

    /// A handle on one identity.
    pub(crate) fn session(&self, target: &Target) -> Session {
        self.aws.session(target)
    }

    /// A repository to copy from.
    pub(crate) fn source(&self, repository: &Repository) -> Arc<dyn Source> {
        Arc::new(self.run_source(repository))
    }

    /// A repository to copy from to this destination, whose login may read more than that.
    pub(crate) fn source_for(
        &self,
        repository: &Repository,
        destination: &EcrPublicRepository,
    ) -> Arc<dyn Source> {
        let source = self.run_source(repository);
        let Some(official) = self.official_image(repository) else {
            return Arc::new(source);
        };
        let official = destination.registry().sibling(official);
        Arc::new(source.preferring(self.official_images.image(official)))
    }

    /// Where content of a source can be read without a pull, once it was looked at: a registry that
    /// counts has said so by then.
    pub(crate) fn free_source(&self, repository: &Repository) -> Option<Arc<dyn Source>> {
        if let Some(official) = self.official_image(repository) {
            let registry = self.registry_of(&official).paced(self.paces.of_nobody());
            let source = RunSource::new(registry, &self.resolved, &self.pulls);
            return Some(Arc::new(source));
        }
        let source = self.source(repository);
        (!source.counts_pulls()).then_some(source)
    }

    /// Where content of a source is looked for first, if that is not the source itself.
    fn official_image(&self, repository: &Repository) -> Option<Repository> {
        match self.prefers_mirrors {
            true => official::at_ecr_public(repository),
            false => None,
        }
    }

    fn run_source(&self, repository: &Repository) -> RunSource {
        RunSource::new(self.registry_of(repository), &self.resolved, &self.pulls)
    }

    /// A handle on a repository of a source registry.
    fn registry_of(&self, repository: &Repository) -> Registry {
        let host = repository.registry();
        let block = self.registries.get(host);
        let endpoint = match block {
            Some(block) => block.endpoint.clone(),
            None if host == ECR_PUBLIC => self.ecr_public.clone(),
            None => Endpoint::new(host),
        };
        let own = block.and_then(|block| self.registry_by_bundle.get(block.ca_bundle.as_ref()?));
        let client = own.unwrap_or(&self.registry);
        let credentials = self.credentials(repository, block);
        client.repository(&endpoint, repository.clone(), credentials)
    }

    /// What the registry of a source said last about pulls left.
    pub(crate) fn pull_budget(&self, source: &Reference) -> Option<PullBudget> {
        self.run_source(source.repository()).pull_budget()
    }

    /// Whether a copy is expected to take no pull from its source.
    pub(crate) fn spares_pulls(&self, source: &Reference) -> bool {
        self.official_image(source.repository()).is_some()
    }

    /// What a source shows now, without a pull and without insisting.
    ///
    /// # Errors
    ///
    /// Only that `cx` has ended.
    pub(crate) async fn look(&self, cx: &Context, source: &Reference) -> Result<Seen, Stopped> {
        let repository = self.source(source.repository());
        self.looks.look(cx, &*repository, &source.version()).await
    }

    /// The tags of a repository, without a pull.
    pub(crate) async fn tags(
        &self,
        cx: &Context,
        repository: &Repository,
    ) -> Result<BTreeSet<Tag>, content::Error> {
        self.registry_of(repository).tags(cx).await
    }

    fn credentials(
        &self,
        repository: &Repository,
        block: Option<&SourceRegistry>,
    ) -> Arc<dyn CredentialSource> {
        match block.and_then(|block| block.credential.clone()) {
            Some(credential) => Arc::new(credential),
            // What Docker knows about ECR Public is a login of somebody, for half a day.
            None if repository.registry() == ECR_PUBLIC => Arc::new(Credential::Anonymous),
            None => self.docker_config.credentials(repository),
        }
    }

    /// A repository to copy to.
    pub(crate) fn destination(
        &self,
        session: &Session,
        account: &AccountId,
        alias: &str,
        name: &RepositoryName,
    ) -> Result<EcrPublicRepository, Diagnostic> {
        let path = format!("{alias}/{name}");
        let repository = Repository::new(ECR_PUBLIC, &path)
            .map_err(|error| diagnose::unusable_alias(alias, &error))?;
        let login = Arc::new(EcrPublicLogin(session.clone()));
        let registry = self
            .registry
            .repository(&self.ecr_public, repository, login)
            .paced(self.paces.of(account));
        Ok(EcrPublicRepository::new(
            registry,
            session.clone(),
            name.as_str(),
        ))
    }
}

/// The alias in `public.ecr.aws/<alias>/<name>`, which may be newer than the registry's own answer.
pub(crate) fn alias_of(repository: &PublicRepository) -> Option<&str> {
    let path = repository.uri.split_once('/')?.1;
    let alias = path.strip_suffix(repository.name.as_str())?;
    alias.strip_suffix('/').filter(|alias| !alias.is_empty())
}

fn client(http: &HttpSettings, bundle: &BundleOf) -> Result<Client, Diagnostic> {
    Client::new(http).map_err(|error| diagnose::http_settings(&error, bundle))
}

async fn facts(cx: &Context, config: &aws::Config, aws: &Aws) -> Result<Facts, Diagnostic> {
    let identity = aws.own_identity(cx).await;
    let identity = identity.map_err(|error| diagnose::provider_aws(&error))?;
    Ok(Facts {
        provider_account: identity.map(|identity| identity.account),
        has_account_role: config.account_role.is_some(),
        allowed: config.allowed_account_ids.clone(),
        forbidden: config.forbidden_account_ids.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alias_is_what_stands_between_host_and_name() {
        let repository = |uri: &str| PublicRepository {
            arn: String::new(),
            uri: uri.to_owned(),
            account: "111111111111".parse().unwrap(),
            name: "team/app".to_owned(),
        };
        let rows = [
            ("public.ecr.aws/a1b2/team/app", Some("a1b2")),
            ("127.0.0.1:5000/a1b2/team/app", Some("a1b2")),
            ("public.ecr.aws/team/app", None),
            ("public.ecr.aws/a1b2/other", None),
        ];
        for (uri, alias) in rows {
            assert_eq!(alias_of(&repository(uri)), alias, "{uri}");
        }
    }
}
