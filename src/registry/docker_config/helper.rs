//! Credential helpers: a program that is asked for a server and answers with a login.
//!
//! docker-credential-helpers, *Development*: `docker-credential-NAME get`, the server on standard
//! input, JSON on standard output.

use std::ffi::OsString;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use crate::content::{self, ErrorKind};
use crate::net::Secret;
use crate::registry::auth::{Credential, CredentialSource};
use crate::task::Context;

/// How long a helper may take. Some unlock a keychain.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much a helper may write, in bytes.
const OUTPUT_BYTES: u64 = 64 * 1024;

/// How many characters of a helper's complaint are shown.
const COMPLAINT_CHARACTERS: usize = 200;

/// The user by which helpers mark an identity token.
const TOKEN_USER: &str = "<token>";

/// A helper for one server. It is run once, and again after its answer was refused.
pub(super) struct Helper {
    name: String,
    program: OsString,
    /// Before `get`; only tests have some.
    arguments: Vec<OsString>,
    server: String,
    otherwise: Credential,
    answer: Mutex<Arc<OnceCell<Credential>>>,
}

/// A helper could not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HelperError {
    #[error("`{0}` is not the name of a credential helper")]
    Name(String),
    #[error("the credential helper `{name}` could not be run")]
    Run {
        name: String,
        source: std::io::Error,
    },
    #[error("the credential helper `{name}` did not answer within {} seconds", PATIENCE.as_secs())]
    Late { name: String },
    #[error("the credential helper `{name}` wrote more than {OUTPUT_BYTES} bytes")]
    TooLong { name: String },
    #[error("the credential helper `{name}` failed: {complaint}")]
    Failed { name: String, complaint: String },
    #[error("the credential helper `{name}` answered something that is no login")]
    Answer { name: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Login {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

impl Helper {
    pub(super) fn new(name: &str, server: String, otherwise: Credential) -> Self {
        Self {
            name: name.to_owned(),
            program: format!("docker-credential-{name}").into(),
            arguments: Vec::new(),
            server,
            otherwise,
            answer: Mutex::default(),
        }
    }

    #[cfg(test)]
    pub(super) fn script(script: &str, server: &str, otherwise: Credential) -> Self {
        Self {
            name: "test".to_owned(),
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            server: server.to_owned(),
            otherwise,
            answer: Mutex::default(),
        }
    }

    fn cell(&self) -> Arc<OnceCell<Credential>> {
        let cell = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&cell)
    }

    async fn ask(&self, cx: &Context) -> Result<Credential, content::Error> {
        let asked = cx.run(tokio::time::timeout(PATIENCE, self.run())).await;
        let output = match asked {
            Err(stopped) => return Err(stopped.into()),
            Ok(Err(_elapsed)) => Err(HelperError::Late {
                name: self.name.clone(),
            }),
            Ok(Ok(output)) => output,
        };
        let credential = output.and_then(|(is_success, output)| self.read(is_success, &output));
        credential.map_err(|error| content::Error::new(error.kind(), error))
    }

    /// Runs the program. Its standard error goes nowhere: Terraform reads ours until everybody
    /// who holds it is gone.
    async fn run(&self) -> Result<(bool, Vec<u8>), HelperError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if self.name.is_empty() || !self.name.chars().all(is_name) {
            return Err(HelperError::Name(self.name.chars().take(80).collect()));
        }
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let run = |source| HelperError::Run {
            name: self.name.clone(),
            source,
        };
        let (is_success, output) = self.talk(child.map_err(run)?).await.map_err(run)?;
        if output.len() as u64 > OUTPUT_BYTES {
            return Err(HelperError::TooLong {
                name: self.name.clone(),
            });
        }
        Ok((is_success, output))
    }

    async fn talk(&self, mut child: Child) -> std::io::Result<(bool, Vec<u8>)> {
        if let Some(mut stdin) = child.stdin.take() {
            // A helper that fails before it reads closes the pipe; its exit code says more.
            let _unread = stdin.write_all(self.server.as_bytes()).await;
        }
        let mut output = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout
                .take(OUTPUT_BYTES + 1)
                .read_to_end(&mut output)
                .await?;
        }
        if output.len() as u64 > OUTPUT_BYTES {
            child.start_kill()?;
        }
        Ok((child.wait().await?.success(), output))
    }

    fn read(&self, is_success: bool, output: &[u8]) -> Result<Credential, HelperError> {
        let name = || self.name.clone();
        if !is_success {
            let text = String::from_utf8_lossy(output);
            // "credentials not found in native keychain", in all helpers of Docker.
            if text.contains("credentials not found") {
                return Ok(self.otherwise.clone());
            }
            let line = text.lines().next().unwrap_or_default();
            let complaint = line.chars().filter(|c| !c.is_control());
            return Err(HelperError::Failed {
                name: name(),
                complaint: complaint.take(COMPLAINT_CHARACTERS).collect(),
            });
        }
        let login: Login = serde_json::from_slice(output)
            .map_err(|_secret| HelperError::Answer { name: name() })?;
        let secret = Secret::new(login.secret);
        Ok(match login.username.as_str() {
            "" => self.otherwise.clone(),
            TOKEN_USER => Credential::Identity(secret),
            _ => Credential::Basic {
                username: login.username,
                password: secret,
            },
        })
    }
}

impl HelperError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Name(_) | Self::Run { .. } => ErrorKind::Misconfigured,
            Self::Late { .. }
            | Self::TooLong { .. }
            | Self::Failed { .. }
            | Self::Answer { .. } => ErrorKind::Denied,
        }
    }
}

#[async_trait]
impl CredentialSource for Helper {
    async fn credential(&self, cx: &Context) -> Result<Credential, content::Error> {
        let cell = self.cell();
        let asked = cx.run(cell.get_or_try_init(|| self.ask(cx))).await;
        asked?.cloned()
    }

    async fn refused(&self) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }
}

impl std::fmt::Debug for Helper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Helper")
            .field("name", &self.name)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
