//! What was read where, as the stand-ins saw it.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use ecr_public_sandbox::{Entry, Face, Sandbox};

use crate::stage::ACCOUNTS;
use crate::tell;

/// Shows what the first apply read, and checks that nothing was read twice from Docker Hub.
pub(crate) fn check(sandbox: &Sandbox) -> Result<()> {
    tell::step("What Docker Hub saw");
    let seen = sandbox.journal().select(|entry| {
        entry.face == Face::Hub
            && entry.path.starts_with("/v2/library/")
            && entry.status != Some(401)
    });
    let (blobs, manifests): (Vec<Entry>, Vec<Entry>) = seen.into_iter().partition(is_blob);
    for entry in &manifests {
        let (method, path) = (&entry.method, &entry.path);
        let status = entry
            .status
            .map_or_else(|| "-".to_owned(), |code| code.to_string());
        tell::inset(&format!("{method:4} {path} {status}"));
    }
    let pulls = read_once(&manifests)?;
    let layers = read_once(&blobs)?;
    let copied = sandbox
        .journal()
        .select(|entry| entry.face == Face::Registry && entry.method == "GET" && is_blob(entry))
        .len();
    let wanted = layers * ACCOUNTS.len();
    ensure!(
        layers + copied == wanted,
        "{wanted} blobs were wanted, {layers} were read from Docker Hub and {copied} from ECR Public"
    );
    tell::say(&format!(
        "\nand the {layers} blobs that these manifests list, each once.\n\n\
         HEAD is free; there is one for each of the {} images. What counts against a pull limit is\n\
         GET of manifests: {pulls}, for an index and what it holds, however many accounts want \
         them.\nWhat one account had by then, the others read there: {copied} blobs, from ECR Public.",
        ACCOUNTS.len(),
    ));
    Ok(())
}

/// How much was read, if nothing was read twice.
fn read_once(entries: &[Entry]) -> Result<usize> {
    let reads = entries.iter().filter(|entry| entry.method == "GET");
    let mut distinct = BTreeSet::new();
    for entry in reads {
        ensure!(
            distinct.insert(&entry.path),
            "{} was read from Docker Hub more than once",
            entry.path
        );
    }
    ensure!(!distinct.is_empty(), "nothing was read from Docker Hub");
    Ok(distinct.len())
}

fn is_blob(entry: &Entry) -> bool {
    entry.path.contains("/blobs/sha256:")
}
