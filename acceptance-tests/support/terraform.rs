//! Real Terraform in a folder of its own.

use std::ffi::OsString;
#[cfg(feature = "interoperability")]
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, fs};

use ecr_public_sandbox::Hub;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::evidence::Evidence;
use super::packages;

/// Longer than any command takes on a slow machine, where hashicorp/aws alone needs more than a
/// minute each time it starts; a hang is a failure with a name.
const PATIENCE: Duration = Duration::from_secs(480);

/// Where Terraform keeps the states of workspaces.
const STATES: &str = "terraform.tfstate.d";

/// A working folder with a command line configuration and an environment of its own.
///
/// Nothing of the environment of the tests reaches Terraform but `PATH` and the folder for
/// temporary files: no credentials, no proxies, no settings of the person who runs them.
///
/// Everything is logged as loudly as possible, into a file that [`Terraform::evidence`] has.
#[derive(Debug)]
pub(crate) struct Terraform {
    folder: TempDir,
    /// Where commands run, below the folder.
    work: PathBuf,
    environment: Vec<(OsString, OsString)>,
    /// Every configuration that was written, one after the other.
    configurations: Mutex<String>,
    said: Said,
    /// Where pulls are counted.
    hub: Option<Hub>,
}

/// Commands that have ended, and what they wrote.
type Said = Arc<Mutex<Vec<(String, String)>>>;

/// What a finished command left behind.
#[derive(Debug)]
pub(crate) struct Run {
    command: String,
    /// The exit code, or `None` after a signal.
    pub(crate) code: Option<i32>,
    /// Standard output and error, one after the other, without colours.
    pub(crate) text: String,
    /// Standard output alone.
    pub(crate) stdout: String,
    /// Standard error alone.
    pub(crate) stderr: String,
}

/// A command that is still running, in a process group of its own.
#[derive(Debug)]
pub(crate) struct Running {
    command: String,
    group: Pid,
    child: Child,
    said: Said,
}

impl Terraform {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("acceptance-")
            .tempdir()
            .unwrap();
        let at = |name: &str| folder.path().join(name);
        packages::mirror_of_ours(&at("packages")).unwrap();
        fs::create_dir(at("home")).unwrap();
        fs::create_dir(at("work")).unwrap();
        fs::write(
            at("terraform.rc"),
            packages::cli_configuration(&at("packages")),
        )
        .unwrap();
        let environment = [
            ("PATH", env::var_os("PATH").unwrap_or_default()),
            ("TMPDIR", env::temp_dir().into_os_string()),
            ("HOME", at("home").into_os_string()),
            ("TF_CLI_CONFIG_FILE", at("terraform.rc").into_os_string()),
            ("TF_IN_AUTOMATION", "1".into()),
            ("CHECKPOINT_DISABLE", "1".into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
            ("TF_LOG", "TRACE".into()),
            ("TF_LOG_PATH", at("log").into_os_string()),
        ];
        Self {
            configurations: Mutex::default(),
            said: Said::default(),
            hub: None,
            environment: environment.map(|(name, value)| (name.into(), value)).into(),
            work: "work".into(),
            folder,
        }
    }

