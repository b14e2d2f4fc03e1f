//! First credentials that are missing, incomplete or refused.

use ecr_public_sandbox::{Effect, Face, Fault};

use super::{KEY, KEYS, SECRET, World, secret, words};
use crate::provider::known;

#[tokio::test]
async fn no_source_has_credentials() {
    World::new().await.check("no_source", &[], |_| {}).await;
}

#[tokio::test]
async fn a_profile_that_does_not_exist() {
    let world = World::new().await;
    let named = |config: &mut crate::provider::ProviderConfig| config.profile = words("prod");
    world.check("profile_of_the_block", &KEYS, named).await;
    let variable = [KEYS[0], KEYS[1], ("AWS_PROFILE", "prod")];
    world
        .check("profile_of_the_environment", &variable, |_| {})
        .await;
    let config = "[profile top]\nrole_arn=arn:aws:iam::111111111111:role/tooling\n\
                  source_profile=gone\n";
    world.write(".aws/config", config);
    world
        .check("profile_of_a_profile", &[("AWS_PROFILE", "top")], |_| {})
        .await;
}

#[tokio::test]
async fn shared_files_that_cannot_be_used() {
    let world = World::new().await;
    world.write(".aws/config", "[unclosed\n");
    let below_a_file = world.home.path().join(".aws/config/more");
    world
        .check("shared_file_unreadable", &KEYS, |config| {
            config.shared_config_files = known::to_texts([below_a_file.display()]);
        })
        .await;
    world.check("shared_file_broken", &KEYS, |_| {}).await;
    let config = "[default]\nrole_arn=arn:aws:iam::111111111111:role/tooling\n";
    world.write(".aws/config", config);
    world.check("profile_without_source", &[], |_| {}).await;
}

const SSO: &str = "[default]\nsso_session=corp\nsso_account_id=111111111111\n\
                   sso_role_name=publisher\n\
                   [sso-session corp]\nsso_region=us-east-1\n\
                   sso_start_url=https://corp.example/start\n";
/// SHA-1 of `corp`.
const SSO_FILE: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

fn sign_in(ends: &str) -> String {
    format!(r#"{{"accessToken":"hush","expiresAt":"{ends}"}}"#)
}

#[tokio::test]
async fn a_sign_in_that_is_missing_or_over() {
    let world = World::new().await;
    world.write(".aws/config", SSO);
    let portal = world.sandbox.generic_url();
    let variables = [("AWS_ENDPOINT_URL_SSO", portal.as_str())];
    world.check("sign_in_missing", &variables, |_| {}).await;
    world.write(SSO_FILE, "[]");
    world.check("sign_in_unreadable", &variables, |_| {}).await;
    world.write(SSO_FILE, &sign_in("2020-01-01T00:00:00Z"));
    world.check("sign_in_over", &variables, |_| {}).await;
    world.write(SSO_FILE, &sign_in("2040-01-01T00:00:00Z"));
    world.refuse(
        Face::Generic,
        "",
        401,
        "UnauthorizedException",
        "Session token not found or invalid",
    );
    world.check("sign_in_revoked", &variables, |_| {}).await;
}

#[tokio::test]
async fn a_sign_in_to_which_the_role_is_not_assigned() {
    let world = World::new().await;
    world.write(".aws/config", SSO);
    world.write(SSO_FILE, &sign_in("2040-01-01T00:00:00Z"));
    let portal = world.sandbox.generic_url();
    world.refuse(Face::Generic, "", 403, "ForbiddenException", "No access");
    let variables = [("AWS_ENDPOINT_URL_SSO", portal.as_str())];
    world
        .check("sign_in_without_role", &variables, |_| {})
        .await;
    let nowhere = [("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")];
    world.check("portal_unreachable", &nowhere, |_| {}).await;
}

#[tokio::test]
async fn a_program_that_hands_out_no_credentials() {
    let world = World::new().await;
    for (name, command) in [
        ("process_failed", "echo 'the vault is sealed' >&2; exit 3"),
        ("process_not_understood", "echo hush"),
    ] {
        let config = format!("[default]\ncredential_process = {command}\n");
        world.write(".aws/config", &config);
        world.check(name, &[], |_| {}).await;
    }
}

/// The clock jumps as soon as everybody waits for the program alone.
#[tokio::test(start_paused = true)]
async fn a_program_that_does_not_end() {
    let world = World::new().await;
    let config = "[default]\ncredential_process = sleep 100000\n";
    world.write(".aws/config", config);
    world.check("process_late", &[], |_| {}).await;
}

#[tokio::test]
async fn a_container_without_credentials() {
    let world = World::new().await;
    let agent = world.sandbox.generic_url();
    let uri = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str());
    let file = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    world
        .check("container_token", &[uri, (file, "/nowhere/token")], |_| {})
        .await;
    world.refuse(
        Face::Generic,
        "",
        403,
        "AccessDenied",
        "no role for this task",
    );
    world.check("container_refused", &[uri], |_| {}).await;
    let foreign = [(uri.0, "http://credentials.example/x")];
    world.check("container_foreign", &foreign, |_| {}).await;
}

#[tokio::test]
async fn half_a_pair_of_keys() {
    let world = World::new().await;
    world
        .check("half_a_pair_in_the_block", &KEYS, |config| {
            config.access_key = words(KEY);
        })
        .await;
    world
        .check("half_a_pair_in_the_environment", &KEYS[1..], |_| {})
        .await;
    world.write(".aws/credentials", "[default]\naws_access_key_id = x\n");
    world.check("half_a_pair_in_a_profile", &[], |_| {}).await;
}

#[tokio::test]
async fn keys_that_aws_does_not_accept() {
    let world = World::new().await;
    world
        .check("key_unknown", &[], |config| {
            config.access_key = words("AKIASOMEBODYELSE0000");
            config.secret_key = secret(SECRET);
        })
        .await;
    world
        .check("secret_wrong", &[], |config| {
            config.access_key = words(KEY);
            config.secret_key = secret("a-typo-in-the-secret");
        })
        .await;
}

#[tokio::test]
async fn credentials_that_have_ended() {
    let world = World::new().await;
    let expired = Fault::on(Face::Sts, Effect::ExpireToken).always();
    world.sandbox.faults().add(expired);
    world.check("keys_ended", &KEYS, |_| {}).await;
    let command = format!(
        "printf '{{\"Version\":1,\"AccessKeyId\":\"{KEY}\",\"SecretAccessKey\":\"{SECRET}\",\
         \"Expiration\":\"2020-01-01T00:00:00Z\"}}'"
    );
    let config = format!("[default]\ncredential_process = {command}\n");
    world.write(".aws/config", &config);
    world.check("process_ended", &[], |_| {}).await;
}

#[tokio::test]
async fn sts_that_is_switched_off_in_the_region() {
    let world = World::new().await;
    world.refuse(
        Face::Sts,
        "",
        403,
        "RegionDisabledException",
        "STS is not activated in this region for account:111111111111",
    );
    world
        .check("region_disabled", &KEYS, |config| {
            config.region = words("ap-east-1");
        })
        .await;
}
