//! The sandbox as people start it.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout, Command};

/// Far longer than starting or stopping takes: only a hang gets that far.
const PATIENCE: Duration = Duration::from_secs(60);

/// A seed with one account and one image, as a person would write it.
const SEED: &str = r#"{
  "accounts": [{
    "id": "444444444444",
    "users": [{
      "name": "jane",
      "access_key_id": "AKIAJANE000000000000",
      "secret_access_key": "janes-secret"
    }]
  }],
  "hub": { "repositories": { "library/tiny": { "tags": { "1": { "layers": [64] } } } } },
  "repositories": [{ "account": "444444444444", "name": "tiny" }],
  "roles": { "publisher": "arn:aws:iam::{account_id}:role/publisher" }
}"#;

/// A program that runs until it is told to stop.
struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// What it printed up to the line that says it runs.
    printed: String,
}

impl Running {
    /// Starts the program with its temporary files in `folder`, and waits until it says it runs.
    async fn start(folder: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = program(folder, arguments).spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout);
        let mut printed = String::new();
        let read = async {
            while !printed.ends_with("# Running until Ctrl-C.\n") {
                let read = lines.read_line(&mut printed).await?;
                ensure!(read > 0, "it ended after printing: {printed}");
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, read).await??;
        Ok(Self {
            child,
            lines,
            printed,
        })
    }

    /// The value of a variable it told us to export.
    fn exported(&self, name: &str) -> Option<&str> {
        let start = format!("export {name}='");
        let mut lines = self.printed.lines();
        lines.find_map(|line| line.strip_prefix(&start)?.strip_suffix('\''))
    }

    /// Sends a signal and returns whether it ended well.
    async fn stopped_by(mut self, signal: &str) -> anyhow::Result<bool> {
        let id = self.child.id().context("it has ended already")?.to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        ensure!(sent.await?.success(), "no signal could be sent");
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await??;
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).await?;
        ensure!(rest.is_empty(), "it went on to say: {rest}");
        Ok(status.success())
    }
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecr-public-sandbox"));
    command
        .args(arguments)
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs the program to its own end.
async fn ended(folder: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    let output = program(folder, arguments).output();
    Ok(tokio::time::timeout(PATIENCE, output).await??)
}

/// Runs the program, which must fail, and returns what it says.
async fn complaint(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = ended(folder, arguments).await?;
    ensure!(!output.status.success(), "it was content");
    Ok(String::from_utf8(output.stderr)?)
}

fn seed_file(folder: &Path, seed: &str) -> anyhow::Result<String> {
    let file = folder.join("seed.json");
    std::fs::write(&file, seed)?;
    Ok(file.display().to_string())
}

