use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;

use super::*;
use crate::client::{
    Answer, basic, bearer, get, head, request, send, send_from, small_seed, try_send, with,
};
use crate::fault::{Effect, Fault};
use crate::{Face, Sandbox};

const ALPINE: &str = "library/alpine";
const PIPELINE: (&str, &str) = ("acme-pipeline", "docker-hub-token");

async fn start() -> Sandbox {
    Sandbox::start(small_seed()).await.unwrap()
}

fn manifest(sandbox: &Sandbox, reference: &str) -> String {
    format!("{}/v2/{ALPINE}/manifests/{reference}", sandbox.hub_url())
}

/// The address of a blob of alpine, and how long it is.
fn blob(sandbox: &Sandbox) -> (String, u64) {
    let hub = sandbox.hub();
    let image = hub.digest(ALPINE, "3.22").unwrap();
    let image = hub.manifest(ALPINE, &image).unwrap().1;
    let image: serde_json::Value = serde_json::from_slice(&image).unwrap();
    let layer = image["layers"][0]["digest"].as_str().unwrap();
    let size = image["layers"][0]["size"].as_u64().unwrap();
    let url = format!("{}/v2/{ALPINE}/blobs/{layer}", sandbox.hub_url());
    (url, size)
}

/// What an answer says about the budget: limit, what remains, and whose it is.
fn budget(answer: &Answer) -> [Option<&str>; 3] {
    let names = [
        "ratelimit-limit",
        "ratelimit-remaining",
        "docker-ratelimit-source",
    ];
    names.map(|name| answer.header(name))
}

