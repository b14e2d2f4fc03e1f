//! Real Terraform in a folder of its own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The address that tests give the provider.
pub(crate) const ADDRESS: &str = "registry.terraform.io/ecrpublic/ecrpublic";

/// A folder with a configuration, the provider installed from a filesystem mirror, and nothing
/// of the surrounding environment but `PATH`.
#[derive(Debug)]
pub(crate) struct Terraform {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// What one run of Terraform said.
#[derive(Debug)]
pub(crate) struct Run {
    /// The command, for messages.
    pub(crate) command: String,
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    /// Standard output and standard error, in that order.
    pub(crate) output: String,
}

/// A run that is still going on, in a process group of its own.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    command: String,
}

impl Terraform {
    /// A folder with this configuration, initialised. `environment` is all that Terraform and the
    /// provider see besides `PATH` and `HOME`.
    pub(crate) async fn with(configuration: &str, environment: &[(String, String)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let terraform = Self {
            environment: environment.iter().cloned().collect(),
            folder,
        };
        terraform.write("main.tf", configuration);
        terraform.write("terraformrc", &terraform.installation());
        terraform.install();
        let init = terraform.run(&["init", "-input=false"]).await;
        init.succeeded();
        terraform
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes or replaces a file of the configuration.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder().join(name), text).expect("the folder can be written to");
    }

    /// Sets a variable for later runs.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        self.start(arguments).finish().await
    }

    /// Starts a command and does not wait for it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == OsStr::new("PATH")))
            .env("HOME", self.folder())
            .env("TF_CLI_CONFIG_FILE", self.folder().join("terraformrc"))
            .env("TF_CLI_ARGS", "-no-color")
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn().expect("terraform is on the PATH");
        Running { child, command: format!("terraform {}", arguments.join(" ")) }
    }

    /// `terraform apply`, which must succeed.
    pub(crate) async fn apply(&self) -> Run {
        self.run(&["apply", "-auto-approve", "-input=false"]).await.succeeded()
    }

    /// `terraform apply`, which must fail.
    pub(crate) async fn apply_fails(&self) -> Run {
        self.run(&["apply", "-auto-approve", "-input=false"]).await.failed()
    }

    /// `terraform plan`, which must fail.
    pub(crate) async fn plan_fails(&self) -> Run {
        self.run(&["plan", "-input=false"]).await.failed()
    }

    /// `terraform plan` with `-detailed-exitcode`: 0 for no changes, 2 for changes.
    pub(crate) async fn plan(&self) -> Run {
        self.run(&["plan", "-input=false", "-detailed-exitcode"]).await
    }

    /// `terraform destroy`, which must succeed.
    pub(crate) async fn destroy(&self) -> Run {
        self.run(&["destroy", "-auto-approve", "-input=false"]).await.succeeded()
    }

    /// The end of every scenario: nothing to change, and still nothing after a refresh was stored.
    pub(crate) async fn converged(&self) {
        let first = self.plan().await;
        assert_eq!(first.code, Some(0), "the plan is not empty\n{}", first.output);
        self.run(&["apply", "-refresh-only", "-auto-approve", "-input=false"]).await.succeeded();
        let second = self.plan().await;
        assert_eq!(second.code, Some(0), "the plan after refresh is not empty\n{}", second.output);
    }

    /// The attributes of a resource in state; `None` when it is not there.
    pub(crate) async fn state_of(&self, address: &str) -> Option<Value> {
        let shown = self.run(&["show", "-json"]).await.succeeded();
        let state: Value = serde_json::from_str(shown.output.trim()).expect("state is JSON");
        resources(&state["values"]["root_module"])
            .into_iter()
            .find(|resource| resource["address"] == address)
            .map(|resource| resource["values"].clone())
    }

    /// The planned changes, as `address → actions`.
    pub(crate) async fn planned(&self) -> BTreeMap<String, Vec<String>> {
        self.run(&["plan", "-input=false", "-out=tfplan"]).await.succeeded();
        let shown = self.run(&["show", "-json", "tfplan"]).await.succeeded();
        let plan: Value = serde_json::from_str(shown.output.trim()).expect("a plan is JSON");
        let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
        let actions = |change: &Value| {
            let actions = change["change"]["actions"].as_array().expect("actions are a list");
            actions.iter().filter_map(|action| action.as_str().map(str::to_owned)).collect()
        };
        let address = |change: &Value| change["address"].as_str().unwrap_or_default().to_owned();
        changes.iter().map(|change| (address(change), actions(change))).collect()
    }

    /// Puts the binary where a filesystem mirror has it.
    fn install(&self) {
        let binary = Path::new(env!("CARGO_BIN_EXE_terraform-provider-ecrpublic"));
        let place = self.folder().join("mirror").join(ADDRESS).join("0.1.0").join(platform());
        fs::create_dir_all(&place).expect("the folder can be written to");
        let link = place.join("terraform-provider-ecrpublic_v0.1.0");
        fs::hard_link(binary, &link)
            .or_else(|_| fs::copy(binary, &link).map(drop))
            .expect("the provider can be installed");
    }

    fn installation(&self) -> String {
        let mirror = self.folder().join("mirror");
        let others = aws_mirror().map_or_else(String::new, |mirror| {
            format!(
                "  filesystem_mirror {{\n    path    = \"{}\"\n    include = \
                 [\"registry.terraform.io/hashicorp/*\"]\n  }}\n",
                mirror.display()
            )
        });
        format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path    = \"{}\"\n    include = \
             [\"{ADDRESS}\"]\n  }}\n{others}}}\n",
            mirror.display()
        )
    }
}

