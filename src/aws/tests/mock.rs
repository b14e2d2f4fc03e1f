//! STS and ECR Public on loopback: small, scripted, and strict about what nobody scripted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::aws::{Aws, Config, Environment, Error, Hop};
use crate::net::Secret;
use crate::task::{self, Context};

/// A request that arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) action: String,
    /// Form parameters of STS.
    pub(super) form: BTreeMap<String, String>,
    /// Body of ECR Public.
    pub(super) json: Value,
    /// The access key it was signed with.
    pub(super) key: Option<String>,
    /// Region and service it was signed for.
    pub(super) scope: String,
    pub(super) user_agent: String,
    pub(super) headers: BTreeMap<String, String>,
}

impl Seen {
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.form.get(name).map(String::as_str)
    }

    fn contains(&self, needle: &str) -> bool {
        self.form.values().any(|value| value.contains(needle))
            || self.json.to_string().contains(needle)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Reply {
    status: u16,
    body: String,
}

impl Reply {
    pub(super) fn sts_error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error><RequestId>request-1</RequestId></ErrorResponse>"
        );
        Self { status, body }
    }

    pub(super) fn ecr_error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"__type": code, "message": message}).to_string();
        Self { status, body }
    }

    pub(super) fn raw(body: &str) -> Self {
        let body = body.to_owned();
        Self { status: 200, body }
    }

    pub(super) fn page(status: u16) -> Self {
        let body = "<html>Bad Gateway</html>".to_owned();
        Self { status, body }
    }

    pub(super) fn json(body: Value) -> Self {
        Self::status(200, body)
    }

    pub(super) fn status(status: u16, body: Value) -> Self {
        let body = body.to_string();
        Self { status, body }
    }

    fn sts(action: &str, result: &str) -> Self {
        let body = format!(
            "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        );
        Self { status: 200, body }
    }

    /// Credentials of a role. The key says which account it is of.
    pub(super) fn role(seen: &Seen, lasts: Duration) -> Self {
        let arn = seen.param("RoleArn").unwrap();
        let account = arn.split(':').nth(4).unwrap();
        let role = arn.rsplit('/').next().unwrap();
        let name = seen.param("RoleSessionName").unwrap();
        let expiration = DateTime::from(task::wall() + lasts)
            .fmt(Format::DateTime)
            .unwrap();
        let serial = fastrand::u32(..);
        let result = format!(
            "<Credentials><AccessKeyId>ASIA{account}{serial:08X}</AccessKeyId>\
             <SecretAccessKey>role-secret</SecretAccessKey><SessionToken>session</SessionToken>\
             <Expiration>{expiration}</Expiration></Credentials><AssumedRoleUser>\
             <Arn>arn:aws:sts::{account}:assumed-role/{role}/{name}</Arn>\
             <AssumedRoleId>AROA:{name}</AssumedRoleId></AssumedRoleUser>"
        );
        Self::sts(&seen.action, &result)
    }
}

#[derive(Debug)]
struct Script {
    action: String,
    needle: String,
    reply: Reply,
    times: usize,
}

#[derive(Debug, Default)]
struct State {
    seen: Mutex<Vec<Seen>>,
    scripts: Mutex<Vec<Script>>,
    session: Mutex<Option<Duration>>,
}

/// Both services behind one address.
#[derive(Debug)]
pub(super) struct Mock {
    pub(super) url: String,
    state: Arc<State>,
    _server: JoinSet<()>,
}

impl Mock {
    pub(super) async fn start() -> Self {
        Self::listen(None).await
    }

    /// With a certificate for `localhost` and `sts.example`, which is returned as PEM.
    pub(super) async fn start_tls() -> (Self, String) {
        let names = ["localhost".to_owned(), "sts.example".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        (Self::listen(Some(tls)).await, made.cert.pem())
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = match tls {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        };
        let state = Arc::<State>::default();
        let mut server = JoinSet::new();
        let shared = Arc::clone(&state);
        server.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = Arc::clone(&shared);
                match tls.clone() {
                    Some(tls) => connections.spawn(async move {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, state).await;
                        }
                    }),
                    None => connections.spawn(serve(stream, state)),
                };
            }
        });
        Self {
            url,
            state,
            _server: server,
        }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> std::net::SocketAddr {
        let port = self.url.rsplit(':').next().unwrap().parse().unwrap();
        ([127, 0, 0, 1], port).into()
    }

    /// The next `times` requests for an action that mention `needle` get this answer.
    pub(super) fn script(&self, action: &str, needle: &str, times: usize, reply: Reply) {
        self.state.scripts.lock().unwrap().push(Script {
            action: action.to_owned(),
            needle: needle.to_owned(),
            reply,
            times,
        });
    }

    /// How long roles last; an hour unless set.
    pub(super) fn sessions_last(&self, duration: Duration) {
        *self.state.session.lock().unwrap() = Some(duration);
    }

    pub(super) fn seen(&self, action: &str) -> Vec<Seen> {
        let seen = self.state.seen.lock().unwrap();
        seen.iter()
            .filter(|seen| seen.action == action)
            .cloned()
            .collect()
    }

    pub(super) fn count(&self, action: &str) -> usize {
        self.seen(action).len()
    }

    /// Static keys of account 111111111111, both services here, one attempt, no environment.
    pub(super) fn config(&self) -> Config {
        Config {
            access_key: Some(BASE_KEY.to_owned()),
            secret_key: Some(Secret::new("base-secret".to_owned())),
            ..self.keyless()
        }
    }

    /// Without keys.
    pub(super) fn keyless(&self) -> Config {
        Config {
            sts_endpoint: Some(self.url.clone()),
            ecrpublic_endpoint: Some(self.url.clone()),
            max_retries: Some(1),
            skip_metadata: Some(true),
            environment: Environment::of(&[]),
            ..Config::default()
        }
    }
}

