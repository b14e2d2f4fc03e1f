//! Where the first credentials come from.

use std::path::Path;

use super::home::{ALMOST_OVER, DEFAULT, Home, PROFILE, impatient, refused};
use super::mock::{connect, hop};
use crate::aws::error::{CredentialOrigin, HopOrigin, KeyMember, KeysOrigin, NamedBy};
use crate::aws::{Config, ErrorKind, WebIdentity, WebIdentityToken};
use crate::net::Secret;

/// Keys of two origins more, told apart by the account in them.
const STATIC: &str = "AKIA100000000001AAAA";
const ENVIRONMENT: &str = "AKIA100000000002AAAA";

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", ENVIRONMENT),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

#[tokio::test]
async fn keys_of_the_provider_block_come_first() {
    let home = Home::usual().await;
    let config = Config {
        access_key: Some(STATIC.to_owned()),
        secret_key: Some(Secret::new("s".to_owned())),
        profile: Some("named".to_owned()),
        ..home.config(&KEYS)
    };
    assert_eq!(home.key_of(config).await, STATIC);
}

#[tokio::test]
async fn the_profile_of_the_provider_block_beats_keys_of_the_environment() {
    let home = Home::usual().await;
    let config = Config {
        profile: Some("named".to_owned()),
        ..home.config(&KEYS)
    };
    assert_eq!(home.key_of(config).await, PROFILE);
}

#[tokio::test]
async fn keys_of_the_environment_beat_the_profile_of_the_environment() {
    let home = Home::usual().await;
    let config = home.config(&[KEYS[0], KEYS[1], ("AWS_PROFILE", "named")]);
    assert_eq!(home.key_of(config).await, ENVIRONMENT);
}

#[tokio::test]
async fn profiles_of_the_environment_beat_the_default_one() {
    let home = Home::usual().await;
    assert_eq!(
        home.key_of(home.config(&[("AWS_PROFILE", "named")])).await,
        PROFILE
    );
    assert_eq!(
        home.key_of(home.config(&[("AWS_DEFAULT_PROFILE", "named")]))
            .await,
        PROFILE
    );
    assert_eq!(home.key_of(home.config(&[])).await, DEFAULT);
}

#[tokio::test]
async fn a_web_identity_of_the_environment_beats_its_profile_and_its_file_is_read_anew() {
    let home = Home::usual().await;
    let file = home.path("token");
    std::fs::write(&file, "the-token\n").unwrap();
    let config = home.config(&[
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/ci"),
        ("AWS_ROLE_SESSION_NAME", "ci"),
        ("AWS_PROFILE", "named"),
    ]);
    connect(config).await.unwrap();
    let seen = &home.mock.seen("AssumeRoleWithWebIdentity")[0];
    assert_eq!(seen.param("WebIdentityToken"), Some("the-token"));
    assert_eq!(seen.param("RoleSessionName"), Some("ci"));
    assert_eq!(seen.param("DurationSeconds"), None);
    assert_eq!(seen.key, None, "the call is not signed");
}

#[tokio::test]
async fn a_web_identity_of_the_provider_block_beats_the_environment_and_starts_the_chain() {
    let home = Home::usual().await;
    let config = Config {
        web_identity: Some(WebIdentity {
            role_arn: "arn:aws:iam::222222222222:role/ci".parse().unwrap(),
            session_name: None,
            duration: Some(std::time::Duration::from_secs(7200)),
            policy: None,
            policy_arns: Default::default(),
            token: WebIdentityToken::Inline(Secret::new("inline-token".to_owned())),
        }),
        assume_role: vec![hop("arn:aws:iam::333333333333:role/hub")],
        ..home.config(&KEYS)
    };
    connect(config).await.unwrap();
    let seen = &home.mock.seen("AssumeRoleWithWebIdentity")[0];
    assert_eq!(seen.param("WebIdentityToken"), Some("inline-token"));
    assert_eq!(seen.param("DurationSeconds"), Some("7200"));
    assert!(
        seen.param("RoleSessionName")
            .unwrap()
            .starts_with("terraform-ecrpublic-")
    );
    let next = &home.mock.seen("AssumeRole")[0];
    assert!(next.key.as_deref().unwrap().starts_with("ASIA222222222222"));
}

