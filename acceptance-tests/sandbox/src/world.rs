//! Everything the faces share.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;

use tokio::sync::Semaphore;

use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::face::Face;
use crate::fault::Faults;
use crate::hub::Hub;
use crate::journal::Journal;
use crate::quota::Quotas;
use crate::sign::Signer;
use crate::store::Store;

/// One sandbox, as its faces see it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    /// Turns at holding a large AWS request in memory.
    pub(crate) large_requests: Semaphore,
    pub(crate) accounts: Accounts,
    pub(crate) store: Store,
    /// Whether ECR Public keeps lists of what refers to a manifest.
    pub(crate) lists_referrers: AtomicBool,
    pub(crate) hub: Hub,
    pub(crate) generic: Hub,
    pub(crate) quotas: Quotas,
    pub(crate) signer: Signer,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) addresses: HashMap<Face, SocketAddr>,
}

impl World {
    /// `http://127.0.0.1:<port>`.
    pub(crate) fn url(&self, face: Face) -> String {
        match self.addresses.get(&face) {
            Some(address) => format!("http://{address}"),
            None => String::new(),
        }
    }
}
