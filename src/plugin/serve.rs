//! The order of start and stop.

use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use futures_util::Stream;
use rustls::pki_types::CertificateDer;
use tokio::runtime::{Builder, Runtime};
use tonic::service::Routes;
use tonic::transport::Server;

use super::ending::{Ending, ending};
use super::failure::{Failure, say};
use super::handshake::Host;
use super::invocation::{Invocation, by_hand};
use super::listener::{Address, Connection, Place};
use super::signals::{self, Interrupt};
use super::tls::Tls;
use super::{control, log, reattach, socket};
use crate::task::Work;

/// Who is served.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The name in configurations: the type part of the address.
    pub name: &'static str,
    /// The version, without `v`.
    pub version: &'static str,
    /// The address under which the provider is published.
    pub address: &'static str,
}

/// Runs the program from its first to its last moment.
///
/// `service` is called once it is clear that there is somebody to serve; `work` is what the
/// service does, and is waited for in the end.
pub fn run(about: &About, work: &Work, service: impl FnOnce() -> Routes) -> ExitCode {
    let About { name, version, .. } = about;
    let ran = match Invocation::of(std::env::args_os().skip(1)) {
        Invocation::Plugin => match Host::read(|variable| std::env::var(variable).ok()) {
            Ok(host) => serve(about, work, service, &Client::Host(host)),
            Err(error) => Err(error.into()),
        },
        Invocation::Debug(address) => {
            let address = address.unwrap_or_else(|| about.address.to_owned());
            serve(about, work, service, &Client::Debugger { address })
        }
        Invocation::Version => say(&format!("terraform-provider-{name} {version}\n")),
        Invocation::Help => say(&by_hand(name)),
        Invocation::Unknown(arguments) => Err(Failure::Arguments(arguments)),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.complain(name),
    }
}

fn serve(
    about: &About,
    work: &Work,
    service: impl FnOnce() -> Routes,
    client: &Client,
) -> Result<(), Failure> {
    log::install(about.name);
    let runtime = runtime()?;
    let inside = runtime.enter();
    let (ending, waiting) = ending();

    let signals = signals::watch(client.interrupt(), work.clone(), ending.clone())?;
    let tls = client.certificate().map(Tls::only_for).transpose()?;
    let socket = socket::open(&client.place())?;
    let announcement = client.announcement(&socket.address, tls.as_ref());
    let connections = socket.listener.connections(tls.map(|tls| tls.acceptor));
    let routes = control::beside(service(), &ending);
    runtime.spawn(until_the_end(
        routes,
        connections,
        signals,
        work.clone(),
        ending,
    ));

    say(&announcement)?;
    tracing::debug!(
        version = about.version,
        network = socket.address.network,
        "serving"
    );
    let ended = waiting.wait();
    tracing::debug!(orderly = matches!(ended, Ok(true)), "ending");

    drop(socket.file);
    drop(inside);
    runtime.shutdown_background();
    ended.map(drop)
}

async fn until_the_end(
    routes: Routes,
    connections: impl Stream<Item = io::Result<Connection>>,
    signals: impl Future<Output = ()>,
    work: Work,
    ending: Ending,
) {
    let mut done = ending.done_when_dropped();
    let stopping = async {
        ending.token().cancelled().await;
        work.stop();
    };
    let served = async {
        let server = Server::builder().add_routes(routes);
        let served = server.serve_with_incoming_shutdown(connections, stopping);
        if let Err(error) = served.await {
            tracing::error!(%error, "the server failed");
            done.failed(error.into());
        }
        work.finished().await;
    };
    tokio::select! {
        () = served => {}
        () = signals => {}
    }
}

/// Who will connect.
enum Client {
    /// The host that started this process.
    Host(Host),
    /// Whoever is told how to, one after the other.
    Debugger {
        /// The provider's address in their configuration.
        address: String,
    },
}

impl Client {
    fn interrupt(&self) -> Interrupt {
        match self {
            Self::Host(_) => Interrupt::IsForTheHost,
            Self::Debugger { .. } => Interrupt::IsForUs,
        }
    }

    fn certificate(&self) -> Option<CertificateDer<'static>> {
        match self {
            Self::Host(host) => host.client_certificate.clone(),
            Self::Debugger { .. } => None,
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Host(host) => host.place.clone(),
            Self::Debugger { .. } => Place::default(),
        }
    }

    fn announcement(&self, address: &Address, tls: Option<&Tls>) -> String {
        match self {
            Self::Host(host) => host.line(address, tls.map(|tls| &*tls.certificate)),
            Self::Debugger { address: provider } => reattach::instructions(provider, address),
        }
    }
}

/// Threads are for waiting on sockets and for hashing; a laptop with many cores gains nothing from
/// more of them, and every process of a run pays for them.
fn runtime() -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Builder::new_multi_thread()
        .worker_threads(cores.clamp(1, MAX_WORKERS))
        .thread_name("worker")
        .enable_all()
        .build()
}

const MAX_WORKERS: usize = 4;
