//! Running the AWS CLI, and reading what it says.

use std::collections::BTreeMap;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::process::Command;

/// The executable, with the environment of one caller.
#[derive(Clone, Debug)]
pub(crate) struct Cli {
    environment: BTreeMap<&'static str, String>,
}

/// What a call came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The JSON the CLI printed; null when it printed nothing.
    Answer(Value),
    /// The code and the message the service refused with.
    Refusal { code: String, message: String },
}

impl Cli {
    /// A caller with these keys. Nothing of the machine's own AWS configuration is seen.
    pub(crate) fn new(access_key_id: &str, secret_access_key: &str) -> Self {
        let mut environment = BTreeMap::new();
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", access_key_id),
            ("AWS_SECRET_ACCESS_KEY", secret_access_key),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_DEFAULT_OUTPUT", "json"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_MAX_ATTEMPTS", "1"),
            ("AWS_PAGER", ""),
        ] {
            environment.insert(name, value.to_owned());
        }
        Self { environment }
    }

    /// The same caller with one more variable.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.insert(name, value.to_owned());
        self
    }

    /// The caller that an AssumeRole answer describes.
    pub(crate) fn assumed(&self, answer: &Value) -> anyhow::Result<Self> {
        let member = |name: &str| {
            let text = answer["Credentials"][name].as_str();
            text.with_context(|| format!("no {name} in {answer}"))
        };
        let caller = self.clone();
        Ok(caller
            .with("AWS_ACCESS_KEY_ID", member("AccessKeyId")?)
            .with("AWS_SECRET_ACCESS_KEY", member("SecretAccessKey")?)
            .with("AWS_SESSION_TOKEN", member("SessionToken")?))
    }

    /// Makes a call.
    pub(crate) async fn call(&self, arguments: &[&str]) -> anyhow::Result<Outcome> {
        let output = Command::new("aws")
            .args(arguments)
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_ENDPOINT_URL")
            .envs(&self.environment)
            .stdin(Stdio::null())
            .output()
            .await
            .context("the AWS CLI (`aws`) has to be installed for this test")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            let printed = String::from_utf8(output.stdout)?;
            let answer = match printed.trim() {
                "" => Value::Null,
                json => serde_json::from_str(json).context("the CLI printed no JSON")?,
            };
            return Ok(Outcome::Answer(answer));
        }
        // An error occurred (<code>) when calling the <operation> operation: <message>
        let refusal = said
            .split_once("An error occurred (")
            .and_then(|(_, rest)| {
                let (code, rest) = rest.split_once(')')?;
                let (_, message) = rest.split_once(" operation: ")?;
                Some((code.to_owned(), message.trim().to_owned()))
            });
        match refusal {
            Some((code, message)) => Ok(Outcome::Refusal { code, message }),
            None => bail!("`aws {}` said: {said}", arguments.join(" ")),
        }
    }

    /// Makes a call that must succeed.
    pub(crate) async fn answer(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        match self.call(arguments).await? {
            Outcome::Answer(answer) => Ok(answer),
            Outcome::Refusal { code, message } => {
                bail!(
                    "`aws {}` was refused: {code}: {message}",
                    arguments.join(" ")
                )
            }
        }
    }

    /// Makes a call that must be refused; returns `<code>: <message>`.
    pub(crate) async fn refusal(&self, arguments: &[&str]) -> anyhow::Result<String> {
        match self.call(arguments).await? {
            Outcome::Refusal { code, message } => Ok(format!("{code}: {message}")),
            Outcome::Answer(answer) => {
                bail!("`aws {}` was answered: {answer}", arguments.join(" "))
            }
        }
    }
}