    /// The folder in which commands run.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join(&self.work)
    }

    /// Goes into a folder below, in which commands run from then on.
    pub(crate) fn enter(&mut self, folder: &str) {
        self.work.push(folder);
    }

    /// Writes a file into the folder, or over one.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        if name.ends_with(".tf") {
            self.configurations.lock().unwrap().push_str(text);
        }
    }

    /// Copies a folder of the repository into this one.
    pub(crate) fn copy(&self, from: &str) {
        copy_tree(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(from),
            &self.folder(),
        );
    }

    /// Every configuration that was written so far.
    pub(crate) fn configurations(&self) -> String {
        self.configurations.lock().unwrap().clone()
    }

    /// What Terraform and the provider have logged so far, at the level `TRACE`.
    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("log")).unwrap_or_default();
        without_others(&String::from_utf8_lossy(&log))
    }

    /// Everything that Terraform and the provider have written so far and that is there: what
    /// commands said, the log, states and saved plans.
    pub(crate) fn evidence(&self) -> Evidence {
        let mut evidence = Evidence::default();
        for (command, text) in &*self.said.lock().unwrap() {
            let place = format!("output of `{command}`");
            // In the form for programs, a plan has the configuration in it.
            match command.starts_with("terraform show") {
                true => evidence.quoting(&place, text),
                false => evidence.text(&place, text),
            }
        }
        evidence.text("log", &self.log());
        let mut entries: Vec<_> = fs::read_dir(self.folder()).unwrap().collect();
        while let Some(entry) = entries.pop() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if !entry.file_type().unwrap().is_file() {
                // Below it, each workspace has a folder.
                if entry
                    .path()
                    .components()
                    .any(|part| part.as_os_str() == STATES)
                {
                    entries.extend(fs::read_dir(entry.path()).unwrap());
                }
                continue;
            }
            let content = fs::read(entry.path()).unwrap();
            if name.contains(".tfstate") {
                evidence.state(&name, &String::from_utf8_lossy(&content));
            } else if content.starts_with(b"PK") {
                evidence.plan(&name, &content);
            }
        }
        evidence
    }

    /// Reads a file of the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join(name)).unwrap()
    }

    /// Sets a variable for the commands to come.
    pub(crate) fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// Has the provider started by a shell that does this first, from the next `init` on.
    pub(crate) fn wrap_provider(&self, first: &str) {
        packages::wrap(&self.folder.path().join("packages"), first).unwrap();
        // It remembers the checksum of the program.
        fs::remove_file(self.folder().join(".terraform.lock.hcl")).ok();
    }

    /// Takes the program under test away, and returns the mirror from which Terraform installs
    /// providers from the next `init` on.
    pub(crate) fn empty_mirror(&self) -> PathBuf {
        let mirror = self.folder.path().join("packages");
        fs::remove_dir_all(mirror.join(packages::ADDRESS)).unwrap();
        mirror
    }

    /// `terraform init`
    pub(crate) async fn init(&self) {
        self.run(&["init", "-input=false"]).await.succeeded();
    }

    /// `terraform plan`, refreshing first.
    pub(crate) async fn plan(&self) -> Run {
        self.run(&["plan", "-input=false"]).await
    }

    /// `terraform apply`, with further arguments.
    pub(crate) async fn apply(&self, more: &[&str]) -> Run {
        self.run(&[&["apply", "-input=false", "-auto-approve"], more].concat())
            .await
    }

    /// `terraform plan`, kept for [`Terraform::apply_planned`], with further arguments.
    pub(crate) async fn save_plan(&self, more: &[&str]) -> Run {
        self.run(&[&["plan", "-input=false", "-out=tfplan"], more].concat())
            .await
    }

    /// Applies the plan that [`Self::planned`] made, in a process of its own.
    pub(crate) async fn apply_planned(&self) -> Run {
        self.run(&["apply", "-input=false", "tfplan"]).await
    }

    /// `terraform state rm`: the image stays, and Terraform knows nothing of it any more.
    pub(crate) async fn forget(&self, address: &str) {
        self.run(&["state", "rm", address]).await.succeeded();
    }

    /// `terraform destroy`
    pub(crate) async fn destroy(&self) -> Run {
        self.run(&["destroy", "-input=false", "-auto-approve"])
            .await
    }

    /// The state as Terraform shows it to programs.
    pub(crate) async fn show(&self) -> serde_json::Value {
        let run = self.run(&["show", "-json"]).await.succeeded();
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// An output.
    pub(crate) async fn output(&self, name: &str) -> serde_json::Value {
        let run = self.run(&["output", "-json", name]).await.succeeded();
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// The attributes of one resource instance in state, or null when it is not there.
    pub(crate) async fn attributes(&self, address: &str) -> serde_json::Value {
        let shown = self.show().await;
        let mut modules = vec![&shown["values"]["root_module"]];
        while let Some(module) = modules.pop() {
            modules.extend(module["child_modules"].as_array().into_iter().flatten());
            let mut resources = module["resources"].as_array().into_iter().flatten();
            if let Some(found) = resources.find(|resource| resource["address"] == address) {
                return found["values"].clone();
            }
        }
        serde_json::Value::Null
    }

    /// Plans, and returns the planned change of one resource instance: `actions`, `before`,
    /// `after`, `after_unknown`. Null when the plan does not mention it.
    pub(crate) async fn planned(&self, address: &str) -> serde_json::Value {
        self.planned_with(address, &[]).await
    }

    /// The same with further arguments for `terraform plan`.
    pub(crate) async fn planned_with(&self, address: &str, more: &[&str]) -> serde_json::Value {
        self.save_plan(more).await.succeeded();
        let run = self.run(&["show", "-json", "tfplan"]).await.succeeded();
        let plan: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let mut changes = plan["resource_changes"].as_array().into_iter().flatten();
        let found = changes.find(|change| change["address"] == address);
        found.map_or(serde_json::Value::Null, |found| found["change"].clone())
    }

    /// The state file, read.
    pub(crate) fn state(&self) -> serde_json::Value {
        serde_json::from_str(&self.read("terraform.tfstate")).unwrap()
    }

    /// Asserts that there is nothing to do, and that there still is not after a refresh.
    pub(crate) async fn converged(&self) {
        self.nothing_to_do().await;
        self.apply(&["-refresh-only"]).await.succeeded();
        self.nothing_to_do().await;
    }

    async fn nothing_to_do(&self) {
        let run = self
            .run(&["plan", "-input=false", "-detailed-exitcode"])
            .await;
        assert_eq!(run.code, Some(0), "the plan is not empty:\n{}", run.text);
    }

    /// Asserts from now on that plans spend no pull there.
    pub(crate) fn count_pulls_at(&mut self, hub: &Hub) {
        self.hub = Some(hub.clone());
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        let hub = self.hub.as_ref().filter(|_| arguments[0] == "plan");
        let before = hub.map(Hub::pulls);
        let run = self.start(arguments).finish().await;
        assert_eq!(hub.map(Hub::pulls), before, "a plan has spent pulls");
        run
    }

    /// Starts a command.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new(program());
        command.stdin(Stdio::null()).process_group(0);
        self.begin(command, arguments)
    }

    /// Runs a script of a pipeline to its end: with this environment, and ending where it fails.
    pub(crate) async fn shell(&self, script: &str) -> Run {
        let mut command = Command::new("sh");
        command.stdin(Stdio::null()).process_group(0);
        let terraform = format!("terraform() {{ command {:?} \"$@\"; }}", program());
        let script = format!("{terraform}\n{script}");
        self.begin(command, &["-ec", &script]).finish().await
    }

    /// Starts a command in a session of its own, as logging in does: at this terminal, or at none.
    #[cfg(feature = "interoperability")]
    pub(crate) fn start_at(&self, terminal: Option<OwnedFd>, arguments: &[&str]) -> Running {
        let mut command = Command::new("setsid");
        command.args(terminal.is_some().then_some("--ctty"));
        command.arg("--wait").arg(program());
        command.stdin(terminal.map_or_else(Stdio::null, Stdio::from));
        self.begin(command, arguments)
    }

    fn begin(&self, mut command: Command, arguments: &[&str]) -> Running {
        let (first, rest) = arguments.split_first().unwrap();
        command.arg(first);
        if first_takes_colour(first) {
            command.arg("-no-color");
        }
        command.args(rest).current_dir(self.folder());
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.kill_on_drop(true).spawn();
        let child = child.expect("Terraform is on the PATH, or named by TERRAFORM");
        let id = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        Running {
            command: format!("terraform {}", arguments.join(" ")),
            group: id.unwrap(),
            child,
            said: Arc::clone(&self.said),
        }
    }
}

