//! A login that is handed out for the length of a run, and is nowhere afterwards.

use ecr_public_sandbox::{Entry, Face};

use crate::support::scenario::{FIRST, SECOND, Scenario, it};

const FIRST_COPY: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";

const LOGIN: &str = "ephemeral \"ecrpublic_authorization_token\" \"it\" {\n  account_id = \
                     \"222222222222\"\n}\n";

/// A second configuration that reads from ECR Public with the login, and a copy that it makes from
/// the first one.
fn with_login(scenario: &Scenario) -> String {
    let registry = scenario.sandbox.registry_url();
    let more = format!(
        "  alias = \"signed_in\"\n  registry {{\n    host = \"public.ecr.aws\"\n    endpoint = \
         \"{registry}\"\n    plain_http = true\n    username = \
         ephemeral.ecrpublic_authorization_token.it.user_name\n    password = \
         ephemeral.ecrpublic_authorization_token.it.password\n  }}\n"
    );
    let copy = "resource \"ecrpublic_mirrored_image\" \"copy\" {\n  provider = \
                ecrpublic.signed_in\n  source = one(values(ecrpublic_mirrored_image.it.tag_uris))\n  \
                repository = \"copy\"\n  account_id = \"333333333333\"\n}\n";
    format!(
        "{LOGIN}\n{}\n{}\n{copy}",
        scenario.provider_with(&more),
        it(FIRST_COPY)
    )
}

#[tokio::test]
async fn a_login_opens_the_registry_to_somebody_else_and_is_stored_nowhere() {
    let scenario = Scenario::with(&it(FIRST_COPY)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    scenario.configure(&with_login(&scenario));
    scenario.terraform.apply(&[]).await.succeeded();
    let image = scenario.tags(FIRST, "alpine");
    assert_eq!(scenario.tags(SECOND, "copy"), image);
    // The reads were those of the publisher in the first account, not of anybody.
    let is_read = |entry: &Entry| {
        entry.is(Face::Registry, "GET", "/alpine/manifests/") && entry.status == Some(200)
    };
    let reads = scenario.sandbox.journal().select(is_read);
    assert!(!reads.is_empty());
    for read in &reads {
        assert_eq!(read.account.as_deref(), Some(FIRST), "{read:?}");
    }
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_login_that_cannot_be_had_is_an_error_with_its_place() {
    let wrong = LOGIN.replace("222222222222", "999999999999");
    let use_it = "resource \"terraform_data\" \"it\" {}\n";
    let scenario = Scenario::with(&(wrong + use_it)).await;
    let run = scenario.terraform.plan().await.failed();
    run.says("ephemeral \"ecrpublic_authorization_token\" \"it\"")
        .says("999999999999");
    scenario.was_clean().await;
}
