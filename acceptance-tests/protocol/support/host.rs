//! The provider's process, as a host starts it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::transport::Channel;

use super::dial::{self, Identity};
use crate::support::packages::BINARY;

/// Longer than anything takes here on a slow machine; a hang is a failure with a name.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The cookie by which a plugin recognises its host.
pub(crate) const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

/// How the process is to be started. Nothing of our environment reaches it.
#[derive(Debug)]
pub(crate) struct Launch {
    program: PathBuf,
    arguments: Vec<&'static str>,
    variables: BTreeMap<String, String>,
    identity: Identity,
}

impl Launch {
    /// As Terraform does.
    pub(crate) fn by_host() -> Self {
        Self::of(Path::new(BINARY))
    }

    /// The same with the program of another provider.
    pub(crate) fn of(program: &Path) -> Self {
        let identity = Identity::of_a_host();
        let variables = [
            COOKIE,
            ("PLUGIN_PROTOCOL_VERSIONS", "6,5"),
            ("PLUGIN_MIN_PORT", "10000"),
            ("PLUGIN_MAX_PORT", "25000"),
            ("PLUGIN_CLIENT_CERT", &identity.pem),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            program: program.to_owned(),
            arguments: Vec::new(),
            variables: variables.into(),
            identity,
        }
    }

    /// As a person does who types this.
    pub(crate) fn by_hand(arguments: &[&'static str]) -> Self {
        let host = Self::by_host();
        let aws = host.variables.into_iter();
        Self {
            program: host.program,
            arguments: arguments.to_vec(),
            variables: aws.filter(|(name, _)| name.starts_with("AWS_")).collect(),
            identity: host.identity,
        }
    }

    /// With a variable.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With all of these.
    pub(crate) fn set_all(mut self, variables: Vec<(String, String)>) -> Self {
        self.variables.extend(variables);
        self
    }

    /// Without a variable.
    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// Waits for a process that is not to serve.
    pub(crate) async fn output(self) -> Output {
        let output = self.command().output();
        let output = timeout(PATIENCE, output).await;
        output.expect("it ends by itself").unwrap()
    }

    /// Starts the process. Its sockets are in a folder of their own.
    pub(crate) fn start(self) -> Plugin {
        let folder = tempfile::Builder::new().prefix("host-").tempdir().unwrap();
        let mut command = self.command();
        command.env("TMPDIR", folder.path());
        let mut child = command.process_group(0).spawn().unwrap();
        let mut readers = JoinSet::new();
        let stdout = Printed::read(&mut readers, child.stdout.take().unwrap());
        let stderr = Printed::read(&mut readers, child.stderr.take().unwrap());
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Plugin {
            id: id.and_then(Pid::from_raw).unwrap(),
            child,
            identity: self.identity,
            stdout,
            stderr,
            readers,
            folder,
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// What a process has printed so far.
#[derive(Clone, Debug)]
pub(crate) struct Printed(watch::Receiver<Vec<u8>>);

impl Printed {
    fn read(readers: &mut JoinSet<()>, mut pipe: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let (all, printed) = watch::channel(Vec::new());
        readers.spawn(async move {
            let mut piece = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = pipe.read(&mut piece).await {
                all.send_modify(|all| all.extend_from_slice(&piece[..length]));
            }
        });
        Self(printed)
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).expect("it prints UTF-8")
    }

    /// Waits for a whole line of which this makes something.
    pub(crate) async fn line<T: Send>(
        &mut self,
        wanted: impl Fn(&str) -> Option<T> + Send + Sync,
    ) -> T {
        let found = |printed: &Vec<u8>| {
            let printed = String::from_utf8_lossy(printed);
            let whole = printed.split_inclusive('\n');
            whole
                .filter_map(|line| line.strip_suffix('\n'))
                .find_map(&wanted)
        };
        let seen = timeout(PATIENCE, self.0.wait_for(|all| found(all).is_some())).await;
        let seen = seen.ok().and_then(Result::ok).and_then(|all| found(&all));
        seen.unwrap_or_else(|| panic!("it was never printed:\n{}", self.text()))
    }

    /// Waits for a log line with this message and returns its fields.
    pub(crate) async fn logged(&mut self, message: &str) -> serde_json::Value {
        self.logged_where(|line| line["@message"] == message).await
    }

    /// Waits for a log line.
    pub(crate) async fn logged_where(
        &mut self,
        wanted: impl Fn(&serde_json::Value) -> bool + Send + Sync,
    ) -> serde_json::Value {
        let json = |line: &str| serde_json::from_str(line).ok();
        self.line(|line| json(line).filter(|line| wanted(line)))
            .await
    }
}

/// The handshake line, taken apart.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) fields: Vec<String>,
}

impl Handshake {
    pub(crate) fn socket(&self) -> &str {
        &self.fields[3]
    }

    /// The server's certificate.
    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        let der = BASE64_STANDARD_NO_PAD.decode(&self.fields[5]);
        der.expect("base64 without padding").into()
    }
}

/// A process that serves, or is about to.
#[derive(Debug)]
pub(crate) struct Plugin {
    id: Pid,
    child: Child,
    pub(crate) identity: Identity,
    pub(crate) stdout: Printed,
    pub(crate) stderr: Printed,
    readers: JoinSet<()>,
    folder: TempDir,
}

/// What is left of a process.
#[derive(Debug)]
pub(crate) struct Ended {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// What is still in the folder of its sockets.
    leftovers: Vec<PathBuf>,
}

impl Ended {
    /// Asserts that it ended as one that was asked to, and removed its socket.
    #[track_caller]
    pub(crate) fn orderly(self) -> Self {
        assert_eq!(self.status.code(), Some(0), "{}", self.stderr);
        assert!(self.leftovers.is_empty(), "left: {:?}", self.leftovers);
        self
    }
}

impl Plugin {
    /// Waits for the first line.
    pub(crate) async fn handshake(&mut self) -> Handshake {
        let line = self.stdout.line(|line| Some(line.to_owned())).await;
        let fields = line.split('|').map(str::to_owned);
        Handshake {
            fields: fields.collect(),
        }
    }

    /// Waits for the handshake and connects, as a host does that started it with TLS.
    pub(crate) async fn connect(&mut self) -> Channel {
        let handshake = self.handshake().await;
        let config = self.identity.client(&handshake.certificate());
        let stream = dial::tls(handshake.socket(), config).await.unwrap();
        dial::channel(stream).await
    }

    /// Sends the process a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.id, signal).unwrap();
    }

    /// Sends its whole process group a signal, as a terminal does.
    pub(crate) fn signal_group(&self, signal: Signal) {
        kill_process_group(self.id, signal).unwrap();
    }

    /// What is in the folder of its sockets.
    pub(crate) fn sockets(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Waits until the process has ended by itself.
    pub(crate) async fn ended(mut self) -> Ended {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let Ok(status) = status else {
            panic!("it does not end:\n{}", self.stderr.text());
        };
        while self.readers.join_next().await.is_some() {}
        Ended {
            status: status.unwrap(),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            leftovers: self.sockets(),
        }
    }
}
