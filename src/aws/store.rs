//! Every chain of identities that a provider instance uses, each exactly once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Hop;
use super::base::BaseSource;
use super::chain::Chain;
use super::clients::Clients;
use super::error::{HopOrigin, HopPosition};
use super::link::Link;
use super::role::canonical;
use super::timing::Timing;

/// Chains by their hops.
///
/// A chain is made from the chain that is shorter by one hop, so that chains with a common
/// beginning share it, and with it the calls of STS that it takes. Nothing is asked of AWS here.
#[derive(Debug)]
pub(super) struct Store {
    clients: Clients,
    /// For hops without one. Chosen once: with another name, a chain would be another chain.
    session_name: String,
    timing: Timing,
    base: Arc<Chain>,
    chains: Mutex<HashMap<Vec<Hop>, Arc<Chain>>>,
}

impl Store {
    pub(super) fn new(
        source: BaseSource,
        clients: Clients,
        session_name: String,
        timing: Timing,
    ) -> Self {
        let link = Arc::new(Link::base(source, clients.clone(), timing));
        Self {
            base: Arc::new(Chain::new(link, &clients, timing)),
            clients,
            session_name,
            timing,
            chains: Mutex::default(),
        }
    }

    /// The chain that these hops lead to, from the first credentials.
    pub(super) fn chain(&self, hops: &[Hop]) -> Arc<Chain> {
        let hops: Vec<Hop> = hops.iter().map(|hop| self.complete(hop)).collect();
        let mut chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chain) = chains.get(&hops) {
            return Arc::clone(chain);
        }
        let mut chain = Arc::clone(&self.base);
        for (index, hop) in hops.iter().enumerate() {
            let next = chains.entry(hops[..=index].to_vec()).or_insert_with(|| {
                let link = chain.link.then(hop.clone(), in_chain(index + 1));
                Arc::new(Chain::new(Arc::new(link), &self.clients, self.timing))
            });
            chain = Arc::clone(next);
        }
        chain
    }

    /// The hop as it is sent, and as it is compared.
    fn complete(&self, hop: &Hop) -> Hop {
        let name = || self.session_name.clone();
        let mut hop = hop.clone();
        hop.session_name.get_or_insert_with(name);
        hop.policy = hop.policy.map(|policy| canonical(&policy));
        hop
    }
}

/// The place in a chain. Where that was written down depends on who asks; see
/// [`super::Error::at`].
fn in_chain(hop: usize) -> HopPosition {
    HopPosition {
        origin: HopOrigin::Provider,
        hop,
        of: hop,
    }
}
