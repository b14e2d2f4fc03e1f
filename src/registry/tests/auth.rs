use std::time::Duration;

use super::*;
use crate::content::{Destination as _, Source};
use crate::net::transport::TransportErrorKind;
use crate::registry::{Action, Fault};

const REALM: &str = "https://auth.example/token";

fn challenge(scope: &str) -> Reply {
    Reply::status(401).header(
        "www-authenticate",
        format!(r#"Bearer realm="{REALM}",service="registry.example",scope="{scope}""#),
    )
}

fn token(text: &str) -> Reply {
    Reply::status(200).body(format!(r#"{{"token":"{text}","expires_in":300}}"#))
}

fn is_token_request(seen: &Seen) -> bool {
    seen.url.host_str() == Some("auth.example")
}

/// A registry that wants a token and answers HEAD to those who have one.
fn guarded(seen: &Seen, scope: &str) -> Reply {
    match seen.header("authorization") {
        Some("Bearer t1") => manifest_reply(),
        _ => challenge(scope),
    }
}

async fn resolve(registry: &Registry) -> Result<Descriptor, content::Error> {
    Source::resolve(registry, &Context::new(), &tag("v1")).await
}

#[tokio::test]
async fn the_first_challenge_is_answered_and_later_requests_come_with_a_token() {
    let memory = Memory::new(|seen| {
        if is_token_request(seen) {
            assert_eq!(seen.header("authorization"), None);
            return token("t1");
        }
        guarded(seen, "repository:team/app:pull")
    });
    let registry = registry(&memory, Login::anonymous());
    assert_eq!(resolve(&registry).await.unwrap().digest, manifest_digest());
    resolve(&registry).await.unwrap();
    assert_eq!(
        memory.lines(),
        [
            format!("HEAD {BASE}/manifests/v1"),
            format!("GET {REALM}?service=registry.example&scope=repository%3Ateam%2Fapp%3Apull"),
            format!("HEAD {BASE}/manifests/v1"),
            format!("HEAD {BASE}/manifests/v1"),
        ]
    );
}

#[tokio::test]
async fn a_password_goes_to_the_token_service_and_never_to_the_registry() {
    let memory = Memory::new(|seen| {
        if is_token_request(seen) {
            assert_eq!(seen.header("authorization"), Some("Basic YWRhOmh1bnRlcjI="));
            return token("t1");
        }
        assert!(!seen.header("authorization").unwrap_or("").contains("Basic"));
        guarded(seen, "repository:team/app:pull")
    });
    let login = Login::new(vec![Login::basic("ada", "hunter2")]);
    resolve(&registry(&memory, login)).await.unwrap();
    assert_eq!(memory.log().len(), 3);
}

#[tokio::test]
async fn an_identity_token_is_posted_and_falls_back_to_get() {
    for refusal in [200, 400, 401, 404, 405] {
        let memory = Memory::new(move |seen| {
            if !is_token_request(seen) {
                return guarded(seen, "repository:team/app:pull");
            }
            if seen.method == "GET" {
                // base64 of `:refresh`
                assert_eq!(seen.header("authorization"), Some("Basic OnJlZnJlc2g="));
                return token("t1");
            }
            assert_eq!(
                seen.body,
                "grant_type=refresh_token&service=registry.example&\
                 client_id=terraform-provider-ecrpublic&scope=repository%3Ateam%2Fapp%3Apull&\
                 refresh_token=refresh"
            );
            assert_eq!(seen.url.query(), None);
            match refusal {
                200 => Reply::status(200).body(r#"{"access_token":"t1"}"#),
                status => Reply::status(status),
            }
        });
        let login = Login::new(vec![Credential::Identity(Secret::new(
            "refresh".to_owned(),
        ))]);
        resolve(&registry(&memory, login)).await.unwrap();
        let tokens = memory
            .log()
            .iter()
            .filter(|seen| is_token_request(seen))
            .count();
        assert_eq!(tokens, if refusal == 200 { 1 } else { 2 }, "{refusal}");
    }
}

#[tokio::test]
async fn equal_credentials_share_one_exchange_and_others_do_not() {
    let memory = Memory::new(|seen| {
        if is_token_request(seen) {
            return token("t1");
        }
        guarded(seen, "repository:team/app:pull")
    });
    let client = client(&memory);
    let endpoint = Endpoint::new("registry.example");
    let named = |user: &str| {
        handle(
            &client,
            &endpoint,
            Login::new(vec![Login::basic(user, "pw")]),
        )
    };
    let handles: Vec<Registry> = (0..20).map(|_| named("ada")).collect();
    let all = handles.iter().map(resolve);
    for resolved in futures_util::future::join_all(all).await {
        resolved.unwrap();
    }
    let tokens = || {
        memory
            .log()
            .iter()
            .filter(|seen| is_token_request(seen))
            .count()
    };
    assert_eq!(tokens(), 1);
    resolve(&named("bob")).await.unwrap();
    assert_eq!(tokens(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_at_four_fifths_of_its_life() {
    let memory = Memory::new(|seen| {
        if is_token_request(seen) {
            return token("t1");
        }
        guarded(seen, "repository:team/app:pull")
    });
    let registry = registry(&memory, Login::anonymous());
    let tokens = || {
        memory
            .log()
            .iter()
            .filter(|seen| is_token_request(seen))
            .count()
    };
    resolve(&registry).await.unwrap();
    tokio::time::advance(Duration::from_secs(239)).await;
    resolve(&registry).await.unwrap();
    assert_eq!(tokens(), 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    resolve(&registry).await.unwrap();
    assert_eq!(tokens(), 2);
    assert_eq!(memory.log().len(), 6, "nobody met a second challenge");
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once() {
    let mut tokens = 0;
    let mut heads = 0;
    let memory = Memory::new(move |seen| {
        if is_token_request(seen) {
            tokens += 1;
            return token(&format!("t{tokens}"));
        }
        heads += 1;
        match (heads, seen.header("authorization")) {
            (2, Some("Bearer t1")) | (4, Some("Bearer t2")) => manifest_reply(),
            (1 | 3, _) => challenge("repository:team/app:pull"),
            other => panic!("{other:?}"),
        }
    });
    let registry = registry(&memory, Login::anonymous());
    resolve(&registry).await.unwrap();
    resolve(&registry).await.unwrap();
    assert_eq!(memory.log().len(), 6);
}

#[tokio::test]
async fn a_repository_that_docker_hub_does_not_show_is_missing_or_private() {
    let memory = Memory::new(|seen| {
        if is_token_request(seen) {
            return token("t1");
        }
        Reply::status(401).header(
            "www-authenticate",
            format!(
                r#"Bearer realm="{REALM}",service="registry.example",scope="repository:team/app:pull",error="insufficient_scope""#
            ),
        )
    });
    let registry = registry(&memory, Login::anonymous());
    for requests in [3, 4] {
        let error = resolve(&registry).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Denied);
        assert!(matches!(facts(&error).fault(), Fault::MissingOrPrivate(_)));
        assert!(chain(&error).contains("does not exist or needs credentials"));
        // The second time the token is known: one request finds out.
        assert!(memory.log().len() <= requests + 2, "{:?}", memory.lines());
    }
}

#[tokio::test]
async fn the_scope_of_ecr_is_sent_back_as_it_is_and_known_before_an_upload() {
    let memory = Memory::new(|seen| {
        if is_token_request(seen) {
            assert!(seen.url.query().unwrap().ends_with("&scope=aws"));
            return token("t1");
        }
        match (seen.method.as_str(), seen.header("authorization")) {
            ("HEAD", Some("Bearer t1")) => manifest_reply(),
            ("POST", Some("Bearer t1")) => {
                Reply::status(202).header("location", "/v2/team/app/blobs/uploads/1")
            }
            ("PUT", Some("Bearer t1")) => Reply::status(201),
            ("HEAD", None) => challenge("aws"),
            _ => unexpected(seen),
        }
    });
    let registry = registry(&memory, Login::new(vec![Login::basic("AWS", "login")]));
    resolve(&registry).await.unwrap();
    let cx = Context::new();
    let upload = registry
        .begin_upload(&cx, &blob(b"abc"), None)
        .await
        .unwrap();
    upload.commit(&cx, chunks(&["abc"])).await.unwrap();
    assert_eq!(memory.log().len(), 5);
}

#[tokio::test]
async fn a_push_asks_for_push_before_it_sends_a_body() {
    let memory = Memory::new(|seen| {
        if is_token_request(seen) {
            let is_push = seen.url.query().unwrap().ends_with("pull%2Cpush");
            return token(if is_push { "push" } else { "pull" });
        }
        match (seen.method.as_str(), seen.header("authorization")) {
            ("HEAD", Some("Bearer pull")) => Reply::status(404),
            ("HEAD", None) => challenge("repository:team/app:pull"),
            ("POST", Some("Bearer push")) => Reply::status(202).header("location", "1?x=y"),
            ("PUT", Some("Bearer push")) => Reply::status(201),
            _ => unexpected(seen),
        }
    });
    let registry = registry(&memory, Login::new(vec![Login::basic("ada", "pw")]));
    let cx = Context::new();
    let found = registry.present_blobs(&cx, &[blob(b"abc")]).await.unwrap();
    assert!(found.is_empty());
    let upload = registry
        .begin_upload(&cx, &blob(b"abc"), None)
        .await
        .unwrap();
    upload.commit(&cx, chunks(&["abc"])).await.unwrap();
}

fn token_is_invalid() -> Reply {
    Reply::status(400)
        .body(r#"{"errors":[{"code":"DENIED","message":"Your Authorization Token is invalid."}]}"#)
}

#[tokio::test]
async fn a_400_of_ecr_without_a_challenge_renews_the_token_once() {
    let mut tokens = 0;
    let mut heads = 0;
    let memory = Memory::new(move |seen| {
        if is_token_request(seen) {
            tokens += 1;
            return token(&format!("t{tokens}"));
        }
        heads += 1;
        match (heads, seen.header("authorization")) {
            (1, None) => challenge("aws"),
            (2, Some("Bearer t1")) | (4, Some("Bearer t2")) => manifest_reply(),
            (3, Some("Bearer t1")) | (5, Some("Bearer t2")) | (6, Some("Bearer t3")) => {
                token_is_invalid()
            }
            other => panic!("{other:?}"),
        }
    });
    let registry = registry(&memory, Login::new(vec![Login::basic("AWS", "login")]));
    resolve(&registry).await.unwrap();
    resolve(&registry).await.unwrap();
    assert_eq!(kind(resolve(&registry).await), ErrorKind::Denied);
}

/// The answer to a HEAD has no body that could say what is wrong.
#[tokio::test]
async fn a_400_to_a_head_renews_the_token_once_although_it_says_nothing() {
    let mut tokens = 0;
    let mut heads = 0;
    let memory = Memory::new(move |seen| {
        if is_token_request(seen) {
            tokens += 1;
            return token(&format!("t{tokens}"));
        }
        heads += 1;
        match heads {
            1 => challenge("aws"),
            2 | 4 => manifest_reply(),
            _ => Reply::status(400),
        }
    });
    let registry = registry(&memory, Login::new(vec![Login::basic("AWS", "login")]));
    resolve(&registry).await.unwrap();
    resolve(&registry).await.unwrap();
    let shown = |number: usize| {
        memory.log()[number]
            .header("authorization")
            .map(str::to_owned)
    };
    assert_eq!(shown(3).as_deref(), Some("Bearer t1"));
    assert_eq!(shown(5).as_deref(), Some("Bearer t2"));
    let error = resolve(&registry).await.unwrap_err();
    assert!(facts(&error).is_login_refused());
    assert_eq!(memory.log().len(), 9);
}

#[tokio::test]
async fn an_expired_login_is_renewed_by_its_source() {
    let memory = Memory::new(|seen| {
        if !is_token_request(seen) {
            return guarded(seen, "aws");
        }
        match seen.header("authorization") {
            // base64 of `AWS:old` and `AWS:new`
            Some("Basic QVdTOm9sZA==") => Reply::status(403).body(
                r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}"#,
            ),
            Some("Basic QVdTOm5ldw==") => token("t1"),
            other => panic!("{other:?}"),
        }
    });
    let login = Login::new(vec![Login::basic("AWS", "old"), Login::basic("AWS", "new")]);
    resolve(&registry(&memory, Arc::clone(&login) as _))
        .await
        .unwrap();
    assert_eq!(login.refusals(), 1);
}

#[tokio::test]
async fn wrong_credentials_are_denied_after_one_question_to_their_source() {
    let memory = Memory::new(|seen| {
        if is_token_request(seen) {
            return Reply::status(401).body(r#"{"details":"incorrect username or password"}"#);
        }
        guarded(seen, "repository:team/app:pull")
    });
    let login = Login::new(vec![Login::basic("ada", "hunter2")]);
    let registry = registry(&memory, Arc::clone(&login) as _);
    let error = resolve(&registry).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Denied);
    assert_eq!(facts(&error).action(), Action::GetToken);
    assert_eq!(
        facts(&error).to_string(),
        "getting a token for `team/app` at `registry.example`: the answer was 401: incorrect \
         username or password"
    );
    assert_eq!((memory.log().len(), login.refusals()), (2, 1));
}

#[tokio::test]
async fn a_basic_challenge_is_answered_with_the_password() {
    let memory = Memory::new(|seen| match seen.header("authorization") {
        Some("Basic YWRhOnB3") => manifest_reply(),
        Some(other) => panic!("{other}"),
        None => Reply::status(401).header("www-authenticate", "Basic realm=\"x\""),
    });
    let named = registry(&memory, Login::new(vec![Login::basic("ada", "pw")]));
    resolve(&named).await.unwrap();
    resolve(&named).await.unwrap();
    assert_eq!(memory.log().len(), 3);

    let error = resolve(&registry(&memory, Login::anonymous()))
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Denied);
    assert!(matches!(facts(&error).fault(), Fault::CredentialsNeeded));
}

#[tokio::test]
async fn a_ready_bearer_token_is_shown_as_it_is() {
    let memory = Memory::new(|seen| {
        assert!(!is_token_request(seen));
        guarded(seen, "repository:team/app:pull")
    });
    let login = Login::new(vec![Credential::Bearer(Secret::new("t1".to_owned()))]);
    resolve(&registry(&memory, login)).await.unwrap();
    let login = Login::new(vec![Credential::Bearer(Secret::new("bad".to_owned()))]);
    let error = resolve(&registry(&memory, login)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_401_without_a_usable_challenge_is_final() {
    let (registry, memory) = open(|_| Reply::status(401).header("www-authenticate", "Negotiate"));
    let error = resolve(&registry).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Denied);
    assert!(matches!(facts(&error).fault(), Fault::NoUsableChallenge));
    assert_eq!(memory.log().len(), 1);
}

#[tokio::test]
async fn a_token_service_that_cannot_be_trusted_is_not_asked() {
    for realm in [
        "http://auth.example/token",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/token",
        "https://[::1]/token",
        "https://localhost/token",
        "https://10.0.0.1/token",
        "https://user:pw@auth.example/token",
        "ftp://auth.example/",
        "/token",
    ] {
        let (registry, memory) = open(move |_| {
            Reply::status(401).header("www-authenticate", format!(r#"Bearer realm="{realm}""#))
        });
        let error = resolve(&registry).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Protocol, "{realm}");
        assert!(
            matches!(facts(&error).fault(), Fault::Realm { .. }),
            "{realm}"
        );
        assert_eq!(memory.log().len(), 1, "{realm}");
    }
}

#[tokio::test]
async fn a_private_registry_cannot_name_the_metadata_of_the_machine_as_its_token_service() {
    let memory = Memory::new(|_| {
        let challenge = r#"Bearer realm="https://169.254.169.254/latest/meta-data""#;
        Reply::status(401).header("www-authenticate", challenge)
    });
    let endpoint = Endpoint::new("10.0.0.7:5000");
    let registry = handle(&client(&memory), &endpoint, Login::anonymous());
    let error = resolve(&registry).await.unwrap_err();
    assert!(matches!(facts(&error).fault(), Fault::Realm { .. }));
    assert_eq!(memory.log().len(), 1);
}

#[tokio::test]
async fn a_registry_on_this_machine_may_name_a_token_service_there() {
    let memory = Memory::new(
        |seen| match (seen.url.port(), seen.header("authorization")) {
            (Some(5000), Some("Bearer t1")) => manifest_reply(),
            (Some(5000), None) => Reply::status(401).header(
                "www-authenticate",
                r#"Bearer realm="http://127.0.0.1:5001/token""#,
            ),
            (Some(5001), None) => token("t1"),
            _ => unexpected(seen),
        },
    );
    let endpoint = Endpoint {
        plain_http: true,
        ..Endpoint::new("127.0.0.1:5000")
    };
    let registry = handle(&client(&memory), &endpoint, Login::anonymous());
    resolve(&registry).await.unwrap();
}

#[tokio::test]
async fn answers_of_a_token_service_are_bounded_and_checked() {
    let rows: [(fn() -> Reply, ErrorKind); 5] = [
        (
            || Reply::status(200).body("x".repeat(64 * 1024)).body("x"),
            ErrorKind::TooLarge { limit: 65_536 },
        ),
        (|| Reply::status(200).body("{}"), ErrorKind::Protocol),
        (|| Reply::status(200).body("<html>"), ErrorKind::Protocol),
        (
            || Reply::status(200).body(r#"{"token":"a\r\nHost: evil"}"#),
            ErrorKind::Protocol,
        ),
        (
            || Reply::status(302).header("location", "https://evil.example/"),
            ErrorKind::Protocol,
        ),
    ];
    for (reply, expected) in rows {
        let memory = Memory::new(move |seen| {
            if is_token_request(seen) {
                reply()
            } else {
                guarded(seen, "repository:team/app:pull")
            }
        });
        let registry = registry(&memory, Login::anonymous());
        assert_eq!(kind(resolve(&registry).await), expected);
        assert_eq!(memory.log().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_service_that_is_down_is_tried_again() {
    let mut tries = 0;
    let memory = Memory::new(move |seen| {
        if !is_token_request(seen) {
            return guarded(seen, "repository:team/app:pull");
        }
        tries += 1;
        match tries {
            1 => Reply::status(503),
            2 => Reply::Fail(TransportErrorKind::Closed),
            3 => Reply::Hang,
            _ => token("t1"),
        }
    });
    resolve(&registry(&memory, Login::anonymous()))
        .await
        .unwrap();
}

#[tokio::test]
async fn when_the_one_who_fetches_a_token_is_stopped_another_takes_over() {
    let (started, mut has_started) = tokio::sync::mpsc::unbounded_channel();
    let mut tries = 0;
    let memory = Memory::new(move |seen| {
        if !is_token_request(seen) {
            return guarded(seen, "repository:team/app:pull");
        }
        tries += 1;
        if tries > 1 {
            return token("t1");
        }
        started.send(()).unwrap();
        Reply::Hang
    });
    let registry = registry(&memory, Login::anonymous());
    let cx = Context::new();
    let version = tag("v1");
    let leader = Source::resolve(&registry, &cx, &version);
    let follower = async {
        has_started.recv().await.unwrap();
        let waiting = resolve(&registry);
        let cancel = async {
            tokio::task::yield_now().await;
            cx.cancel();
        };
        tokio::join!(waiting, cancel).0
    };
    let (stopped, resolved) = tokio::join!(leader, follower);
    assert!(matches!(kind(stopped), ErrorKind::Stopped(_)));
    resolved.unwrap();
}

#[tokio::test]
async fn a_source_of_credentials_that_fails_is_the_cause() {
    #[derive(Debug)]
    struct Broken;
    #[async_trait]
    impl CredentialSource for Broken {
        async fn credential(&self, _: &Context) -> Result<Credential, content::Error> {
            Err(content::Error::new(
                ErrorKind::Denied,
                "the role cannot be assumed",
            ))
        }
        async fn refused(&self) {}
    }
    let memory = Memory::new(|seen| guarded(seen, "aws"));
    let registry = client(&memory).repository(
        &Endpoint::new("registry.example"),
        Repository::new("registry.example", "team/app").unwrap(),
        Arc::new(Broken),
    );
    let error = resolve(&registry).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Denied);
    assert!(chain(&error).ends_with(
        "the credentials could not be obtained: access was denied: the role cannot be assumed"
    ));
}
