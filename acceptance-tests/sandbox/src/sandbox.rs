//! A running sandbox.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::face::Face;
use crate::fault::Faults;
use crate::hub::Hub;
use crate::journal::Journal;
use crate::quota::Quotas;
use crate::seed::{RolesSeed, Seed};
use crate::server;
use crate::sign::Signer;
use crate::store::{NewRepository, Store};
use crate::world::World;

/// Stand-ins on loopback ports, until [`Sandbox::stop`] or until it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    world: Arc<World>,
    access_key: Option<(String, String)>,
    roles: RolesSeed,
    /// What the seed has that nobody may read anywhere.
    given: Vec<String>,
    stop: CancellationToken,
    servers: JoinSet<()>,
}

impl Sandbox {
    /// Starts on ports that are free.
    ///
    /// # Errors
    ///
    /// When the seed describes what cannot be, or a port cannot be opened.
    pub async fn start(seed: Seed) -> anyhow::Result<Self> {
        Self::start_at(seed, None).await
    }

    /// Starts on eight ports in a row, in the order of [`Face::ALL`].
    ///
    /// # Errors
    ///
    /// When the seed describes what cannot be, or one of the ports is taken.
    pub async fn start_at(seed: Seed, port_base: Option<u16>) -> anyhow::Result<Self> {
        let mut listeners = Vec::new();
        let mut addresses = HashMap::new();
        for (place, face) in (0..).zip(Face::ALL) {
            let port = port_base.map(|base| base.checked_add(place).context("no such port"));
            let listener = server::bind(port.transpose()?).await;
            let listener = listener.with_context(|| match port_base {
                Some(base) => format!(
                    "cannot open port {} for {face}: choose another --port-base, or leave it out",
                    base.saturating_add(place)
                ),
                None => format!("cannot open a port for {face}"),
            })?;
            addresses.insert(face, listener.local_addr()?);
            listeners.push((face, listener));
        }
        // Building images is work for the processor, and may take a while.
        let build = move || {
            let world = world(&seed, addresses)?;
            Ok::<_, anyhow::Error>((world, seed))
        };
        let (world, seed) = tokio::task::spawn_blocking(build).await??;
        let world = Arc::new(world);
        let stop = CancellationToken::new();
        let mut servers = JoinSet::new();
        for (face, listener) in listeners {
            servers.spawn(server::serve(
                Arc::clone(&world),
                face,
                listener,
                stop.clone(),
            ));
        }
        let user = seed
            .accounts
            .iter()
            .flat_map(|account| &account.users)
            .next();
        let access_key =
            user.map(|user| (user.access_key_id.clone(), user.secret_access_key.clone()));
        Ok(Self {
            world,
            access_key,
            given: seed.secrets(),
            roles: seed.roles,
            stop,
            servers,
        })
    }

    /// Where Docker Hub is: stands in for `https://registry-1.docker.io`.
    pub fn hub_url(&self) -> String {
        self.world.url(Face::Hub)
    }

    /// Where any other registry is.
    pub fn generic_url(&self) -> String {
        self.world.url(Face::Generic)
    }

    /// Where STS is.
    pub fn sts_url(&self) -> String {
        self.world.url(Face::Sts)
    }

    /// Where the API of ECR Public is.
    pub fn api_url(&self) -> String {
        self.world.url(Face::Api)
    }

    /// Where the registry of ECR Public is: stands in for `https://public.ecr.aws`.
    pub fn registry_url(&self) -> String {
        self.world.url(Face::Registry)
    }

    /// Where a face is.
    pub fn url(&self, face: Face) -> String {
        self.world.url(face)
    }

    /// A provider block for Terraform that uses this sandbox, given [`Self::environment`].
    pub fn provider_block(&self) -> String {
        let mut block = "provider \"ecrpublic\" {\n".to_owned();
        let mut role = |name: &str, arn: &Option<String>| {
            if let Some(arn) = arn {
                // Writing to a String cannot fail.
                write!(block, "  {name} {{\n    role_arn = \"{arn}\"\n  }}\n\n").ok();
            }
        };
        role("assume_role", &self.roles.tooling);
        role("account_role", &self.roles.publisher);
        block
            + &format!(
                r#"  registry {{
    host       = "docker.io"
    endpoint   = "{}"
    plain_http = true
  }}