#[tokio::test]
async fn without_a_token_the_answer_says_where_to_get_one() {
    let sandbox = start().await;
    let answer = send(get(&manifest(&sandbox, "3.22"))).await;
    assert_eq!(answer.refusal(), (401, "UNAUTHORIZED".to_owned()));
    let expected = format!(
        r#"Bearer realm="{}/token",service="registry.docker.io",scope="repository:{ALPINE}:pull""#,
        sandbox.url(Face::HubAuth)
    );
    assert_eq!(answer.header("www-authenticate"), Some(expected.as_str()));
    let token = send(get(&sandbox.hub_token_url(ALPINE))).await.json();
    assert_eq!(token["expires_in"], 300);
    assert_eq!(token["token"], token["access_token"]);
    let elsewhere = sandbox.hub_token_url(ALPINE).replace("docker.io", "other");
    assert_eq!(send(get(&elsewhere)).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_manifest_get_is_a_pull_and_nothing_else_is() {
    let sandbox = start().await;
    let token = sandbox.hub_token(ALPINE, None).await;
    let url = manifest(&sandbox, "3.22");
    let resolved = send(bearer(head(&url), &token)).await;
    assert_eq!(resolved.status, StatusCode::OK);
    assert!(resolved.body.is_empty());
    let full = [Some("100;w=21600"), Some("100;w=21600"), Some("127.0.0.1")];
    assert_eq!(budget(&resolved), full);
    let (layer, _) = blob(&sandbox);
    let tags = format!("{}/v2/{ALPINE}/tags/list", sandbox.hub_url());
    for free in [head(&layer), get(&layer), get(&tags)] {
        let answer = send(bearer(free, &token)).await;
        assert_eq!(budget(&answer), [None; 3]);
    }
    assert_eq!(sandbox.hub().pulls(), 0);
    let pulled = send(bearer(get(&url), &token)).await;
    assert_eq!(budget(&pulled)[1], Some("99;w=21600"));
    let digest = resolved.header("docker-content-digest").unwrap();
    let child = send(bearer(get(&manifest(&sandbox, digest)), &token)).await;
    assert_eq!(child.body, pulled.body);
    assert_eq!(budget(&child)[1], Some("98;w=21600"));
    let missing = send(bearer(get(&manifest(&sandbox, "none")), &token)).await;
    assert_eq!(missing.refusal(), (404, "MANIFEST_UNKNOWN".to_owned()));
    assert_eq!(
        budget(&missing)[1],
        Some("97;w=21600"),
        "a failed pull is one"
    );
    assert_eq!(sandbox.hub().pulls(), 3);
}

#[tokio::test]
async fn the_documented_probe_reads_the_budget_and_spends_none() {
    let sandbox = start().await;
    sandbox.hub().set_anonymous_remaining(76);
    let token = sandbox.hub_token("ratelimitpreview/test", None).await;
    let path = "/v2/ratelimitpreview/test/manifests/latest";
    let url = format!("{}{path}", sandbox.hub_url());
    for _ in 0..2 {
        let probe = send(bearer(head(&url), &token)).await;
        let expected = [Some("100;w=21600"), Some("76;w=21600"), Some("127.0.0.1")];
        assert_eq!(budget(&probe), expected);
    }
}

#[tokio::test]
async fn pulls_are_counted_per_address_and_per_account() {
    let sandbox = start().await;
    sandbox.hub().add_user(HubUser {
        is_unlimited: true,
        ..HubUser::new("sponsored", "secret")
    });
    let url = manifest(&sandbox, "3.22");
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let there = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let anonymous = sandbox.hub_token(ALPINE, None).await;
    for (from, left) in [(here, "99"), (there, "99"), (there, "98")] {
        let pulled = send_from(from, bearer(get(&url), &anonymous))
            .await
            .unwrap();
        let (left, source) = (format!("{left};w=21600"), from.to_string());
        assert_eq!(budget(&pulled)[1..], [Some(&*left), Some(&*source)]);
    }
    let known = sandbox.hub_token(ALPINE, Some(PIPELINE)).await;
    for (from, left) in [(here, "199;w=21600"), (there, "198;w=21600")] {
        let pulled = send_from(from, bearer(get(&url), &known)).await.unwrap();
        assert_eq!(budget(&pulled)[..2], [Some("200;w=21600"), Some(left)]);
        let source = budget(&pulled)[2].unwrap();
        let groups: Vec<usize> = source.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{source} is the id of an account");
    }
    let unlimited = sandbox
        .hub_token(ALPINE, Some(("sponsored", "secret")))
        .await;
    let pulled = send(bearer(get(&url), &unlimited)).await;
    assert_eq!(budget(&pulled), [None; 3]);
    let of = |user: &str| sandbox.hub().pulls_of(&Source::User(user.to_owned()));
    assert_eq!((of(PIPELINE.0), of("sponsored")), (2, 1));
    assert_eq!(sandbox.hub().pulls_of(&Source::Address(there)), 2);
}

#[tokio::test]
async fn an_exhausted_budget_refuses_pulls_until_its_window_ends() {
    let sandbox = start().await;
    sandbox.hub().set_anonymous_remaining(1);
    let url = manifest(&sandbox, "3.22");
    let token = sandbox.hub_token(ALPINE, None).await;
    assert_eq!(send(bearer(get(&url), &token)).await.status, StatusCode::OK);
    let refused = send(bearer(get(&url), &token)).await;
    assert_eq!(refused.refusal(), (429, "toomanyrequests".to_owned()));
    let text = "You have reached your pull rate limit.";
    assert!(refused.message().starts_with(text), "{}", refused.message());
    let empty = [Some("100;w=21600"), Some("0;w=21600"), Some("127.0.0.1")];
    assert_eq!(budget(&refused), empty);
    assert_eq!(refused.header("retry-after"), None);
    let resolved = send(bearer(head(&url), &token)).await;
    assert_eq!(resolved.status, StatusCode::OK, "HEAD stays free");
    assert_eq!(sandbox.hub().pulls(), 1, "a refused pull is not counted");
    sandbox.clock().advance(Duration::from_secs(21_600));
    let token = sandbox.hub_token(ALPINE, None).await;
    let pulled = send(bearer(get(&url), &token)).await;
    assert_eq!(budget(&pulled)[1], Some("99;w=21600"));
}

#[tokio::test]
async fn the_limit_on_abuse_is_plain_text_and_counts_every_request() {
    let sandbox = start().await;
    sandbox.hub().set_limits(Limits {
        requests_per_minute: Some(2),
        ..Limits::default()
    });
    let token = sandbox.hub_token(ALPINE, None).await;
    let (layer, _) = blob(&sandbox);
    for _ in 0..2 {
        let answer = send(bearer(head(&layer), &token)).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let refused = send(bearer(head(&layer), &token)).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let refused = send(bearer(get(&manifest(&sandbox, "3.22")), &token)).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.text(), "Too Many Requests (HAP429)\n");
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(
        budget(&refused),
        [None; 3],
        "told apart from the pull limit"
    );
    assert_eq!(sandbox.hub().pulls(), 0);
    sandbox.clock().advance(Duration::from_secs(60));
    let answer = send(bearer(head(&layer), &token)).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_missing_repository_and_a_private_one_look_the_same_to_others() {
    let sandbox = start().await;
    for name in ["acme/app", "acme/none"] {
        let token = sandbox.hub_token(name, None).await;
        let url = format!("{}/v2/{name}/manifests/1.0", sandbox.hub_url());
        let refused = send(bearer(get(&url), &token)).await;
        assert_eq!(refused.refusal(), (401, "UNAUTHORIZED".to_owned()));
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(challenge.ends_with(r#"error="insufficient_scope""#));
    }
    let token = sandbox.hub_token("acme/app", Some(PIPELINE)).await;
    let url = format!("{}/v2/acme/app/manifests/1.0", sandbox.hub_url());
    assert_eq!(send(bearer(get(&url), &token)).await.status, StatusCode::OK);
    let wrong = basic(get(&sandbox.hub_token_url("acme/app")), PIPELINE.0, "guess");
    assert_eq!(send(wrong).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_lasts_five_minutes_or_until_a_fault_ends_it() {
    let sandbox = start().await;
    let url = manifest(&sandbox, "3.22");
    let token = sandbox.hub_token(ALPINE, None).await;
    let fault = Fault::on(Face::Hub, Effect::ExpireToken);
    sandbox.faults().add(fault.path("/manifests/"));
    let statuses = [
        send(bearer(head(&url), &token)).await,
        send(bearer(head(&url), &token)).await,
    ];
    assert_eq!(statuses.map(|answer| answer.status.as_u16()), [401, 200]);
    sandbox.clock().advance(Duration::from_secs(300));
    let expired = send(bearer(head(&url), &token)).await;
    let challenge = expired.header("www-authenticate").unwrap();
    assert!(
        challenge.ends_with(r#"error="invalid_token""#),
        "{challenge}"
    );
}

#[tokio::test]
async fn a_refresh_token_stands_for_its_user() {
    let sandbox = start().await;
    let url = format!("{}/token", sandbox.url(Face::HubAuth));
    let form = |fields: &str| {
        let fields = format!("service=registry.docker.io&client_id=test&{fields}");
        let kind = "application/x-www-form-urlencoded";
        with(request(Method::POST, &url, fields), "content-type", kind)
    };
    let login = "grant_type=password&access_type=offline&username=acme-pipeline";
    let login = form(&format!("{login}&password=docker-hub-token"));
    let answer = send(login).await.json();
    let refresh = answer["refresh_token"].as_str().unwrap();
    let scope = "scope=repository:acme/app:pull";
    let renewal = form(&format!(
        "grant_type=refresh_token&refresh_token={refresh}&{scope}"
    ));
    let token = send(renewal).await.json();
    let app = format!("{}/v2/acme/app/manifests/1.0", sandbox.hub_url());
    let token = token["access_token"].as_str().unwrap();
    assert_eq!(send(bearer(head(&app), token)).await.status, StatusCode::OK);
    let forged = form("grant_type=refresh_token&refresh_token=forged");
    assert_eq!(send(forged).await.status, StatusCode::UNAUTHORIZED);
    let missing = form("scope=repository:acme/app:pull");
    assert_eq!(send(missing).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn blobs_are_elsewhere_and_an_address_is_good_for_itself_and_for_a_while() {
    let sandbox = start().await;
    let token = sandbox.hub_token(ALPINE, None).await;
    let (layer, size) = blob(&sandbox);
    let redirect = send(bearer(get(&layer), &token)).await;
    assert_eq!(redirect.status, StatusCode::TEMPORARY_REDIRECT);
    let address = redirect.header("location").unwrap().to_owned();
    assert!(address.starts_with(&sandbox.url(Face::HubCdn)), "{address}");
    let whole = send(get(&address)).await;
    assert_eq!(whole.body.len() as u64, size);
    let digest = layer.rsplit('/').next().unwrap();
    assert_eq!(crate::Digest::of(&whole.body).as_str(), digest);
    let rest = send(with(get(&address), "range", "bytes=100-")).await;
    assert_eq!(rest.status, StatusCode::PARTIAL_CONTENT);
    let range = format!("bytes 100-{}/{size}", size - 1);
    assert_eq!(rest.header("content-range"), Some(range.as_str()));
    assert_eq!(rest.body, whole.body.slice(100..));
    let beyond = send(with(get(&address), "range", &format!("bytes={size}-"))).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    let changed = format!("{address}x");
    assert_eq!(send(get(&changed)).await.status, StatusCode::FORBIDDEN);
    let fault = Fault::on(Face::HubCdn, Effect::ExpireToken);
    sandbox.faults().add(fault);
    assert_eq!(send(get(&address)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(send(get(&address)).await.status, StatusCode::OK);
    sandbox.clock().advance(Duration::from_secs(1200));
    assert_eq!(send(get(&address)).await.status, StatusCode::FORBIDDEN);
    assert!(sandbox.journal().violations().is_empty());
}

#[tokio::test]
async fn credentials_that_reach_the_object_storage_are_a_violation() {
    let sandbox = start().await;
    let token = sandbox.hub_token(ALPINE, None).await;
    let redirect = send(bearer(get(&blob(&sandbox).0), &token)).await;
    let address = redirect.header("location").unwrap();
    let refused = send(bearer(get(address), &token)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.text(), "Only one auth mechanism allowed");
    let violations = sandbox.journal().violations();
    assert_eq!(violations.len(), 1);
    assert!(
        violations[0].contains("was asked for with credentials"),
        "{}",
        violations[0]
    );
    assert!(!violations[0].contains(&token));
}

#[tokio::test]
async fn nobody_pushes_to_a_source() {
    let sandbox = start().await;
    let token = sandbox.hub_token("acme/app", Some(PIPELINE)).await;
    let base = format!("{}/v2/acme/app", sandbox.hub_url());
    for (method, path) in [
        (Method::PUT, "manifests/1.0"),
        (Method::POST, "blobs/uploads/"),
        (Method::DELETE, "manifests/1.0"),
    ] {
        let push = request(method, &format!("{base}/{path}"), "{}");
        let refused = send(bearer(push, &token)).await;
        assert_eq!(refused.refusal(), (405, "UNSUPPORTED".to_owned()), "{path}");
    }
    let nowhere = try_send(get(&format!("{}/v1/search", sandbox.hub_url()))).await;
    assert_eq!(nowhere.unwrap().status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_other_registry_gives_everything_to_everybody() {
    let sandbox = start().await;
    let base = format!("{}/v2/acme/tool", sandbox.generic_url());
    let pulled = send(get(&format!("{base}/manifests/2.1"))).await;
    assert_eq!(pulled.status, StatusCode::OK);
    assert_eq!(budget(&pulled), [None; 3]);
    let digest = pulled.header("docker-content-digest").unwrap();
    let referrers = send(get(&format!("{base}/referrers/{digest}"))).await;
    assert_eq!(referrers.json()["manifests"], json!([]));
    let tags = send(get(&format!("{base}/tags/list"))).await;
    assert_eq!(tags.json()["tags"], json!(["2.1"]));
    let none = send(get(&format!(
        "{}/v2/no/ne/tags/list",
        sandbox.generic_url()
    )))
    .await;
    assert_eq!(none.refusal(), (404, "NAME_UNKNOWN".to_owned()));
}