impl Running {
    /// Waits for the end.
    pub(crate) async fn finish(self) -> Run {
        let done = self.child.wait_with_output().await.expect("terraform can be waited for");
        let mut output = String::from_utf8_lossy(&done.stdout).into_owned();
        output.push_str(&String::from_utf8_lossy(&done.stderr));
        Run { command: self.command, code: done.status.code(), output }
    }

    /// Sends a signal to Terraform and everything it started, as a terminal does.
    pub(crate) async fn signal_group(&self, signal: &str) {
        let group = self.child.id().expect("terraform is running");
        let status = Command::new("kill")
            .args([&format!("-{signal}"), "--", &format!("-{group}")])
            .status()
            .await
            .expect("kill can be run");
        assert!(status.success(), "the signal could not be sent");
    }

    /// Waits for a line of standard output that contains this.
    pub(crate) async fn wait_for_line(&mut self, text: &str) {
        let stdout = self.child.stdout.as_mut().expect("standard output is a pipe");
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await.expect("standard output can be read") {
            if line.contains(text) {
                return;
            }
        }
        panic!("terraform ended without saying `{text}`");
    }
}

impl Run {
    /// Fails the test unless it succeeded.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "`{}` failed\n{}", self.command, self.output);
        self
    }

    /// Fails the test if it succeeded.
    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert_ne!(self.code, Some(0), "`{}` succeeded\n{}", self.command, self.output);
        self
    }

    /// Fails the test unless the output has this text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.output.contains(text), "`{text}` is not in\n{}", self.output);
        self
    }

    /// The error and warning boxes as plain paragraphs, for snapshots: frames removed, lines that
    /// Terraform wrapped joined again.
    pub(crate) fn messages(&self) -> String {
        let mut messages = Vec::new();
        let mut inside = false;
        for line in self.output.lines() {
            match line {
                "╷" => inside = true,
                "╵" => {
                    inside = false;
                    messages.push(String::new());
                }
                _ if inside => {
                    let text = line.strip_prefix("│").unwrap_or(line);
                    messages.push(text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned());
                }
                _ if line.starts_with("Error: ") || line.starts_with("Warning: ") => {
                    inside = true;
                    messages.push(line.to_owned());
                }
                _ => {}
            }
        }
        messages.join("\n").trim().to_owned()
    }
}

/// Where hashicorp/aws is installed from, when there is a filesystem mirror: the folder that
/// `TF_PLUGIN_MIRROR` names, or one called `tf-plugins` at most one level below the root.
pub(crate) fn aws_mirror() -> Option<PathBuf> {
    let named = std::env::var_os("TF_PLUGIN_MIRROR").map(PathBuf::from);
    let root = Path::new("/");
    let below = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let usual = below.chain([root.to_owned()]).map(|folder| folder.join("tf-plugins"));
    let aws = Path::new("registry.terraform.io/hashicorp/aws");
    named.into_iter().chain(usual).find(|folder| folder.join(aws).is_dir())
}

fn resources(module: &Value) -> Vec<Value> {
    let own = module["resources"].as_array().cloned().unwrap_or_default();
    let inner = module["child_modules"].as_array().cloned().unwrap_or_default();
    own.into_iter().chain(inner.iter().flat_map(resources)).collect()
}

fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{os}_{architecture}")
}
