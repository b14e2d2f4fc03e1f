//! A small reader of registries that trusts nothing but digests.
//!
//! It shares no code with the provider, nor with the stand-in it reads from.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use url::Url;

/// More than any manifest or layer of the quickstart.
const BODY_MAX_BYTES: usize = 64 << 20;

/// What was read, every byte of it checked against the digest that names it.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Manifests, the index among them.
    pub(crate) manifests: usize,
    /// Layers and configurations.
    pub(crate) blobs: usize,
    /// Bytes of both.
    pub(crate) bytes: usize,
    /// The platforms of the index.
    pub(crate) platforms: BTreeSet<String>,
}

/// Reads a whole image by its digest, as anybody may.
pub(crate) async fn image(registry: &Url, repository: &str, digest: &str) -> Result<Read> {
    let token = token(registry, repository).await?;
    let reader = Reader {
        registry,
        repository,
        token,
    };
    let mut read = Read::default();
    let mut seen = BTreeSet::new();
    let mut manifests = vec![digest.to_owned()];
    while let Some(digest) = manifests.pop() {
        if !seen.insert(digest.clone()) {
            continue;
        }
        let bytes = reader.fetch("manifests", &digest).await?;
        read.manifests += 1;
        read.bytes += bytes.len();
        let manifest: Value = serde_json::from_slice(&bytes)?;
        for child in list(&manifest, "manifests") {
            read.platforms.extend(platform(child));
            manifests.push(digest_of(child)?);
        }
        for blob in list(&manifest, "layers").chain(manifest.get("config")) {
            let digest = digest_of(blob)?;
            if seen.insert(digest.clone()) {
                read.bytes += reader.fetch("blobs", &digest).await?.len();
                read.blobs += 1;
            }
        }
    }
    Ok(read)
}

struct Reader<'a> {
    registry: &'a Url,
    repository: &'a str,
    token: String,
}

impl Reader<'_> {
    async fn fetch(&self, kind: &str, digest: &str) -> Result<Bytes> {
        let path = format!("/v2/{}/{kind}/{digest}", self.repository);
        let (status, location, body) = get(self.registry, &path, Some(&self.token)).await?;
        let body = match (status, location) {
            (StatusCode::OK, _) => body,
            (status, Some(location)) if status.is_redirection() => {
                let target = self.registry.join(&location)?;
                let path = &target[url::Position::BeforePath..];
                get(&target, path, None).await?.2
            }
            (status, _) => bail!("{path} was answered {status}"),
        };
        let found = sha256(&body);
        ensure!(found == digest, "{path} has the digest {found}");
        Ok(body)
    }
}

/// The token that ECR Public gives to everybody.
async fn token(registry: &Url, repository: &str) -> Result<String> {
    let path = format!("/token/?service=public.ecr.aws&scope=repository:{repository}:pull");
    let (status, _, body) = get(registry, &path, None).await?;
    ensure!(
        status == StatusCode::OK,
        "the registry gave no token: {status}"
    );
    let answer: Value = serde_json::from_slice(&body)?;
    let token = answer.get("token").and_then(Value::as_str);
    Ok(token.context("the answer has no token")?.to_owned())
}

async fn get(
    url: &Url,
    path: &str,
    token: Option<&str>,
) -> Result<(StatusCode, Option<String>, Bytes)> {
    let host = url.host_str().context("an address without a host")?;
    let port = url
        .port_or_known_default()
        .context("an address without a port")?;
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::get(path)
        .header(header::HOST, format!("{host}:{port}"))
        .header(header::ACCEPT, "*/*");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let exchange = async {
        let answer = sender
            .send_request(request.body(Empty::<Bytes>::new())?)
            .await?;
        let status = answer.status();
        let location = answer.headers().get(header::LOCATION);
        let location = location
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = Limited::new(answer.into_body(), BODY_MAX_BYTES)
            .collect()
            .await;
        let body = body.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
        drop(sender);
        anyhow::Ok((status, location, body))
    };
    let (answer, closed) = tokio::join!(exchange, connection);
    closed?;
    answer
}

fn list<'a>(manifest: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    manifest
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn digest_of(descriptor: &Value) -> Result<String> {
    let digest = descriptor.get("digest").and_then(Value::as_str);
    Ok(digest.context("a descriptor without a digest")?.to_owned())
}

/// `linux/amd64`; attestations have no platform that is one.
fn platform(descriptor: &Value) -> Option<String> {
    let platform = descriptor.get("platform")?;
    let part = |name| platform.get(name).and_then(Value::as_str);
    let (os, architecture) = (part("os")?, part("architecture")?);
    if os == "unknown" {
        return None;
    }
    let variant = part("variant")
        .map(|variant| format!("/{variant}"))
        .unwrap_or_default();
    Some(format!("{os}/{architecture}{variant}"))
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest
        .as_ref()
        .iter()
        .fold("sha256:".to_owned(), |mut text, byte| {
            // Writing to a string cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
}
