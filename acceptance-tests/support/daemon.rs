//! Programs of others that serve on loopback while a test runs.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Python needs a while to load its libraries on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running program; it ends with this value.
#[derive(Debug)]
pub(crate) struct Daemon {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    _child: Child,
    _readers: JoinSet<()>,
}

impl Daemon {
    /// Starts a program that was told to choose a port, and waits for the line of its log in which
    /// the address follows `marker`.
    pub(crate) async fn start(command: &mut Command, marker: &'static str) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .kill_on_drop(true)
            .spawn()
            .expect("the program is installed");
        let (lines, mut log) = mpsc::unbounded_channel();
        let mut readers = JoinSet::new();
        readers.spawn(forward(child.stdout.take().unwrap(), lines.clone()));
        readers.spawn(forward(child.stderr.take().unwrap(), lines));
        let mut seen = Vec::new();
        let address = async {
            while let Some(line) = log.recv().await {
                if let Some(address) = address_after(&line, marker) {
                    return Some(address);
                }
                seen.push(line);
            }
            None
        };
        let address = tokio::time::timeout(PATIENCE, address).await.ok().flatten();
        let address = address.unwrap_or_else(|| panic!("it never listened:\n{}", seen.join("\n")));
        Self {
            address,
            _child: child,
            _readers: readers,
        }
    }
}

/// Reads on after nobody listens any more: a full pipe would stop the program.
async fn forward(pipe: impl AsyncRead + Unpin, lines: mpsc::UnboundedSender<String>) {
    let mut pipe = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = pipe.next_line().await {
        drop(lines.send(line));
    }
}

fn address_after(line: &str, marker: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(marker)?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.' && letter != ':');
    rest[..end.unwrap_or(rest.len())].parse().ok()
}