impl Running {
    /// What Ctrl-C in a terminal does: the whole process group is interrupted.
    pub(crate) fn interrupt(&self) {
        kill_process_group(self.group, Signal::INT).unwrap();
    }

    /// What an impatient runner does: the whole process group is gone at once.
    pub(crate) fn kill(&self) {
        kill_process_group(self.group, Signal::KILL).unwrap();
    }

    /// Waits until the command has ended.
    pub(crate) async fn finish(self) -> Run {
        let Self {
            command,
            group,
            child,
            said,
        } = self;
        let Ok(output) = tokio::time::timeout(PATIENCE, child.wait_with_output()).await else {
            let killed = kill_process_group(group, Signal::KILL);
            panic!("`{command}` was still running after {PATIENCE:?} (then: {killed:?})");
        };
        let run = Run::of(command, &output.unwrap());
        let written = (run.command.clone(), run.text.clone());
        said.lock().unwrap().push(written);
        run
    }
}

impl Run {
    fn of(command: String, output: &Output) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Self {
            command,
            code: output.status.code(),
            text: format!("{stdout}{stderr}"),
            stdout,
            stderr,
        }
    }

    /// Asserts success.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(
            self.code,
            Some(0),
            "`{}` failed:\n{}",
            self.command,
            self.text
        );
        self
    }

    /// Asserts failure.
    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert_eq!(
            self.code,
            Some(1),
            "`{}` did not fail:\n{}",
            self.command,
            self.text
        );
        self
    }

    /// Asserts that the text says this.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let flat = self.flat();
        assert!(
            flat.contains(words),
            "`{words}` is not in the output of `{}`:\n{}",
            self.command,
            self.text
        );
        self
    }

    /// The text without the frames and line breaks that Terraform puts around messages.
    pub(crate) fn flat(&self) -> String {
        let unframed = self.text.replace(['│', '╷', '╵', '\n'], " ");
        unframed.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The errors, as a person reads them: standard error from its first error on.
    pub(crate) fn messages(&self) -> String {
        let from = self.stderr.find("Error: ").unwrap_or(self.stderr.len());
        let lines: Vec<_> = self.stderr[from..].lines().map(str::trim_end).collect();
        lines.join("\n").trim().to_owned()
    }
}

