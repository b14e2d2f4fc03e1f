//! One row of the table: a situation, and what comes of it.

use ecr_public_sandbox::Fault;
use serde_json::{Value as Json, json};

use super::accounts::{key, secret};
use super::difference::Difference;

/// A situation that both providers are put into.
///
/// In variables, files and the block `{home}` is the home folder, `{sts}` and `{api}` are the
/// stand-ins, `{other}` is a second STS, and `{outside}` is a proxy to the rest of the world.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) variables: Vec<(&'static str, String)>,
    /// By their names below the home folder.
    pub(super) files: Vec<(&'static str, String)>,
    pub(super) block: Json,
    pub(super) fault: Option<Fault>,
    /// Whether hashicorp/aws checks the block first, which takes it seconds.
    pub(super) is_checked: bool,
    pub(super) theirs: Outcome,
    pub(super) ours: Outcome,
    /// Why it is not the same, where that is so on purpose.
    pub(super) difference: Option<Difference>,
}

/// How it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The provider works as this identity. The session name `*` is one that it made.
    Reaches(String),
    /// The provider is not configured yet, and that is no error.
    Waits,
    /// There is an error that has this text in it.
    Fails(Stage, &'static str),
}

/// When it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// While the provider is configured.
    Configured,
    /// When it is to do something.
    Used,
}

impl Row {
    pub(super) fn named(name: &'static str) -> Self {
        Self {
            name,
            variables: Vec::new(),
            files: Vec::new(),
            block: json!({
                "region": "us-east-1",
                "endpoints": [{"sts": "{sts}", "ecrpublic": "{api}"}],
            }),
            fault: None,
            is_checked: false,
            theirs: Outcome::Waits,
            ours: Outcome::Waits,
            difference: None,
        }
    }

    /// With a variable.
    pub(super) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// With the keys of a user in the environment.
    pub(super) fn environment_keys(self, user: &str) -> Self {
        self.variable("AWS_ACCESS_KEY_ID", key(user))
            .variable("AWS_SECRET_ACCESS_KEY", secret(user))
    }

    /// With a file below the home folder.
    pub(super) fn file(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.files.push((name, text.into()));
        self
    }

    /// With `~/.aws/config`.
    pub(super) fn config(self, text: impl Into<String>) -> Self {
        self.file(".aws/config", text)
    }

    /// With `~/.aws/credentials`.
    pub(super) fn credentials(self, text: impl Into<String>) -> Self {
        self.file(".aws/credentials", text)
    }

    /// With these attributes and blocks in the provider block.
    pub(super) fn block(mut self, written: Json) -> Self {
        let Json::Object(written) = written else {
            panic!("{written} is no block");
        };
        for (name, value) in written {
            self.block[name] = value;
        }
        self
    }

    /// With the static keys of the user `block`.
    pub(super) fn static_keys(self) -> Self {
        self.block(json!({"access_key": key("block"), "secret_key": secret("block")}))
    }

    /// With `assume_role` blocks, after the keys of the user `environment`.
    pub(super) fn hops(self, hops: Json) -> Self {
        self.environment_keys("environment")
            .block(json!({"assume_role": hops}))
    }

    /// With something that goes wrong at the stand-ins.
    pub(super) fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Both become this identity.
    pub(super) fn reaches(self, identity: impl Into<String>) -> Self {
        self.both(Outcome::Reaches(identity.into()))
    }

    /// Both fail while they are configured, with this text somewhere in their messages.
    pub(super) fn fails(self, naming: &'static str) -> Self {
        self.both(Outcome::Fails(Stage::Configured, naming))
    }

    /// With a check of the block by hashicorp/aws too.
    pub(super) fn checked(mut self) -> Self {
        self.is_checked = true;
        self
    }

    /// Both find fault with the block itself.
    pub(super) fn refused(self, naming: &'static str) -> Self {
        self.checked().fails(naming)
    }

    /// Both end like this.
    pub(super) fn both(mut self, outcome: Outcome) -> Self {
        self.ours = outcome.clone();
        self.theirs = outcome;
        self
    }

    /// What becomes of hashicorp/aws in place of that.
    pub(super) fn but_theirs(mut self, difference: Difference, outcome: Outcome) -> Self {
        self.difference = Some(difference);
        self.theirs = outcome;
        self
    }

    /// The same end by other calls.
    pub(super) fn but_calls_differ(mut self, difference: Difference) -> Self {
        self.difference = Some(difference);
        self
    }
}

/// An error while the provider is configured.
pub(super) fn fails(naming: &'static str) -> Outcome {
    Outcome::Fails(Stage::Configured, naming)
}

/// The provider becomes this identity.
pub(super) fn reaches(identity: impl Into<String>) -> Outcome {
    Outcome::Reaches(identity.into())
}
