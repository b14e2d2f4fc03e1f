//! The client against a scripted other side, with a paused clock and no network.

mod auth;
mod blobs;
mod deceit;
mod hostile;
mod http2;
mod listing;
mod manifests;
mod mounts;
mod pace;
mod redirects;
mod referrers;
mod slow_down;
mod stand_in;
mod statuses;
mod tries;
mod uploads;
mod watching;

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{Client, Credential, CredentialSource, Endpoint, Error, Registry};
use crate::content::{self, ByteStream, ErrorKind};
use crate::net::Secret;
use crate::net::memory::{Memory, Reply, Seen};
use crate::oci::{Descriptor, Digest, MediaType, Repository, Tag, Version};
use crate::task::Context;

/// The registry of most tests, and everything below a repository of it.
const BASE: &str = "https://registry.example/v2/team/app";

/// A small manifest and its digest.
const MANIFEST: &str = r#"{"schemaVersion":2,"layers":[]}"#;

fn manifest_digest() -> Digest {
    Digest::sha256(MANIFEST.as_bytes())
}

fn manifest_reply() -> Reply {
    Reply::status(200)
        .header("content-type", MediaType::OCI_MANIFEST)
        .header("content-length", MANIFEST.len().to_string())
        .header("docker-content-digest", manifest_digest().as_str())
}

/// What a test did not foresee fails it.
fn unexpected(seen: &Seen) -> Reply {
    panic!("unexpected request: {}", seen.line())
}

/// A source that counts how often it was called, and can renew.
#[derive(Debug)]
struct Login {
    /// One per refusal; the last stays.
    credentials: Vec<Credential>,
    asked: AtomicUsize,
    refused: AtomicUsize,
}

impl Login {
    fn new(credentials: Vec<Credential>) -> Arc<Self> {
        Arc::new(Self {
            credentials,
            asked: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        })
    }

    fn anonymous() -> Arc<Self> {
        Self::new(vec![Credential::Anonymous])
    }

    fn basic(username: &str, password: &str) -> Credential {
        Credential::Basic {
            username: username.to_owned(),
            password: Secret::new(password.to_owned()),
        }
    }

    fn refusals(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl CredentialSource for Login {
    async fn credential(&self, _: &Context) -> Result<Credential, content::Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let index = self.refusals().min(self.credentials.len() - 1);
        Ok(self.credentials[index].clone())
    }

    async fn refused(&self) {
        self.refused.fetch_add(1, Ordering::SeqCst);
    }
}

fn client(memory: &Memory) -> Client {
    Client::over(Arc::new(memory.clone()))
}

fn handle(client: &Client, endpoint: &Endpoint, login: Arc<Login>) -> Registry {
    let repository = Repository::new(&endpoint.host, "team/app").unwrap();
    client.repository(endpoint, repository, login)
}

/// A handle on `registry.example/team/app`.
fn registry(memory: &Memory, login: Arc<Login>) -> Registry {
    handle(&client(memory), &Endpoint::new("registry.example"), login)
}

/// A handle that nobody asks for credentials.
fn open(handler: impl FnMut(&Seen) -> Reply + Send + 'static) -> (Registry, Memory) {
    let memory = Memory::new(handler);
    (registry(&memory, Login::anonymous()), memory)
}

fn tag(text: &str) -> Version {
    Version::Tag(text.parse::<Tag>().unwrap())
}

fn blob(bytes: &[u8]) -> Descriptor {
    Descriptor {
        media_type: MediaType::new("application/octet-stream"),
        digest: Digest::sha256(bytes),
        size: bytes.len() as u64,
        platform: None,
        annotations: std::collections::BTreeMap::new(),
        artifact_type: None,
    }
}

fn chunks(chunks: &[&'static str]) -> ByteStream {
    let chunks: Vec<_> = chunks
        .iter()
        .map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())))
        .collect();
    Box::pin(stream::iter(chunks))
}

/// Everything up to the end or the first error.
async fn collect(mut bytes: ByteStream) -> (Vec<u8>, Option<content::Error>) {
    let mut all = Vec::new();
    while let Some(chunk) = bytes.next().await {
        match chunk {
            Ok(chunk) => all.extend_from_slice(&chunk),
            Err(error) => {
                assert!(bytes.next().await.is_none(), "an error ends the stream");
                return (all, Some(error));
            }
        }
    }
    (all, None)
}

/// The facts behind an error of the contract.
fn facts(error: &content::Error) -> &Error {
    error.source().unwrap().downcast_ref().unwrap()
}

/// The whole chain, as it would be logged.
fn chain(error: &content::Error) -> String {
    let mut text = format!("{error:?} {error}");
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn kind<T>(result: Result<T, content::Error>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it worked"),
        Err(error) => error.kind().clone(),
    }
}