  endpoints {{
    ecrpublic = "{}"
    sts       = "{}"
    registry  = "{}"
  }}
}}
"#,
                self.hub_url(),
                self.api_url(),
                self.sts_url(),
                self.registry_url()
            )
    }

    /// The environment for Terraform, the AWS CLI and anything else that is to use this sandbox:
    /// the access key of the first user, a region, and the endpoints.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut variables = vec![
            // The AWS CLI reads the second, everything else the first.
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL_STS", self.sts_url()),
            ("AWS_ENDPOINT_URL_ECR_PUBLIC", self.api_url()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        if let Some((id, secret)) = &self.access_key {
            variables.push(("AWS_ACCESS_KEY_ID", id.clone()));
            variables.push(("AWS_SECRET_ACCESS_KEY", secret.clone()));
        }
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.world.faults
    }

    /// What was asked.
    pub fn journal(&self) -> &Journal {
        &self.world.journal
    }

    /// What ECR Public holds.
    pub fn store(&self) -> &Store {
        &self.world.store
    }

    /// Docker Hub, in the hands of its owner.
    pub fn hub(&self) -> &Hub {
        &self.world.hub
    }

    /// The other registry, in the hands of its owner.
    pub fn generic(&self) -> &Hub {
        &self.world.generic
    }

    /// Who there is, and what they may do.
    pub fn accounts(&self) -> &Accounts {
        &self.world.accounts
    }

    /// Every secret that somebody was given or shown so far: secret keys, session tokens with the
    /// IDs of their keys, web identities, logins, passwords, bearer tokens of registries and signed
    /// addresses. For those who make sure that none of them is written anywhere.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.given.clone();
        secrets.extend(self.world.accounts.issued_secrets());
        secrets.extend(self.world.signer.sealed());
        secrets
    }

    /// What time it is.
    pub fn clock(&self) -> &Clock {
        &self.world.clock
    }

    /// Whether ECR Public keeps to its requests per second from now on.
    pub fn set_quotas(&self, on: bool) {
        self.world.quotas.switch(on);
    }

    /// Whether ECR Public keeps lists of what refers to a manifest, from now on. It is not known
    /// whether the real one does.
    pub fn set_lists_referrers(&self, on: bool) {
        self.world.lists_referrers.store(on, Ordering::Relaxed);
    }

    /// Closes all ports, after a moment for answers in progress.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // Requests that a fault holds would otherwise wait out the grace period.
        self.world.faults.clear();
        while self.servers.join_next().await.is_some() {}
    }
}

fn world(seed: &Seed, addresses: HashMap<Face, std::net::SocketAddr>) -> anyhow::Result<World> {
    let clock = Clock::default();
    let accounts = Accounts::new(seed.identities(), clock.clone())?;
    let store = Store::new(clock.clone())?;
    for repository in &seed.repositories {
        anyhow::ensure!(
            accounts.contains(&repository.account),
            "the repository {} is seeded in account {}, which the seed does not have",
            repository.name,
            repository.account
        );
        let new = NewRepository::default();
        store.create_repository(&repository.account, &repository.name, new)?;
        accounts.open_registry(&repository.account);
    }
    store.set_limits(seed.limits);
    let quotas = Quotas::default();
    quotas.switch(seed.has_quotas);
    let faults = Faults::default();
    for fault in &seed.faults {
        faults.add(fault.clone());
    }
    Ok(World {
        accounts,
        store,
        // Nothing is documented.
        lists_referrers: AtomicBool::new(false),
        hub: Hub::docker_hub(&seed.hub, clock.clone())?,
        generic: Hub::generic(&seed.generic, clock.clone())?,
        quotas,
        signer: Signer::new(clock.clone()),
        journal: Journal::new(clock.clone()),
        faults,
        addresses,
        clock,
        large_requests: Semaphore::new(server::LARGE_REQUESTS),
    })
}

#[cfg(test)]
mod tests;
