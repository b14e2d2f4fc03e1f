use std::time::Duration;

use super::*;
use crate::accounts::{AccountSeed, LoginRefused, SessionRequest, UserSeed};
use crate::client::{get, send, small_seed};
use crate::seed::EcrSeed;

const KEY: &str = "AKIAJANE000000000000";

#[tokio::test]
async fn the_same_seed_has_the_same_images_ids_and_credentials() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let sandbox = Sandbox::start(small_seed()).await.unwrap();
        let account = "222222222222".parse().unwrap();
        let new = NewRepository::default();
        let store = sandbox.store();
        store.create_repository(&account, "app", new).unwrap();
        let pipeline = sandbox.accounts().key("AKIASANDBOXPIPELINE1").unwrap();
        let login = sandbox.accounts().issue_login(&pipeline.identity);
        seen.push((
            sandbox.hub().digest("library/alpine", "3.22").unwrap(),
            store.initiate_upload(&account, "app").unwrap().id,
            sandbox.accounts().primary_alias(&account).unwrap(),
            login.authorization_token(),
        ));
        sandbox.stop().await;
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn every_face_is_on_loopback_and_closed_after_the_end() {
    let sandbox = Sandbox::start(Seed::default()).await.unwrap();
    let urls = Face::ALL.map(|face| sandbox.url(face));
    for url in &urls {
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        let answer = send(get(&format!("{url}/none"))).await;
        assert!(answer.status.is_client_error(), "{url}: {}", answer.status);
    }
    sandbox.stop().await;
    for url in urls {
        let address = url.trim_start_matches("http://").to_owned();
        let refused = tokio::net::TcpStream::connect(&address).await;
        assert!(refused.is_err(), "{address} is still open");
    }
}

#[tokio::test]
async fn a_repository_is_seeded_in_an_account_of_the_seed() {
    let jane = UserSeed::new("jane", KEY, "secret");
    let account = AccountSeed::new("444444444444").unwrap().user(jane);
    let repository = |account: &str| EcrSeed {
        account: account.parse().unwrap(),
        name: "app".to_owned(),
    };
    let seed = |repository| Seed {
        accounts: vec![account.clone()],
        repositories: vec![repository],
        ..Seed::default()
    };
    let sandbox = Sandbox::start(seed(repository("444444444444"))).await;
    let sandbox = sandbox.unwrap();
    let account = "444444444444".parse().unwrap();
    assert!(sandbox.store().repository(&account, "app").is_ok());
    assert!(sandbox.accounts().has_registry(&account));
    let refused = Sandbox::start(seed(repository("555555555555"))).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("555555555555, which the seed"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_environment_and_the_provider_block_say_where_everything_is() {
    let sandbox = Sandbox::start(small_seed()).await.unwrap();
    let environment: HashMap<String, String> = sandbox.environment().into_iter().collect();
    let of = |name: &str| environment.get(name).map(String::as_str);
    assert_eq!(of("AWS_ACCESS_KEY_ID"), Some("AKIASANDBOXPIPELINE1"));
    assert_eq!(of("AWS_REGION"), of("AWS_DEFAULT_REGION"));
    assert_eq!(of("AWS_ENDPOINT_URL_STS"), Some(&*sandbox.sts_url()));
    assert_eq!(of("AWS_ENDPOINT_URL_ECR_PUBLIC"), Some(&*sandbox.api_url()));
    let block = sandbox.provider_block();
    for expected in [
        "  assume_role {\n    role_arn = \"arn:aws:iam::111111111111:role/tooling\"\n",
        "  account_role {\n    role_arn = \"arn:aws:iam::{account_id}:role/ecr-publisher\"\n",
        &format!("endpoint   = \"{}\"", sandbox.hub_url()),
        &format!("registry  = \"{}\"", sandbox.registry_url()),
    ] {
        assert!(block.contains(expected), "{expected} is not in {block}");
    }
}

#[tokio::test]
async fn every_secret_that_was_given_to_somebody_is_told() {
    let sandbox = Sandbox::start(small_seed()).await.unwrap();
    let pipeline = sandbox.accounts().key("AKIASANDBOXPIPELINE1").unwrap();
    let token = sandbox.hub_token("acme/app", None).await;
    let login = sandbox.accounts().issue_login(&pipeline.identity);
    let session = sandbox.accounts().issue_session(SessionRequest {
        identity: pipeline.identity,
        seconds: 900,
    });
    let secrets = sandbox.secrets();
    for secret in [
        pipeline.secret_access_key,
        "docker-hub-token".to_owned(),
        token,
        login.password,
        session.secret_access_key,
        session.session_token,
    ] {
        assert!(secrets.contains(&secret), "{secret}");
    }
}

#[tokio::test]
async fn logins_last_for_half_a_day_or_as_long_as_a_test_wants() {
    let sandbox = Sandbox::start(small_seed()).await.unwrap();
    let accounts = sandbox.accounts();
    let pipeline = accounts.key("AKIASANDBOXPIPELINE1").unwrap().identity;
    let long = accounts.issue_login(&pipeline).password;
    accounts.set_login_life(Duration::from_secs(60));
    let short = accounts.issue_login(&pipeline).password;
    sandbox.clock().advance(Duration::from_secs(60));
    assert!(accounts.login(&long).is_ok());
    assert_eq!(accounts.login(&short).unwrap_err(), LoginRefused::Expired);
}