fn program() -> OsString {
    env::var_os("TERRAFORM").unwrap_or_else(|| "terraform".into())
}

/// A log without what other providers say: `hashicorp/aws` writes session tokens there. What belongs
/// to an entry stands on its line and on those below that are indented.
fn without_others(log: &str) -> String {
    let mut is_ours = true;
    let ours = log.split_inclusive('\n').filter(|line| {
        if !line.starts_with(' ') {
            // After a level of four letters there is one more space.
            let speaker = line.split_once(']').map(|(_, rest)| rest.trim_start());
            let provider = speaker.and_then(|it| it.strip_prefix("provider.terraform-provider-"));
            is_ours = provider.is_none_or(|name| name.starts_with("ecrpublic"));
        }
        is_ours
    });
    ours.collect()
}

#[test]
fn what_other_providers_log_is_left_out_with_all_its_lines() {
    let ours = "2026-11-26T17:40:19.1Z [DEBUG] provider.terraform-provider-ecrpublic_v0.1.0: one\n  | two\n";
    let other = "2026-11-26T17:40:19.1Z [INFO]  provider.terraform-provider-aws_v5.100.0_x5: three\n  | four\n";
    let core = "2026-11-26T17:40:19.1Z [TRACE] vertex \"provider\": five\n";
    let all = [core, other, ours, other, core].concat();
    assert_eq!(without_others(&all), [core, ours, core].concat());
}

/// Commands that print values for programs have no such option, or no colours.
fn first_takes_colour(command: &str) -> bool {
    matches!(
        command,
        "init" | "plan" | "apply" | "destroy" | "import" | "validate" | "refresh"
    )
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
