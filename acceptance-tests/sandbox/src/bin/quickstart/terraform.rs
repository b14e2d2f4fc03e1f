//! Real Terraform in a working folder, where everybody can watch.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::{env, fs};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::Command;
use tokio::time::Instant;

use crate::tell;

/// The address by which the example names the provider.
const ADDRESS: &str = "registry.terraform.io/ecrpublic/ecrpublic";

/// Terraform, a working folder and the variables of the stand-ins.
#[derive(Debug)]
pub(crate) struct Terraform {
    program: PathBuf,
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// The program to run: `TERRAFORM`, or what the PATH has.
pub(crate) fn find() -> Option<PathBuf> {
    let named = env::var_os("TERRAFORM").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = ["terraform", "tofu"].into_iter().find_map(|name| {
        let mut candidates = env::split_paths(&path).map(|folder| folder.join(name));
        candidates.find(|candidate| candidate.is_file())
    });
    named.or(on_path)
}

/// Builds the provider and says where it is.
pub(crate) async fn build_provider(repository: &Path) -> Result<PathBuf> {
    let arguments = [
        "build",
        "--package",
        "terraform-provider-ecrpublic",
        "--bin",
    ];
    tell::command(&format!(
        "cargo {} terraform-provider-ecrpublic",
        arguments.join(" ")
    ));
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .args([
            "terraform-provider-ecrpublic",
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(repository)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .context("cargo did not start")?
        // `output` would keep the progress and the errors of the build to itself.
        .wait_with_output()
        .await?;
    ensure!(output.status.success(), "the provider could not be built");
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let built = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    });
    built.context("cargo did not say what it built")
}

impl Terraform {
    /// Lays out the working folder: the packages, a configuration that points at them, the example.
    pub(crate) fn prepare(
        program: PathBuf,
        root: &Path,
        provider: &Path,
        example: &Path,
        environment: Vec<(String, String)>,
    ) -> Result<Self> {
        let folder = root.join("landing-zone");
        let packages = root.join("packages");
        let package = packages
            .join(ADDRESS)
            .join(env!("CARGO_PKG_VERSION"))
            .join(platform());
        fs::create_dir_all(&package)?;
        let installed = package.join("terraform-provider-ecrpublic");
        fs::copy(provider, &installed).context("the provider could not be copied")?;
        copy_tree(example, &folder)?;
        let configuration = root.join("terraform.rc");
        fs::write(&configuration, cli_configuration(&packages))?;
        let mut environment = environment;
        environment.push((
            "TF_CLI_CONFIG_FILE".to_owned(),
            configuration.display().to_string(),
        ));
        environment.push(("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()));
        Ok(Self {
            program,
            folder,
            environment,
        })
    }

    /// The working folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The variables that every command gets.
    pub(crate) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// The name to type.
    pub(crate) fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Runs a command on this terminal.
    pub(crate) async fn show(&self, arguments: &[&str]) -> Result<()> {
        let code = self.code(arguments).await?;
        if code != 0 {
            bail!("`{}` ended with code {code}", self.line(arguments));
        }
        Ok(())
    }

    /// Runs a command and shows of its output only the lines that start with one of these words.
    pub(crate) async fn summarise(&self, arguments: &[&str], starts: &[&str]) -> Result<()> {
        tell::command(&self.line(arguments));
        let began = Instant::now();
        let output = self.output(&[arguments, &["-no-color"]].concat()).await?;
        for line in String::from_utf8_lossy(&output).lines() {
            if starts.iter().any(|start| line.starts_with(start)) {
                tell::say(line);
            }
        }
        tell::took(&self.line(arguments), began.elapsed());
        Ok(())
    }

    async fn code(&self, arguments: &[&str]) -> Result<i32> {
        let line = self.line(arguments);
        tell::command(&line);
        let began = Instant::now();
        let status = self.command(arguments).status().await?;
        tell::took(&line, began.elapsed());
        Ok(status.code().unwrap_or(-1))
    }

    /// Runs a command silently and reads what it prints.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.output(arguments).await?)?)
    }

    async fn output(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let mut command = self.command(arguments);
        let output = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .await?;
        ensure!(
            output.status.success(),
            "`{}` failed: {}",
            self.line(arguments),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output.stdout)
    }

    /// A command as one would type it.
    fn line(&self, arguments: &[&str]) -> String {
        format!("{} {}", self.name(), arguments.join(" "))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        for name in foreign_variables() {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if !std::io::stdout().is_terminal() {
            command.env("TF_CLI_ARGS", "-no-color");
        }
        command.kill_on_drop(true);
        command
    }
}

/// Variables of the person at the keyboard that would lead the run out of the stand-ins.
fn foreign_variables() -> Vec<OsString> {
    let names = env::vars_os().map(|(name, _)| name);
    let foreign = names.filter(|name| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        name.starts_with("AWS_")
            || name.starts_with("TF_")
            || name.starts_with("ECRPUBLIC_")
            || name.ends_with("_PROXY")
            || name == "DOCKER_CONFIG"
    });
    foreign.collect()
}

fn cli_configuration(packages: &Path) -> String {
    format!(
        "# The provider comes from this folder, and from nowhere else.\n\
         provider_installation {{\n  filesystem_mirror {{\n    path = {packages:?}\n  }}\n}}\n"
    )
}

/// Terraform's name of this platform.
fn platform() -> String {
    let os = match env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let arch = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{os}_{arch}")
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
