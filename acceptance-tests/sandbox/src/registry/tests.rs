//! The registry face over the wire: who may, and what is read. Pushing is in [`pushing`].

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::accounts::{AccountSeed, UserSeed};
use crate::client::{basic, bearer, get, head, request, send, with};
use crate::digest::Digest;
use crate::exchange::Body;
use crate::fault::{Effect, Fault};
use crate::policy::PolicyDocument;
use crate::store::{NewRepository, OCI_INDEX, OCI_MANIFEST, PART_BYTES_MIN};
use crate::{Face, Sandbox, Seed};

mod pushing;

const ACCOUNT: &str = "222222222222";
const REPOSITORY: &str = "team/app";
const OWNER: &str = "AKIAOWNER00000000000";
const NOBODY: &str = "AKIANOBODY0000000000";

/// A sandbox with the empty repository `team/app` at the alias `acme`.
struct Registry {
    sandbox: Sandbox,
    token: String,
}

impl Registry {
    async fn start() -> Self {
        let may_all = UserSeed::new("owner", OWNER, "owner-secret");
        let account = AccountSeed::new(ACCOUNT)
            .unwrap()
            .alias("acme")
            .user(may_all.policy(PolicyDocument::administrator()))
            .user(UserSeed::new("nobody", NOBODY, "nobody-secret"));
        let other = AccountSeed::new("333333333333").unwrap().alias("others");
        let seed = Seed {
            accounts: vec![account, other],
            ..Seed::default()
        };
        let sandbox = Sandbox::start(seed).await.unwrap();
        let store = sandbox.store();
        for (account, name) in [
            (ACCOUNT, REPOSITORY),
            (ACCOUNT, "team/other"),
            ("333333333333", "theirs"),
        ] {
            let account = account.parse().unwrap();
            store
                .create_repository(&account, name, NewRepository::default())
                .unwrap();
        }
        let token = login(&sandbox, OWNER);
        Self { sandbox, token }
    }

    fn url(&self, rest: &str) -> String {
        format!(
            "{}/v2/acme/{REPOSITORY}/{rest}",
            self.sandbox.registry_url()
        )
    }

    /// The same request from the owner.
    fn own(&self, request: http::Request<Body>) -> http::Request<Body> {
        bearer(request, &self.token)
    }

    /// Pushes a blob in one piece and returns its digest.
    async fn push(&self, bytes: &[u8]) -> String {
        let digest = Digest::of(bytes).to_string();
        let upload = self.open().await;
        let close = format!("{upload}?digest={digest}");
        let closed = send(self.own(request(Method::PUT, &close, bytes.to_vec()))).await;
        assert_eq!(closed.status, StatusCode::CREATED, "{}", closed.text());
        digest
    }

    /// Opens an upload and returns its address.
    async fn open(&self) -> String {
        let post = request(Method::POST, &self.url("blobs/uploads/"), "");
        let opened = send(self.own(post)).await;
        assert_eq!(opened.status, StatusCode::ACCEPTED);
        opened.header("location").unwrap().to_owned()
    }

    /// Pushes an image of one layer under a tag and returns its manifest.
    async fn image(&self, tag: &str) -> String {
        let manifest = image_of(&self.push(b"{}").await, &self.push(tag.as_bytes()).await);
        let put = self.put_manifest(tag, OCI_MANIFEST, manifest.clone()).await;
        assert_eq!(put.status, StatusCode::CREATED, "{}", put.text());
        manifest
    }

    async fn put_manifest(
        &self,
        reference: &str,
        media_type: &str,
        manifest: String,
    ) -> crate::client::Answer {
        let url = self.url(&format!("manifests/{reference}"));
        let put = request(Method::PUT, &url, manifest);
        send(self.own(with(put, "content-type", media_type))).await
    }
}

/// A login of a user, as `GetAuthorizationToken` returns it.
fn login(sandbox: &Sandbox, key: &str) -> String {
    let identity = sandbox.accounts().key(key).unwrap().identity;
    let login = sandbox.accounts().issue_login(&identity);
    login.authorization_token()
}

fn image_of(config: &str, layer: &str) -> String {
    let gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": config },
        "layers": [{ "mediaType": gzip, "size": 2, "digest": layer }],
    })
    .to_string()
}

fn token_url(sandbox: &Sandbox) -> String {
    let query = "service=public.ecr.aws&scope=aws";
    format!("{}/token/?{query}", sandbox.registry_url())
}

#[tokio::test]
async fn nothing_is_read_without_a_token_and_public_images_with_an_anonymous_one() {
    let registry = Registry::start().await;
    registry.image("v1").await;
    let url = registry.url("manifests/v1");
    let refused = send(get(&url)).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let expected = format!(
        r#"Bearer realm="{}/token/",service="public.ecr.aws",scope="aws""#,
        registry.sandbox.registry_url()
    );
    assert_eq!(refused.header("www-authenticate"), Some(expected.as_str()));
    let answer = send(get(&token_url(&registry.sandbox))).await.json();
    assert_eq!(answer.get("expires_in"), None);
    let token = answer["token"].as_str().unwrap();
    let read = send(bearer(get(&url), token)).await;
    assert_eq!(read.status, StatusCode::OK);
    let post = request(Method::POST, &registry.url("blobs/uploads/"), "");
    let refused = send(bearer(post, token)).await;
    assert_eq!(refused.refusal(), (403, "DENIED".to_owned()));
}

