//! Programs of others that are run and end.

use std::process::Stdio;

use tokio::process::Command;

/// Runs a program without the environment of the person who runs the tests, asserts that it
/// succeeds, and returns what it printed.
pub(crate) async fn run(program: &str, arguments: &[&str]) -> String {
    let mut command = quiet(program);
    command.args(arguments);
    output_of(command).await
}

/// Runs a command, asserts that it succeeds, and returns what it printed.
pub(crate) async fn output_of(mut command: Command) -> String {
    let line = format!("{:?}", command.as_std());
    let output = command.output().await;
    let output = output.unwrap_or_else(|error| panic!("`{line}`: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{line}` failed:\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A program with nothing of our environment but `PATH` and the home folder.
pub(crate) fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
    let kept = ["PATH", "HOME", "PYENV_ROOT"].into_iter();
    command.envs(kept.filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
}
