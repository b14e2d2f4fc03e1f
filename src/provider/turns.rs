//! Who may change a repository now, and which tags this run has set.
//!
//! Destroying an image removes manifests that nothing refers to. A copy that runs at the same time
//! may count on exactly those, so copies into a repository share it, and a removal has it alone. A
//! repository that a copy of this run goes into is not deleted by this run.
//!
//! The guards are permits, not locks on data: they are held while waiting for the network. Nobody
//! holds two of them, so nobody waits in a circle.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::aws::AccountId;
use crate::task::{Context, Stopped};

use super::repository_name::RepositoryName;

/// The repositories that this process works on. One for the whole run.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<(AccountId, RepositoryName), Arc<Premises>>>);

#[derive(Debug, Default)]
struct Premises {
    door: Arc<RwLock<()>>,
    /// The tags that instances of this run have set.
    set: Mutex<BTreeSet<String>>,
    /// Whether an instance of this run puts, or has put, an image here.
    is_in_use: AtomicBool,
}

/// A copy goes on; other copies may, removals may not.
#[derive(Debug)]
pub(crate) struct Copying {
    premises: Arc<Premises>,
    _shared: OwnedRwLockReadGuard<()>,
}

/// A removal goes on; nothing else may.
#[derive(Debug)]
pub(crate) struct Removing {
    premises: Arc<Premises>,
    _alone: OwnedRwLockWriteGuard<()>,
}

impl Turns {
    /// Waits until a copy may begin.
    pub(crate) async fn copying(
        &self,
        cx: &Context,
        account: &AccountId,
        repository: &RepositoryName,
    ) -> Result<Copying, Stopped> {
        let premises = self.premises(account, repository);
        let door = Arc::clone(&premises.door);
        let shared = cx.run(door.read_owned()).await?;
        premises.is_in_use.store(true, Ordering::SeqCst);
        Ok(Copying {
            premises,
            _shared: shared,
        })
    }

    /// Waits until a removal may begin.
    pub(crate) async fn removing(
        &self,
        cx: &Context,
        account: &AccountId,
        repository: &RepositoryName,
    ) -> Result<Removing, Stopped> {
        let premises = self.premises(account, repository);
        let door = Arc::clone(&premises.door);
        let alone = cx.run(door.write_owned()).await?;
        Ok(Removing {
            premises,
            _alone: alone,
        })
    }

    fn premises(&self, account: &AccountId, repository: &RepositoryName) -> Arc<Premises> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account.clone(), repository.clone());
        Arc::clone(all.entry(key).or_default())
    }
}

impl Copying {
    /// Notes that tags were set, so that no removal of this run takes them away again.
    pub(crate) fn has_set<'a>(&self, tags: impl IntoIterator<Item = &'a str>) {
        let mut set = self.premises.tags();
        set.extend(tags.into_iter().map(str::to_owned));
    }
}

impl Removing {
    /// Whether an instance of this run has set a tag, whose business it is then.
    pub(crate) fn was_set(&self, tag: &str) -> bool {
        self.premises.tags().contains(tag)
    }

    /// Whether an instance of this run puts, or has put, an image into the repository.
    pub(crate) fn is_in_use(&self) -> bool {
        self.premises.is_in_use.load(Ordering::SeqCst)
    }
}

impl Premises {
    fn tags(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn place() -> (AccountId, RepositoryName) {
        ("111111111111".parse().unwrap(), "nginx".parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_removal_waits_for_the_copies_and_knows_what_they_set() {
        let turns = Turns::default();
        let (account, name) = place();
        let cx = Context::new();
        let copy = turns.copying(&cx, &account, &name).await.unwrap();
        let _other = turns.copying(&cx, &account, &name).await.unwrap();
        let soon = cx.within(Duration::from_secs(1));
        assert!(turns.removing(&soon, &account, &name).await.is_err());
        copy.has_set(["1"]);
        drop((copy, _other));
        let removal = turns.removing(&cx, &account, &name).await.unwrap();
        assert!(removal.is_in_use());
        assert!(removal.was_set("1"));
        assert!(!removal.was_set("2"));
    }

    #[tokio::test]
    async fn removals_in_different_accounts_do_not_wait_for_each_other() {
        let turns = Turns::default();
        let (account, name) = place();
        let other = "222222222222".parse().unwrap();
        let cx = Context::new();
        let one = turns.removing(&cx, &account, &name).await.unwrap();
        assert!(!one.is_in_use());
        assert!(turns.removing(&cx, &other, &name).await.is_ok());
    }
}