#[tokio::test]
async fn a_login_is_a_token_itself_and_can_be_exchanged_for_one() {
    let registry = Registry::start().await;
    let base = format!("{}/v2/", registry.sandbox.registry_url());
    let direct = send(registry.own(get(&base))).await;
    assert_eq!(direct.status, StatusCode::OK);
    let exchange = with(
        get(&token_url(&registry.sandbox)),
        "authorization",
        &format!("Basic {}", registry.token),
    );
    let token = send(exchange).await.json()["token"].clone();
    let token = token.as_str().unwrap();
    let post = request(Method::POST, &registry.url("blobs/uploads/"), "");
    let opened = send(bearer(post, token)).await;
    assert_eq!(opened.status, StatusCode::ACCEPTED);
    registry.sandbox.clock().advance(Duration::from_secs(3600));
    let expired = send(bearer(get(&base), token)).await;
    assert_eq!(expired.refusal(), (400, "DENIED".to_owned()));
    let still = send(registry.own(get(&base))).await;
    assert_eq!(still.status, StatusCode::OK, "a login lasts twelve hours");
}

#[tokio::test]
async fn a_bad_token_is_a_bad_request_without_a_challenge() {
    let registry = Registry::start().await;
    let base = format!("{}/v2/", registry.sandbox.registry_url());
    let url = registry.url("manifests/v1");
    let fault = Fault::on(Face::Registry, Effect::ExpireToken).path("/manifests/");
    registry.sandbox.faults().add(fault);
    for refused in [
        send(bearer(get(&base), "forged")).await,
        send(registry.own(get(&url))).await,
    ] {
        assert_eq!(refused.refusal(), (400, "DENIED".to_owned()));
        assert_eq!(refused.message(), "Your Authorization Token is invalid.");
        assert_eq!(refused.header("www-authenticate"), None);
    }
    let password = basic(get(&base), "AWS", "password");
    assert_eq!(send(password).await.refusal(), (403, "DENIED".to_owned()));
    let exchange = |password: &str| basic(get(&token_url(&registry.sandbox)), "AWS", password);
    let unknown = send(exchange("guessed")).await;
    assert_eq!(unknown.refusal(), (400, "DENIED".to_owned()));
}

#[tokio::test]
async fn an_expired_login_is_denied_at_the_exchange() {
    let registry = Registry::start().await;
    let basic = format!("Basic {}", registry.token);
    let exchange = || with(get(&token_url(&registry.sandbox)), "authorization", &basic);
    let fault = Fault::on(Face::Registry, Effect::ExpireToken).path("/token");
    registry.sandbox.faults().add(fault);
    let struck = send(exchange()).await;
    assert_eq!(send(exchange()).await.status, StatusCode::OK);
    registry
        .sandbox
        .clock()
        .advance(Duration::from_secs(12 * 3600));
    let expired = send(exchange()).await;
    for refused in [struck, expired] {
        assert_eq!(refused.refusal(), (403, "DENIED".to_owned()));
        assert!(
            refused.message().contains("expired"),
            "{}",
            refused.message()
        );
    }
    let base = format!("{}/v2/", registry.sandbox.registry_url());
    let bearer = send(registry.own(get(&base))).await;
    assert_eq!(bearer.refusal(), (400, "DENIED".to_owned()));
}

#[tokio::test]
async fn pushing_needs_the_permission_of_the_operation_and_an_alias_of_the_account() {
    let registry = Registry::start().await;
    let nobody = login(&registry.sandbox, NOBODY);
    let base = registry.sandbox.registry_url();
    let open = |path: &str, token: &str| {
        let url = format!("{base}/v2/{path}/blobs/uploads/");
        send(bearer(request(Method::POST, &url, ""), token))
    };
    let denied = open("acme/team/app", &nobody).await;
    assert_eq!(denied.refusal(), (403, "DENIED".to_owned()));
    assert!(
        denied.message().contains("ecr-public:InitiateLayerUpload"),
        "{}",
        denied.message()
    );
    let theirs = open("others/theirs", &registry.token).await;
    assert_eq!(theirs.refusal(), (403, "DENIED".to_owned()));
    for unknown in ["nobody/team/app", "acme/none", "acme"] {
        let refused = open(unknown, &registry.token).await;
        assert_eq!(
            refused.refusal(),
            (404, "NAME_UNKNOWN".to_owned()),
            "{unknown}"
        );
    }
    let by_default = registry
        .sandbox
        .accounts()
        .aliases(&ACCOUNT.parse().unwrap());
    for alias in by_default {
        let path = format!("{}/team/app", alias.name);
        let opened = open(&path, &registry.token).await;
        assert_eq!(opened.status, StatusCode::ACCEPTED, "{path}");
    }
}

