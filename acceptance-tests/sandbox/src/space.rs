//! How much a sandbox may hold: what is pushed into it must not fill the machine it runs on.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const MIB: u64 = 1024 * 1024;

/// Small blobs and the beginnings of large ones, in memory. When it is full they go to files.
const MEMORY_BYTES: u64 = 256 * MIB;
/// Blobs in files: three layers of the largest size there is.
const DISK_BYTES: u64 = 32 * 1024 * MIB;
/// Manifests, which are always in memory.
const MANIFEST_BYTES: u64 = 256 * MIB;

/// The pools of one store. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    pub(crate) memory: Pool,
    pub(crate) disk: Pool,
    pub(crate) manifests: Pool,
}

/// Bytes that can be taken and are given back. Clones share them.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Bytes>);

struct Bytes {
    most: u64,
    taken: AtomicU64,
}

/// A part of a pool, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    pool: Pool,
    bytes: u64,
}

impl Space {
    pub(crate) fn new(memory: u64, disk: u64, manifests: u64) -> Self {
        Self {
            memory: Pool::new(memory),
            disk: Pool::new(disk),
            manifests: Pool::new(manifests),
        }
    }
}

impl Default for Space {
    fn default() -> Self {
        Self::new(MEMORY_BYTES, DISK_BYTES, MANIFEST_BYTES)
    }
}

impl Pool {
    fn new(most: u64) -> Self {
        let taken = AtomicU64::new(0);
        Self(Arc::new(Bytes { most, taken }))
    }

    /// A share of nothing yet.
    pub(crate) fn share(&self) -> Share {
        Share {
            pool: self.clone(),
            bytes: 0,
        }
    }

    /// How much is taken.
    pub(crate) fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::SeqCst)
    }
}

impl Share {
    /// Takes more.
    ///
    /// # Errors
    ///
    /// `StorageFull` when the pool has not that much left; the share stays as it was.
    pub(crate) fn grow(&mut self, by: u64) -> io::Result<()> {
        let Bytes { most, taken } = &*self.pool.0;
        let fits = |now: u64| now.checked_add(by).filter(|then| then <= most);
        let grown = taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits);
        grown.map_err(|_| {
            let message = format!("the sandbox holds at most {most} bytes of this kind");
            io::Error::new(io::ErrorKind::StorageFull, message)
        })?;
        self.bytes += by;
        Ok(())
    }

    /// Gives back all but this much.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let back = self.bytes.saturating_sub(bytes);
        self.pool.0.taken.fetch_sub(back, Ordering::SeqCst);
        self.bytes -= back;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.taken(), self.0.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_gives_what_it_has_and_takes_back_what_is_dropped() {
        let pool = Pool::new(10);
        let (mut one, mut two) = (pool.share(), pool.share());
        one.grow(7).unwrap();
        let refused = two.grow(4).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        two.grow(3).unwrap();
        assert_eq!(pool.taken(), 10);
        one.shrink_to(2);
        assert_eq!(pool.taken(), 5);
        drop((one, two));
        assert_eq!(pool.taken(), 0);
    }
}