#[tokio::test]
async fn a_missing_token_file_is_named() {
    let home = Home::usual().await;
    let error = refused(home.config(&[
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token"),
        ("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/ci"),
    ]))
    .await;
    let ErrorKind::WebIdentityTokenFile { path, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(path, Path::new("/nowhere/token"));
}

#[tokio::test]
async fn a_profile_that_is_named_and_missing_is_an_error_even_with_keys() {
    let home = Home::usual().await;
    let argument = Config {
        profile: Some("typo".to_owned()),
        ..home.config(&KEYS)
    };
    let variable = home.config(&[KEYS[0], KEYS[1], ("AWS_PROFILE", "typo")]);
    for (config, expected) in [
        (argument, NamedBy::Configuration),
        (variable, NamedBy::Environment("AWS_PROFILE")),
    ] {
        let error = refused(config).await;
        let ErrorKind::ProfileNotFound {
            profile,
            named_by,
            files,
        } = error.kind()
        else {
            panic!("{error:?}");
        };
        assert_eq!((profile.as_str(), named_by), ("typo", &expected));
        assert_eq!(
            *files,
            [home.path(".aws/config"), home.path(".aws/credentials")]
        );
    }
}

#[tokio::test]
async fn half_a_pair_of_keys_is_an_error_that_says_which_half() {
    let home = Home::with("[half]\naws_access_key_id = x\n", "").await;
    let secret_only = Config {
        secret_key: Some(Secret::new("s".to_owned())),
        ..home.config(&[])
    };
    let token_only = Config {
        token: Some(Secret::new("t".to_owned())),
        ..home.config(&[])
    };
    let half = KeysOrigin::Profile("half".to_owned());
    for (config, keys, key) in [
        (secret_only, KeysOrigin::Configuration, KeyMember::AccessKey),
        (token_only, KeysOrigin::Configuration, KeyMember::BothKeys),
        (
            home.config(&KEYS[..1]),
            KeysOrigin::Environment,
            KeyMember::SecretKey,
        ),
        (
            home.config(&KEYS[1..]),
            KeysOrigin::Environment,
            KeyMember::AccessKey,
        ),
        (
            home.config(&[("AWS_PROFILE", "half")]),
            half,
            KeyMember::SecretKey,
        ),
    ] {
        let error = refused(config).await;
        let ErrorKind::IncompleteKeys { origin, missing } = error.kind() else {
            panic!("{error:?}");
        };
        assert_eq!((origin, *missing), (&keys, key));
    }
}

#[tokio::test]
async fn without_any_source_everything_that_was_tried_is_listed() {
    let home = Home::with("", "").await;
    let error = refused(home.config(&[])).await;
    let ErrorKind::NoCredentials { tried } = error.kind() else {
        panic!("{error:?}");
    };
    let list: Vec<_> = tried.iter().map(|tried| tried.origin.to_string()).collect();
    assert_eq!(
        list,
        [
            "the keys of the environment",
            "the web identity",
            "profile `default`",
            "the container credentials",
            "the instance metadata service",
        ]
    );
}

#[tokio::test]
async fn nothing_is_asked_when_the_check_is_skipped() {
    let home = Home::with("", "").await;
    let config = Config {
        skip_credentials_validation: true,
        ..home.config(&[])
    };
    connect(config).await.unwrap();
}

#[tokio::test]
async fn roles_of_a_profile_are_assumed_at_our_endpoint_with_what_the_profile_says() {
    let config = "[profile top]\nrole_arn=arn:aws:iam::333333333333:role/top\n\
                  source_profile=middle\nduration_seconds=1200\nexternal_id=ext\n\
                  role_session_name=me\n\
                  [profile middle]\nrole_arn=arn:aws:iam::222222222222:role/middle\n\
                  source_profile=keys\n";
    let credentials = format!("[keys]\naws_access_key_id={PROFILE}\naws_secret_access_key=s\n");
    let home = Home::with(&credentials, config).await;
    connect(home.config(&[("AWS_PROFILE", "top")]))
        .await
        .unwrap();
    let seen = home.mock.seen("AssumeRole");
    assert_eq!(seen[0].key.as_deref(), Some(PROFILE));
    assert_eq!(
        seen[0].param("RoleArn"),
        Some("arn:aws:iam::222222222222:role/middle")
    );
    assert_eq!(
        seen[1].param("RoleArn"),
        Some("arn:aws:iam::333333333333:role/top")
    );
    assert_eq!(seen[1].param("DurationSeconds"), Some("1200"));
    assert_eq!(seen[1].param("ExternalId"), Some("ext"));
    assert_eq!(seen[1].param("RoleSessionName"), Some("me"));
}

#[tokio::test]
async fn a_refused_role_of_a_profile_is_told_from_one_of_the_provider_block() {
    let config = "[default]\nrole_arn=arn:aws:iam::333333333333:role/top\n\
                  credential_source=Environment\n";
    let home = Home::with("", config).await;
    let denied = super::mock::Reply::sts_error(403, "AccessDenied", "no");
    home.mock.script("AssumeRole", "", 1, denied);
    let error = refused(Config {
        profile: Some("default".to_owned()),
        assume_role: vec![hop("arn:aws:iam::444444444444:role/x")],
        ..home.config(&KEYS)
    })
    .await;
    let ErrorKind::AssumeRole { hop, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!((hop.origin, hop.hop, hop.of), (HopOrigin::Profile, 1, 1));
}

#[tokio::test]
async fn a_missing_source_profile_is_reported_with_the_profile_that_names_it() {
    let names = ["a", "b", "c", "d", "e", "gone"];
    let sections = names.windows(2).map(|pair| {
        let [name, source] = [pair[0], pair[1]];
        format!(
            "[profile {name}]\nrole_arn=arn:aws:iam::333333333333:role/{name}\n\
             source_profile={source}\n"
        )
    });
    let home = Home::with("", &sections.collect::<String>()).await;
    let error = refused(home.config(&[("AWS_PROFILE", "a")])).await;
    let ErrorKind::ProfileNotFound {
        profile, named_by, ..
    } = error.kind()
    else {
        panic!("{error:?}");
    };
    assert_eq!(profile, "gone");
    assert_eq!(*named_by, NamedBy::Profile("e".to_owned()));
}

#[tokio::test]
async fn a_profile_that_wants_keys_of_the_environment_says_that_there_are_none() {
    let config = "[profile ci]\nrole_arn=arn:aws:iam::333333333333:role/a\n\
                  credential_source=Environment\n";
    let home = Home::with("", config).await;
    let error = refused(home.config(&[("AWS_PROFILE", "ci")])).await;
    let ErrorKind::NoCredentials { tried } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(tried[0].origin, CredentialOrigin::EnvironmentKeys);
}

#[tokio::test]
async fn profiles_that_contradict_themselves_are_refused_by_name() {
    let config = "[profile loop]\nrole_arn=arn:aws:iam::333333333333:role/a\nsource_profile=back\n\
                  [profile back]\nrole_arn=arn:aws:iam::333333333333:role/b\nsource_profile=loop\n\
                  [profile bare]\nrole_arn=arn:aws:iam::333333333333:role/a\n\
                  [profile typed]\nrole_arn=arn:aws:iam::333333333333:role/a\nsource_profile=x\n\
                  mfa_serial=m\n\
                  [profile short]\nrole_arn=arn:aws:iam::333333333333:role/a\nsource_profile=x\n\
                  duration_seconds=5\n";
    let home = Home::with("", config).await;
    for (name, named) in [
        ("loop", "loop"),
        ("bare", "bare"),
        ("typed", "typed"),
        ("short", "short"),
    ] {
        let error = refused(home.config(&[("AWS_PROFILE", name)])).await;
        let ErrorKind::SharedConfig { profile, .. } = error.kind() else {
            panic!("{name}: {error:?}");
        };
        assert_eq!(profile.as_deref(), Some(named));
    }
}

#[tokio::test]
async fn files_of_the_provider_block_may_start_at_home_and_may_be_missing() {
    let home = Home::with("", "").await;
    let credentials = format!("[default]\naws_access_key_id={PROFILE}\naws_secret_access_key=s\n");
    std::fs::write(home.path("elsewhere"), credentials).unwrap();
    let config = Config {
        shared_credentials_files: vec!["~/elsewhere".into()],
        ..home.config(&[])
    };
    assert_eq!(home.key_of(config).await, PROFILE);
    let missing = |variables| Config {
        shared_config_files: vec!["~/nowhere".into()],
        ..home.config(variables)
    };
    assert_eq!(home.key_of(missing(&KEYS)).await, ENVIRONMENT);
    let error = refused(Config {
        profile: Some("team".to_owned()),
        ..missing(&KEYS)
    })
    .await;
    let ErrorKind::ProfileNotFound { files, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert!(files.contains(&home.path("nowhere")), "{files:?}");
    std::fs::write(home.path("file"), "").unwrap();
    let error = refused(Config {
        shared_config_files: vec!["~/file/below-a-file".into()],
        ..home.config(&KEYS)
    })
    .await;
    let ErrorKind::SharedConfig { path, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(*path, Some(home.path("file/below-a-file")));
}

#[tokio::test]
async fn files_that_cannot_be_understood_are_an_error() {
    let home = Home::with("", "[unclosed\n").await;
    let error = refused(home.config(&KEYS)).await;
    assert!(
        matches!(error.kind(), ErrorKind::SharedConfig { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_web_identity_of_a_profile_is_one_without_keys_before_it() {
    let config = "[profile ci]\nrole_arn=arn:aws:iam::222222222222:role/ci\n\
                  web_identity_token_file=~/token\nrole_session_name=ci\n\
                  [profile next]\nrole_arn=arn:aws:iam::333333333333:role/next\n\
                  source_profile=ci\n";
    let home = Home::with("", config).await;
    std::fs::write(home.path("token"), "of-the-profile").unwrap();
    connect(home.config(&[("AWS_PROFILE", "next")]))
        .await
        .unwrap();
    let first = &home.mock.seen("AssumeRoleWithWebIdentity")[0];
    assert_eq!(first.param("WebIdentityToken"), Some("of-the-profile"));
    assert_eq!(first.param("RoleSessionName"), Some("ci"));
    assert_eq!(first.key, None, "the call is not signed");
    let next = &home.mock.seen("AssumeRole")[0];
    assert!(next.key.as_deref().unwrap().starts_with("ASIA222222222222"));
}

#[tokio::test]
async fn a_web_identity_is_renewed_before_it_ends_with_the_token_that_is_there_then() {
    let home = Home::usual().await;
    let file = home.path("token");
    std::fs::write(&file, "first").unwrap();
    home.mock.sessions_last(ALMOST_OVER);
    let aws = impatient(home.config(&[
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/ci"),
    ]))
    .await;
    std::fs::write(&file, "second").unwrap();
    home.mock
        .sessions_last(std::time::Duration::from_secs(3600));
    let session = aws.session(&Default::default());
    for _ in 0..3 {
        session.identity(&Default::default()).await.unwrap();
    }
    let seen = home.mock.seen("AssumeRoleWithWebIdentity");
    let tokens = seen
        .iter()
        .map(|seen| seen.param("WebIdentityToken").unwrap());
    assert_eq!(tokens.collect::<Vec<_>>(), ["first", "second"]);
}