#[tokio::test]
async fn the_digest_header_comes_with_head_only() {
    let registry = Registry::start().await;
    let manifest = registry.image("v1").await;
    let digest = Digest::of(manifest.as_bytes()).to_string();
    let accept = |request| with(request, "accept", OCI_MANIFEST);
    for reference in ["v1", &digest] {
        let url = registry.url(&format!("manifests/{reference}"));
        let resolved = send(registry.own(accept(head(&url)))).await;
        assert_eq!(resolved.header("docker-content-digest"), Some(&*digest));
        let read = send(registry.own(accept(get(&url)))).await;
        assert_eq!(read.header("docker-content-digest"), None);
        assert_eq!(read.header("content-type"), Some(OCI_MANIFEST));
        assert_eq!(read.text(), manifest);
    }
}

#[tokio::test]
async fn a_tag_is_converted_for_those_who_do_not_accept_what_is_stored() {
    let registry = Registry::start().await;
    let manifest = registry.image("v1").await;
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    let by_tag = registry.url("manifests/v1");
    for accept in [docker, "*/*"] {
        let converted = send(registry.own(with(get(&by_tag), "accept", accept))).await;
        assert_eq!(converted.header("content-type"), Some(docker));
        assert_ne!(converted.text(), manifest, "other bytes, another digest");
    }
    let url = registry.url(&format!("manifests/{}", Digest::of(manifest.as_bytes())));
    let kept = send(registry.own(with(get(&url), "accept", docker))).await;
    assert_eq!(kept.text(), manifest, "a digest names bytes");
    let list = registry.url("manifests/none");
    let missing = send(registry.own(get(&list))).await;
    assert_eq!(missing.refusal(), (404, "MANIFEST_UNKNOWN".to_owned()));
}

#[tokio::test]
async fn blobs_are_read_elsewhere_and_only_from_their_own_repository() {
    let registry = Registry::start().await;
    let digest = registry.push(b"layer").await;
    let url = registry.url(&format!("blobs/{digest}"));
    let found = send(registry.own(head(&url))).await;
    assert_eq!(found.header("content-length"), Some("5"));
    let redirect = send(registry.own(get(&url))).await;
    assert_eq!(redirect.status, StatusCode::TEMPORARY_REDIRECT);
    let address = redirect.header("location").unwrap();
    let storage = registry.sandbox.url(Face::RegistryCdn);
    assert!(address.starts_with(&storage), "{address}");
    assert_eq!(send(get(address)).await.text(), "layer");
    let elsewhere = url.replace("team/app", "team/other");
    let absent = send(registry.own(head(&elsewhere))).await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    let leaked = send(registry.own(get(address))).await;
    assert_eq!(leaked.status, StatusCode::BAD_REQUEST);
    assert_eq!(registry.sandbox.journal().violations().len(), 1);
}

#[tokio::test]
async fn tags_come_in_pages_of_at_most_a_thousand() {
    let registry = Registry::start().await;
    for tag in ["a", "b", "c"] {
        registry.image(tag).await;
    }
    let page = send(registry.own(get(&registry.url("tags/list?n=2")))).await;
    assert_eq!(page.json()["tags"], json!(["a", "b"]));
    let link = page.header("link").unwrap();
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    let rest = send(registry.own(get(next))).await;
    assert_eq!(rest.json()["tags"], json!(["c"]));
    assert_eq!(rest.header("link"), None);
    let many = send(registry.own(get(&registry.url("tags/list?n=1001")))).await;
    assert_eq!(many.refusal(), (405, "UNSUPPORTED".to_owned()));
    assert!(many.message().contains("maxResults"), "{}", many.message());
    let referrers = registry.url(&format!("referrers/{}", Digest::of(b"x")));
    let absent = send(registry.own(get(&referrers))).await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn pulls_and_pushes_above_the_quota_are_throttled_once_it_is_switched_on() {
    let registry = Registry::start().await;
    registry.image("v1").await;
    registry.sandbox.set_quotas(true);
    let url = registry.url("manifests/v1");
    let throttled = (429, "TOOMANYREQUESTS".to_owned());
    let answer = send(get(&token_url(&registry.sandbox))).await.json();
    let anonymous = answer["token"].as_str().unwrap();
    let first = send(bearer(get(&url), anonymous)).await;
    assert_eq!(first.status, StatusCode::OK);
    let second = send(bearer(get(&url), anonymous)).await;
    assert_eq!(second.refusal(), throttled);
    assert_eq!(second.message(), "Rate exceeded");
    for _ in 0..10 {
        assert_eq!(send(registry.own(get(&url))).await.status, StatusCode::OK);
        registry.open().await;
    }
    assert_eq!(send(registry.own(get(&url))).await.refusal(), throttled);
    let post = request(Method::POST, &registry.url("blobs/uploads/"), "");
    assert_eq!(send(registry.own(post)).await.refusal(), throttled);
    registry.sandbox.set_quotas(false);
    assert_eq!(send(registry.own(get(&url))).await.status, StatusCode::OK);
    let limits = Value::from(
        registry
            .sandbox
            .store()
            .open_uploads(&ACCOUNT.parse().unwrap(), REPOSITORY)
            .unwrap(),
    );
    assert_eq!(limits, 10, "a throttled request opens nothing");
}
