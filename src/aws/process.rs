//! Credentials that a program hands out: `credential_process` of a profile.
//!
//! The SDK can run one, but waits for it for ever.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use aws_credential_types::Credentials;
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::AccountId;
use super::container::moment;
use super::error::{CredentialOrigin, Error, SourceProblem};

/// A program and the profile that names it.
///
/// Its debug form does not show the command: people put passwords into them.
pub(super) struct Process {
    profile: String,
    command: String,
    /// What the profile says, in case the program does not.
    account: Option<AccountId>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// What a program left behind.
struct Output {
    status: ExitStatus,
    said: Vec<u8>,
    complained: Vec<u8>,
}

impl Process {
    pub(super) fn new(profile: &str, command: &str, account: Option<&str>) -> Self {
        Self {
            profile: profile.to_owned(),
            command: command.to_owned(),
            account: account.and_then(|text| text.parse().ok()),
        }
    }

    /// Whose credentials these are.
    pub(super) fn origin(&self) -> CredentialOrigin {
        CredentialOrigin::Process(self.profile.clone())
    }

    /// Runs the program.
    ///
    /// # Errors
    ///
    /// It hands out no credentials, or takes too long.
    pub(super) async fn issue(&self) -> Result<Credentials, Error> {
        tracing::debug!(profile = self.profile, "running the credential process");
        let issued = match tokio::time::timeout(PATIENCE, self.run()).await {
            Err(_elapsed) => Err(SourceProblem::Late(PATIENCE)),
            Ok(output) => output.and_then(|output| self.read(&output)),
        };
        issued.map_err(|problem| problem.of(&self.origin()))
    }

    async fn run(&self) -> Result<Output, SourceProblem> {
        let not_run = |error: std::io::Error| SourceProblem::NotRun(error.to_string());
        let child = shell(&self.command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        listened_to(child.map_err(not_run)?).await.map_err(not_run)
    }

    fn read(&self, output: &Output) -> Result<Credentials, SourceProblem> {
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.complained);
            let complaint = complaint.trim().chars();
            return Err(SourceProblem::Failed {
                status: output.status.to_string(),
                complaint: complaint.take(COMPLAINT_CHARACTERS).collect(),
            });
        }
        self.understood(&output.said)
            .map_err(|problem| SourceProblem::NotUnderstood(format!("in its output, {problem}")))
    }

    fn understood(&self, output: &[u8]) -> Result<Credentials, String> {
        // The error of the parser may quote the output.
        let members: Map<String, Value> =
            serde_json::from_slice(output).map_err(|_| "there is no JSON object".to_owned())?;
        let member = |name: &str| {
            // Other SDKs do not look at the case.
            let mut members = members.iter();
            let found = members.find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value)
        };
        let text = |name: &str| member(name).and_then(Value::as_str).map(str::to_owned);
        let required = |name: &str| text(name).ok_or_else(|| format!("`{name}` is missing"));
        match member("Version").map(Value::as_u64) {
            Some(Some(1)) => {}
            None => return Err("`Version` is missing".to_owned()),
            Some(_) => return Err("`Version` is not `1`".to_owned()),
        }
        let mut credentials = Credentials::builder()
            .access_key_id(required("AccessKeyId")?)
            .secret_access_key(required("SecretAccessKey")?)
            .provider_name("Process");
        credentials.set_session_token(text("SessionToken"));
        let ends = text("Expiration").as_deref().map(moment).transpose()?;
        credentials.set_expiry(ends);
        let account = text("AccountId").and_then(|text| text.parse().ok());
        if let Some(account) = account.or_else(|| self.account.clone()) {
            credentials = credentials.account_id(account.as_str());
        }
        Ok(credentials.build())
    }
}

#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd.exe");
    // Quoting of `cmd.exe` is not that of programs, so the text is handed over as it is.
    shell.arg("/C").raw_arg(format!("\"{command}\""));
    shell
}

async fn listened_to(mut child: Child) -> std::io::Result<Output> {
    let (said, complained) = tokio::try_join!(
        beginning_of(child.stdout.take()),
        beginning_of(child.stderr.take())
    )?;
    Ok(Output {
        status: child.wait().await?,
        said,
        complained,
    })
}

/// What is more than anybody reads is dropped, and read nevertheless, so that the program can end.
async fn beginning_of(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    if let Some(mut stream) = stream {
        let mut limited = (&mut stream).take(OUTPUT_BYTES);
        limited.read_to_end(&mut beginning).await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    }
    Ok(beginning)
}

/// As long as the SDK for Go, and so hashicorp/aws, waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// Credentials have 2 KiB.
const OUTPUT_BYTES: u64 = 64 * 1024;

/// A screenful.
const COMPLAINT_CHARACTERS: usize = 1000;