pub(super) const BASE_KEY: &str = "AKIA111111111111BASE";

pub(super) async fn connect(config: Config) -> Result<Aws, Error> {
    Aws::connect(&Context::new(), config).await
}

pub(super) fn hop(arn: &str) -> Hop {
    Hop::to(arn.parse().unwrap())
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = read(&mut stream).await {
        let reply = answer(&seen, &state);
        state.seen.lock().unwrap().push(seen);
        let head = format!(
            "HTTP/1.1 {} .\r\ncontent-length: {}\r\n\
             x-amzn-requestid: request-1\r\nx-aws-ec2-metadata-token-ttl-seconds: 600\r\n\r\n",
            reply.status,
            reply.body.len()
        );
        if stream
            .write_all((head + &reply.body).as_bytes())
            .await
            .is_err()
        {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<Seen> {
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let operation = line.rsplit_once(' ').unwrap_or_default().0.to_owned();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(understand(operation, &headers, &body))
}

/// Only AWS APIs have actions; elsewhere the method and the path say what is wanted.
fn understand(operation: String, headers: &BTreeMap<String, String>, body: &[u8]) -> Seen {
    let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let credential = header("authorization");
    let credential = credential.split("Credential=").nth(1).unwrap_or_default();
    let (key, scope) = credential.split_once('/').unwrap_or_default();
    let target = header("x-amz-target");
    let form: BTreeMap<String, String> = if target.is_empty() {
        url::form_urlencoded::parse(body).into_owned().collect()
    } else {
        BTreeMap::new()
    };
    let action = target.split('.').nth(1).map(str::to_owned);
    Seen {
        action: action
            .or_else(|| form.get("Action").cloned())
            .unwrap_or(operation),
        json: serde_json::from_slice(body).unwrap_or_default(),
        form,
        key: (!key.is_empty()).then(|| key.to_owned()),
        scope: scope
            .split('/')
            .skip(1)
            .take(2)
            .collect::<Vec<_>>()
            .join("/"),
        user_agent: header("user-agent"),
        headers: headers.clone(),
    }
}

fn answer(seen: &Seen, state: &State) -> Reply {
    let mut scripts = state.scripts.lock().unwrap();
    let script = scripts.iter_mut().find(|script| {
        let is_meant = script.needle.is_empty() || seen.contains(&script.needle);
        script.times > 0 && script.action == seen.action && is_meant
    });
    if let Some(script) = script {
        script.times -= 1;
        return script.reply.clone();
    }
    let lasts = state
        .session
        .lock()
        .unwrap()
        .unwrap_or(Duration::from_secs(3600));
    match seen.action.as_str() {
        "AssumeRole" | "AssumeRoleWithWebIdentity" => Reply::role(seen, lasts),
        "GetCallerIdentity" => {
            let account = &seen.key.as_deref().unwrap()[4..16];
            Reply::sts(
                "GetCallerIdentity",
                &format!(
                    "<Arn>arn:aws:iam::{account}:user/me</Arn><Account>{account}</Account><UserId>U</UserId>"
                ),
            )
        }
        "GetAuthorizationToken" => login("AWS:password", Duration::from_secs(12 * 3600)),
        other => Reply::ecr_error(418, "NotScripted", other),
    }
}

/// An answer to `GetAuthorizationToken`.
pub(super) fn login(token: &str, lasts: Duration) -> Reply {
    use base64::Engine;
    let token = base64::engine::general_purpose::STANDARD.encode(token);
    let end = task::wall() + lasts;
    let end = end.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    Reply::json(json!({"authorizationData": {"authorizationToken": token, "expiresAt": end}}))
}