/// Asks an address of the program for something, and returns the first line of the answer.
async fn first_line(url: &str, path: &str) -> anyhow::Result<String> {
    let address = url.strip_prefix("http://").context("not an address")?;
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn it_prints_what_to_use_and_answers_there() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let seed = seed_file(folder.path(), SEED)?;
    let running = Running::start(folder.path(), &["--seed", &seed]).await?;
    let key = running.exported("AWS_ACCESS_KEY_ID");
    assert_eq!(key, Some("AKIAJANE000000000000"));
    let secret = running.exported("AWS_SECRET_ACCESS_KEY");
    assert_eq!(secret, Some("janes-secret"));
    assert_eq!(running.exported("AWS_REGION"), Some("us-east-1"));
    let (_, block) = running
        .printed
        .split_once("# Provider block:\n")
        .context("no block")?;
    assert!(block.starts_with("provider \"ecrpublic\" {\n"), "{block}");
    assert!(block.contains(r#"role_arn = "arn:aws:iam::{account_id}:role/publisher""#));
    for (argument, variable) in [
        ("sts", "AWS_ENDPOINT_URL_STS"),
        ("ecrpublic", "AWS_ENDPOINT_URL_ECR_PUBLIC"),
    ] {
        let url = running
            .exported(variable)
            .context("an endpoint is missing")?;
        let line = format!("{argument:<9} = \"{url}\"");
        assert!(block.contains(&line), "{line} is not in {block}");
        let answer = first_line(url, "/").await?;
        assert!(
            answer.starts_with("HTTP/1.1 4"),
            "{answer}: a bare GET is no call"
        );
    }
    let hub = running.printed.lines().next().unwrap_or_default();
    let hub = hub
        .strip_prefix("# Docker Hub")
        .context("no Docker Hub")?
        .trim();
    let refused = first_line(hub, "/v2/library/tiny/manifests/1").await?;
    assert_eq!(refused, "HTTP/1.1 401 Unauthorized");
    assert!(running.stopped_by("INT").await?);
    Ok(())
}

#[tokio::test]
async fn either_signal_ends_it_well_and_nothing_is_left_behind() -> anyhow::Result<()> {
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir()?;
        let seed = seed_file(folder.path(), SEED)?;
        let running = Running::start(folder.path(), &["--seed", &seed]).await?;
        let during = std::fs::read_dir(folder.path())?.count();
        assert!(during > 1, "its files are in its own folders");
        assert!(running.stopped_by(signal).await?, "{signal}");
        let after = std::fs::read_dir(folder.path())?.count();
        assert_eq!(after, 1, "the seed file is all there is after {signal}");
    }
    Ok(())
}

#[tokio::test]
async fn the_printed_seed_is_a_seed_file_that_prints_itself() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let printed = ended(folder.path(), &["--print-seed"]).await?;
    assert!(printed.status.success());
    let text = String::from_utf8(printed.stdout)?;
    let read: ecr_public_sandbox::Seed = serde_json::from_str(&text)?;
    assert_eq!(serde_json::to_string_pretty(&read)? + "\n", text);
    let file = seed_file(folder.path(), &text)?;
    let running = Running::start(folder.path(), &["--seed", &file]).await?;
    let key = running.exported("AWS_ACCESS_KEY_ID");
    assert_eq!(key, Some("AKIASANDBOXPIPELINE1"));
    assert!(running.stopped_by("INT").await?);
    Ok(())
}

#[tokio::test]
async fn a_taken_port_is_named() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let taken = TcpListener::bind("127.0.0.1:0").await?;
    let port = taken.local_addr()?.port().to_string();
    let said = complaint(folder.path(), &["--port-base", &port]).await?;
    let expected = format!("cannot open port {port} for Docker Hub: choose another --port-base");
    assert!(said.contains(&expected), "{said}");
    assert!(said.contains("in use"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_seed_that_cannot_be_is_refused_by_name() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    for (from, to, expected) in [
        ("\"users\"", "\"user\"", "unknown field `user`"),
        ("\"hub\"", "\"hubs\"", "unknown field `hubs`"),
        ("\"layers\"", "\"layer\"", "unknown field `layer`"),
        (
            "\"id\": \"444444444444\"",
            "\"id\": \"44\"",
            "twelve digits",
        ),
        (
            "\"account\": \"4",
            "\"account\": \"5",
            "which the seed does not have",
        ),
        ("{", "", "is not a seed file"),
    ] {
        let seed = seed_file(folder.path(), &SEED.replacen(from, to, 1))?;
        let said = complaint(folder.path(), &["--seed", &seed]).await?;
        assert!(said.contains(expected), "{to}: {said}");
    }
    let absent = folder.path().join("none.json").display().to_string();
    let said = complaint(folder.path(), &["--seed", &absent]).await?;
    assert!(said.contains("none.json cannot be read"), "{said}");
    Ok(())
}

#[tokio::test]
async fn unknown_arguments_are_answered_with_the_known_ones() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    for (arguments, expected) in [
        (&["--sed", "x"][..], "unknown argument --sed"),
        (&["--seed"], "--seed needs a value"),
        (&["--port-base", "many"], "--port-base needs a port number"),
    ] {
        let said = complaint(folder.path(), arguments).await?;
        assert!(said.contains(expected), "{said}");
    }
    let help = ended(folder.path(), &["--help"]).await?;
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout)?.contains("--seed FILE"));
    Ok(())
}
