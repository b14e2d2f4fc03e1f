//! Repositories and what is written on them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use tempfile::TempDir;
use time::OffsetDateTime;

use super::image::Stored;
use super::limits::require_below;
use super::upload::Upload;
use super::{Limits, Page, Paged, Place, StoreError};
use crate::accounts::AccountId;
use crate::blob::Blob;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::lock::lock;
use crate::space::Space;

const TAGS_MAX: usize = 50;

/// Everything ECR Public holds, for all accounts. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    folder: TempDir,
    space: Space,
    limits: Mutex<Limits>,
    state: Mutex<State>,
    uploads_started: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct State {
    repositories: BTreeMap<Place, Repo>,
    display_names: HashMap<AccountId, String>,
}

/// A repository as it is kept.
#[derive(Debug)]
pub(super) struct Repo {
    about: Repository,
    pub(super) layers: HashMap<Digest, Blob>,
    pub(super) images: BTreeMap<Digest, Stored>,
    pub(super) tags: BTreeMap<String, Tag>,
    pub(super) uploads: HashMap<String, Arc<tokio::sync::Mutex<Upload>>>,
}

#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) digest: Digest,
    pub(super) created_at: OffsetDateTime,
}

/// A repository as it is described.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Account and name.
    pub place: Place,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// What the gallery shows, if anything was written.
    pub catalog: Option<CatalogData>,
    /// Tags of the resource.
    pub tags: BTreeMap<String, String>,
    /// Its policy as JSON text.
    pub policy: Option<String>,
}

/// What a repository is created with.
#[derive(Debug, Clone, Default)]
pub struct NewRepository {
    /// What the gallery shows.
    pub catalog: Option<CatalogData>,
    /// Tags of the resource.
    pub tags: BTreeMap<String, String>,
}

/// What the gallery shows of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogData {
    /// At most 1024 characters.
    pub description: Option<String>,
    /// At most 50 of 1 to 50 characters.
    pub architectures: Vec<String>,
    /// At most 50 of 1 to 50 characters.
    pub operating_systems: Vec<String>,
    /// At most 512 000 bytes. It reads back only as an address.
    pub logo: Option<Bytes>,
    /// At most 25 600 characters.
    pub about_text: Option<String>,
    /// At most 25 600 characters.
    pub usage_text: Option<String>,
}

impl Repository {
    /// `arn:aws:ecr-public::<account>:repository/<name>`.
    pub fn arn(&self) -> String {
        self.place.arn()
    }
}

impl Place {
    /// `arn:aws:ecr-public::<account>:repository/<name>`.
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:ecr-public::{}:repository/{}",
            self.account, self.repository
        )
    }
}

