//! First credentials that end while a copy is under way, and that nobody can renew.

use std::sync::Mutex;
use std::time::Duration;

use ecr_public_sandbox::accounts::{
    Credentials, Identity, Principal, SessionRequest, WebTokenSeed,
};
use ecr_public_sandbox::{Effect, Entry, Face, Fault, RepositorySeed, image};

use crate::support::landing_zone::{WEB_TOKEN, account_role, assume, role, two_targets};
use crate::support::messages;
use crate::support::provider_block::provider;
use crate::support::scenario::{FIRST, IT, Scenario, TOOLING, it};

/// Seven blobs with the configuration of the image, one after the other.
const LAYERS: usize = 6;
const UPLOADED: usize = 3;

/// Ends after an hour.
const SHORT_TOKEN: &str = "header.claims-for-an-hour.signature";

/// Longer than anything lasts: the session of a role an hour, a login half a day.
const PAST_EVERYTHING: Duration = Duration::from_secs(13 * 3600);

#[tokio::test]
async fn keys_of_the_environment_that_end_in_mid_copy() {
    let settings = |credentials: &Credentials, scenario: &mut Scenario| {
        let expiry = credentials.expires_at.unix_timestamp();
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", &credentials.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key),
            ("AWS_SESSION_TOKEN", &credentials.session_token),
            // As `aws configure export-credentials` tells it.
            ("AWS_CREDENTIAL_EXPIRATION", &moment(expiry)),
        ] {
            scenario.terraform.set(name, value);
        }
        way()
    };
    stops_and_goes_on("environment_keys_end", settings).await;
}

/// Account Factory for Terraform writes such a profile. Nothing in it says when it ends.
#[tokio::test]
async fn a_profile_with_a_session_that_ends_in_mid_copy() {
    let settings = |credentials: &Credentials, scenario: &mut Scenario| {
        let Credentials {
            access_key_id,
            secret_access_key,
            session_token,
            ..
        } = credentials;
        let profile = format!(
            "[aft-target]\naws_access_key_id = {access_key_id}\n\
             aws_secret_access_key = {secret_access_key}\naws_session_token = {session_token}\n"
        );
        scenario.terraform.write("credentials", &profile);
        let profile =
            "  profile = \"aft-target\"\n  shared_credentials_files = [\"credentials\"]\n";
        profile.to_owned() + &way()
    };
    stops_and_goes_on("profile_ends", settings).await;
}

/// A pipeline has a token for as long as it is meant to take. The session that came of it can be
/// renewed only with another one.
#[tokio::test]
async fn a_web_identity_token_that_ends_in_mid_copy() {
    let tokens = [SHORT_TOKEN, WEB_TOKEN].map(|token| {
        let role = role(TOOLING, "federated");
        format!(
            "  assume_role_with_web_identity {{\n    role_arn           = \"{role}\"\n    \
             web_identity_token = \"{token}\"\n  }}\n"
        )
    });
    let tokens = Mutex::new(tokens.into_iter());
    let settings = |_: &Credentials, _: &mut Scenario| {
        let token = tokens.lock().unwrap().next().unwrap();
        token + &account_role("ecr-publisher")
    };
    stops_and_goes_on("web_identity_token_ends", settings).await;
}

fn way() -> String {
    assume(&role(TOOLING, "tooling"), "") + &account_role("ecr-publisher")
}

/// The copy ends with the credentials, and another one with new credentials finishes it.
async fn stops_and_goes_on(name: &str, settings: impl Fn(&Credentials, &mut Scenario) -> String) {
    let mut scenario = scenario().await;
    sign_in(&mut scenario, &settings);
    let fault = Fault::on(Face::Registry, Effect::Hold)
        .method("POST")
        .path("/blobs/uploads/")
        .after(UPLOADED.try_into().unwrap());
    let fault = scenario.sandbox.faults().add(fault);
    let running = scenario
        .terraform
        .start(&["apply", "-input=false", "-auto-approve"]);
    fault.reached().await;
    scenario.sandbox.clock().advance(PAST_EVERYTHING);
    fault.release();
    messages::failed_with(name, running.finish().await);
    assert_eq!(uploaded(&scenario), UPLOADED);
    assert!(scenario.tags(FIRST, "acme/large").is_empty());
    assert!(scenario.terraform.attributes(IT).await.is_null());

    scenario.sandbox.journal().clear();
    sign_in(&mut scenario, &settings);
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(uploaded(&scenario), LAYERS + 1 - UPLOADED);
    let is_read = |entry: &Entry| entry.is(Face::HubCdn, "GET", "/blobs/");
    assert_eq!(
        scenario.sandbox.journal().count(is_read),
        LAYERS + 1 - UPLOADED
    );
    let at_hub = scenario.sandbox.hub().digest("acme/large", "1").unwrap();
    assert_eq!(scenario.tags(FIRST, "acme/large")["1"], at_hub.to_string());
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

async fn scenario() -> Scenario {
    let mut seed = two_targets();
    let large = image("large").platforms(["linux/amd64"]);
    let large = RepositorySeed {
        tags: [("1".to_owned(), large.layers([1024; LAYERS]))].into(),
        readers: None,
    };
    seed.web_tokens.push(WebTokenSeed {
        token: SHORT_TOKEN.to_owned(),
        expires_in_seconds: Some(3600),
        ..seed.web_tokens[0].clone()
    });
    seed.hub.repositories.insert("acme/large".to_owned(), large);
    Scenario::seeded(seed, "").await
}

/// New credentials of the pipeline, for an hour.
fn sign_in(scenario: &mut Scenario, settings: &impl Fn(&Credentials, &mut Scenario) -> String) {
    let identity = Identity {
        account: TOOLING.parse().unwrap(),
        arn: format!("arn:aws:iam::{TOOLING}:user/pipeline"),
        user_id: "AIDAPIPELINE".to_owned(),
        principal: Principal::User {
            name: "pipeline".to_owned(),
        },
        expires_at: None,
        tags: [].into(),
        transitive_tags: [].into(),
        source_identity: None,
        is_chained: false,
        session_policies: Vec::new(),
    };
    let credentials = scenario.sandbox.accounts().issue_session(SessionRequest {
        identity,
        seconds: 3600,
    });
    let settings = [
        settings(&credentials, scenario),
        "  max_concurrent_transfers = 1\n".to_owned(),
    ];
    let block = provider(&scenario.sandbox, &settings.concat());
    let large = it(&format!(
        "source = \"acme/large:1\"\naccount_id = \"{FIRST}\""
    ));
    scenario.configure_with(&block, &large);
}

/// How many uploads were completed.
fn uploaded(scenario: &Scenario) -> usize {
    let is_completed = |entry: &Entry| {
        entry.is(Face::Registry, "PUT", "/blobs/uploads/") && entry.status == Some(201)
    };
    scenario.sandbox.journal().count(is_completed)
}

/// A moment as JSON documents of AWS have it.
fn moment(unix: i64) -> String {
    let moment = time::OffsetDateTime::from_unix_timestamp(unix).unwrap();
    let format = &time::format_description::well_known::Rfc3339;
    moment.format(format).unwrap()
}