impl Store {
    /// An empty store that spills into a folder of its own, removed with it.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn new(clock: Clock) -> std::io::Result<Self> {
        Self::with_space(clock, Space::default())
    }

    pub(crate) fn with_space(clock: Clock, space: Space) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("ecr-public-sandbox-")
            .tempdir()?;
        Ok(Self {
            shared: Arc::new(Shared {
                clock,
                folder,
                space,
                limits: Mutex::default(),
                state: Mutex::default(),
                uploads_started: AtomicU64::new(0),
            }),
        })
    }

    /// Creates a repository.
    ///
    /// # Errors
    ///
    /// `InvalidParameter` for a name outside the service's grammar, `RepositoryAlreadyExists`,
    /// `InvalidTagParameter`, `TooManyTags`, `LimitExceeded`.
    pub fn create_repository(
        &self,
        account: &AccountId,
        name: &str,
        new: NewRepository,
    ) -> Result<Repository, StoreError> {
        check_name(name)?;
        check_tags(&new.tags)?;
        if let Some(catalog) = &new.catalog {
            catalog.check()?;
        }
        let place = Place {
            account: account.clone(),
            repository: name.to_owned(),
        };
        let mut state = self.state();
        if state.repositories.contains_key(&place) {
            return Err(StoreError::RepositoryAlreadyExists(place));
        }
        let limit = self.limits().repositories_per_registry;
        let present = state.of(account).count();
        require_below("repositories per registry", limit, present)?;
        let about = Repository {
            place: place.clone(),
            created_at: self.shared.clock.now(),
            catalog: new.catalog,
            tags: new.tags,
            policy: None,
        };
        state.repositories.insert(place, Repo::new(about.clone()));
        Ok(about)
    }

    /// One repository.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`.
    pub fn repository(&self, account: &AccountId, name: &str) -> Result<Repository, StoreError> {
        self.read(account, name, |repo| Ok(repo.about.clone()))
    }

    /// The named repositories in the order asked for.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound` as soon as one of them is missing.
    pub fn named_repositories(
        &self,
        account: &AccountId,
        names: &[String],
    ) -> Result<Vec<Repository>, StoreError> {
        names
            .iter()
            .map(|name| self.repository(account, name))
            .collect()
    }

    /// All repositories of an account, by name.
    ///
    /// # Errors
    ///
    /// `InvalidParameter` for a bad page.
    pub fn repositories(
        &self,
        account: &AccountId,
        page: &Page,
    ) -> Result<Paged<Repository>, StoreError> {
        let all: Vec<Repository> = self.state().of(account).cloned().collect();
        page.cut(all, |repository| repository.place.repository.clone())
    }

    /// Whether an account has any repository, and with it a default alias.
    pub fn has_registry(&self, account: &AccountId) -> bool {
        self.state().of(account).next().is_some()
    }

    /// Deletes a repository; `force` takes its images along.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`, `RepositoryNotEmpty`.
    pub fn delete_repository(
        &self,
        account: &AccountId,
        name: &str,
        force: bool,
    ) -> Result<Repository, StoreError> {
        let place = Place {
            account: account.clone(),
            repository: name.to_owned(),
        };
        let mut state = self.state();
        match state.repositories.get(&place) {
            None => return Err(StoreError::RepositoryNotFound(place)),
            Some(repo) if !force && !repo.images.is_empty() => {
                return Err(StoreError::RepositoryNotEmpty(place));
            }
            Some(_) => {}
        }
        let removed = state.repositories.remove(&place);
        removed
            .map(|repo| repo.about)
            .ok_or(StoreError::RepositoryNotFound(place))
    }

    /// Replaces what the gallery shows.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`, `InvalidParameter` for a text that is too long.
    pub fn put_catalog(
        &self,
        account: &AccountId,
        name: &str,
        catalog: CatalogData,
    ) -> Result<CatalogData, StoreError> {
        catalog.check()?;
        self.write(account, name, |repo| {
            repo.about.catalog = Some(catalog.clone());
            Ok(catalog)
        })
    }

    /// What the gallery shows; nothing at all as long as nobody has said anything.
    ///
    /// The service model has an error for that, but hashicorp/aws takes any error here as fatal
    /// and manages repositories without catalog data all the same.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`.
    pub fn catalog(&self, account: &AccountId, name: &str) -> Result<CatalogData, StoreError> {
        Ok(self.repository(account, name)?.catalog.unwrap_or_default())
    }

    /// Sets the repository's policy text.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`, `InvalidParameter` for more than 10 240 characters.
    pub fn set_policy(
        &self,
        account: &AccountId,
        name: &str,
        text: &str,
    ) -> Result<(), StoreError> {
        within("policyText", text, 10_240)?;
        self.write(account, name, |repo| {
            repo.about.policy = Some(text.to_owned());
            Ok(())
        })
    }

    /// The repository's policy text.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`, `RepositoryPolicyNotFound`.
    pub fn policy(&self, account: &AccountId, name: &str) -> Result<String, StoreError> {
        let about = self.repository(account, name)?;
        about
            .policy
            .ok_or(StoreError::RepositoryPolicyNotFound(about.place))
    }

    /// Removes the repository's policy and returns its text.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`, `RepositoryPolicyNotFound`.
    pub fn delete_policy(&self, account: &AccountId, name: &str) -> Result<String, StoreError> {
        self.write(account, name, |repo| {
            let place = repo.about.place.clone();
            repo.about
                .policy
                .take()
                .ok_or(StoreError::RepositoryPolicyNotFound(place))
        })
    }

    /// Adds or replaces resource tags.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`, `InvalidTagParameter`, `TooManyTags`.
    pub fn tag_repository(
        &self,
        account: &AccountId,
        name: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        self.write(account, name, |repo| {
            let mut merged = repo.about.tags.clone();
            merged.extend(tags);
            check_tags(&merged)?;
            repo.about.tags = merged;
            Ok(())
        })
    }

    /// Removes resource tags; those that are not there are ignored.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`.
    pub fn untag_repository(
        &self,
        account: &AccountId,
        name: &str,
        keys: &[String],
    ) -> Result<(), StoreError> {
        self.write(account, name, |repo| {
            repo.about.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        })
    }

    /// The name a registry shows in the gallery, if one was set.
    pub fn display_name(&self, account: &AccountId) -> Option<String> {
        self.state().display_names.get(account).cloned()
    }

    /// Sets that name; nothing removes it.
    ///
    /// # Errors
    ///
    /// `InvalidParameter` for more than 100 characters.
    pub fn set_display_name(
        &self,
        account: &AccountId,
        name: Option<&str>,
    ) -> Result<(), StoreError> {
        within("displayName", name.unwrap_or_default(), 100)?;
        let mut state = self.state();
        match name {
            Some(name) => state.display_names.insert(account.clone(), name.to_owned()),
            None => state.display_names.remove(account),
        };
        Ok(())
    }

    pub(super) fn limits_cell(&self) -> &Mutex<Limits> {
        &self.shared.limits
    }

    pub(super) fn space(&self) -> &Space {
        &self.shared.space
    }

    pub(super) fn folder(&self) -> &Path {
        self.shared.folder.path()
    }

    /// A number that no earlier call returned.
    pub(super) fn next_number(&self) -> u64 {
        self.shared.uploads_started.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn read<T>(
        &self,
        account: &AccountId,
        name: &str,
        look: impl FnOnce(&Repo) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.write(account, name, |repo| look(repo))
    }

    pub(super) fn write<T>(
        &self,
        account: &AccountId,
        name: &str,
        change: impl FnOnce(&mut Repo) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let place = Place {
            account: account.clone(),
            repository: name.to_owned(),
        };
        let mut state = self.state();
        match state.repositories.get_mut(&place) {
            Some(repo) => change(repo),
            None => Err(StoreError::RepositoryNotFound(place)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }
}

impl State {
    fn of(&self, account: &AccountId) -> impl Iterator<Item = &Repository> {
        self.repositories
            .iter()
            .filter(move |(place, _)| place.account == *account)
            .map(|(_, repo)| &repo.about)
    }
}

impl Repo {
    fn new(about: Repository) -> Self {
        Self {
            about,
            layers: HashMap::new(),
            images: BTreeMap::new(),
            tags: BTreeMap::new(),
            uploads: HashMap::new(),
        }
    }

    pub(super) fn place(&self) -> Place {
        self.about.place.clone()
    }
}

impl CatalogData {
    fn check(&self) -> Result<(), StoreError> {
        within(
            "catalogData.description",
            self.description.as_deref().unwrap_or_default(),
            1024,
        )?;
        within(
            "catalogData.aboutText",
            self.about_text.as_deref().unwrap_or_default(),
            25_600,
        )?;
        within(
            "catalogData.usageText",
            self.usage_text.as_deref().unwrap_or_default(),
            25_600,
        )?;
        check_list("catalogData.architectures", &self.architectures)?;
        check_list("catalogData.operatingSystems", &self.operating_systems)?;
        if self.logo.as_ref().is_some_and(|logo| logo.len() > 512_000) {
            let constraint = "length less than or equal to 512000";
            return Err(StoreError::invalid("catalogData.logoImageBlob", constraint));
        }
        Ok(())
    }
}

/// 2 to 205 characters; one separator at a time, so `a__b` and `a--b` are refused.
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    let is_component = |component: &str| {
        component.split(['.', '_', '-']).all(|run| {
            !run.is_empty() && run.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'))
        })
    };
    if !(2..=205).contains(&name.len()) {
        return Err(StoreError::invalid(
            "repositoryName",
            "length between 2 and 205",
        ));
    }
    if !name.split('/').all(is_component) {
        let pattern = "must satisfy regular expression \
            (?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*";
        return Err(StoreError::invalid("repositoryName", pattern));
    }
    Ok(())
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), StoreError> {
    if tags.len() > TAGS_MAX {
        return Err(StoreError::TooManyTags(tags.len()));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            let text = format!("key '{key}' has 1 to 128 characters, its value at most 256");
            return Err(StoreError::InvalidTagParameter(text));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            let text = format!("key '{key}' starts with the reserved prefix aws:");
            return Err(StoreError::InvalidTagParameter(text));
        }
    }
    Ok(())
}

fn check_list(parameter: &str, items: &[String]) -> Result<(), StoreError> {
    let fits = |item: &String| (1..=50).contains(&item.chars().count());
    if items.len() > 50 || !items.iter().all(fits) {
        return Err(StoreError::invalid(
            parameter,
            "at most 50 items of 1 to 50 characters",
        ));
    }
    Ok(())
}

fn within(parameter: &str, text: &str, most: usize) -> Result<(), StoreError> {
    if text.chars().count() > most {
        let constraint = format!("length less than or equal to {most}");
        return Err(StoreError::invalid(parameter, constraint));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
