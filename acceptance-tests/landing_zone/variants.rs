//! Each way into the accounts, as its folder says.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use ecr_public_sandbox::accounts::{Credentials, SessionRequest, WebTokenSeed};
use ecr_public_sandbox::{Sandbox, Seed};
use serde_json::{Value as Json, json};

use crate::support::landing_zone::role;
use crate::support::scenario::{FIRST, SECOND, Scenario, TOOLING};
use crate::support::tables::read;
use crate::support::terraform::Terraform;
use crate::support::zone::{EXAMPLE, Zone, policy, web_token};

use super::token_service::TokenService;

/// A folder of the example, or the example itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variant {
    folder: &'static str,
    pub(super) way: Way,
}

/// How its provider gets into an account.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// From keys over `tooling` to the publisher.
    Publisher,
    /// From a token over `tooling` to the publisher.
    Pipeline {
        issuer: &'static str,
        subject: &'static str,
    },
    /// From keys over `tooling` to this administrator.
    Management(&'static str),
    /// From the profile that AFT wrote to its administrator.
    AccountFactory,
}

/// The recommended one first.
pub(super) const VARIANTS: [Variant; 6] = [
    Variant {
        folder: ".",
        way: Way::Publisher,
    },
    Variant {
        folder: "github-actions",
        way: Way::Pipeline {
            issuer: "token.actions.githubusercontent.com",
            subject: "repo:acme/landing-zone:ref:refs/heads/main",
        },
    },
    Variant {
        folder: "gitlab-ci",
        way: Way::Pipeline {
            issuer: "gitlab.com",
            subject: "project_path:acme/landing-zone:ref_type:branch:ref:main",
        },
    },
    Variant {
        folder: "organizations",
        way: Way::Management("OrganizationAccountAccessRole"),
    },
    Variant {
        folder: "control-tower",
        way: Way::Management("AWSControlTowerExecution"),
    },
    Variant {
        folder: "account-factory",
        way: Way::AccountFactory,
    },
];

/// What the pipelines ask their CI system to write into a token.
const AUDIENCE: &str = "sts.amazonaws.com";

impl Variant {
    /// Who may do what there.
    pub(super) fn zone(&self) -> Zone {
        match self.way {
            Way::Publisher => Zone::published(),
            Way::Pipeline { .. } => Zone::of_pipeline(self.folder),
            Way::Management(role) => Zone::of_administrators(self.folder, "tooling", role),
            Way::AccountFactory => {
                Zone::of_administrators(self.folder, "AWSAFTAdmin", "AWSAFTExecution")
            }
        }
    }

    /// The token of the pipeline.
    pub(super) fn token(&self) -> Option<WebTokenSeed> {
        match self.way {
            Way::Pipeline { issuer, subject } => Some(web_token(issuer, subject, AUDIENCE)),
            _ => None,
        }
    }

    /// Its provider block, for a host of our own.
    pub(super) fn block(&self, sandbox: &Sandbox, zone: &Zone, token: Option<&str>) -> Json {
        let mut block = json!({
            "account_role": { "role_arn": role("{account_id}", zone.role) },
            "registry": [{
                "host": "docker.io", "endpoint": sandbox.hub_url(), "plain_http": true,
            }],
            "endpoints": [{
                "ecrpublic": sandbox.api_url(),
                "sts": sandbox.sts_url(),
                "registry": sandbox.registry_url(),
            }],
        });
        let caller = role(TOOLING, zone.caller_role);
        match self.way {
            Way::Publisher | Way::Management(_) => {
                block["assume_role"] = json!([{ "role_arn": caller }]);
            }
            Way::Pipeline { .. } => {
                block["assume_role_with_web_identity"] =
                    json!([{ "role_arn": caller, "web_identity_token": token }]);
            }
            Way::AccountFactory => {
                let session = account_factory_session(sandbox);
                block["access_key"] = json!(session.access_key_id);
                block["secret_key"] = json!(session.secret_access_key);
                block["token"] = json!(session.session_token);
            }
        }
        if zone.is_administrator {
            block["account_role"]["policy"] = json!(zone.permissions.to_string());
        }
        block
    }

    /// The folder over two accounts, initialised.
    async fn scenario(&self) -> Scenario {
        let mut scenario = self.started(EXAMPLE).await;
        scenario.reach_sandbox(self.folder);
        scenario.terraform.enter(self.folder);
        scenario.set_variables(&self.variables());
        if let Some(token) = self.token() {
            scenario.terraform.write("token", &token.token);
            scenario.terraform.set("TF_VAR_token_file", "token");
        }
        scenario.terraform.init().await;
        scenario
    }

    /// A folder of the repository before a sandbox for this way.
    async fn started(&self, folder: &str) -> Scenario {
        let seed = Seed {
            web_tokens: self.token().into_iter().collect(),
            ..self.zone().seed(&[FIRST, SECOND], Seed::demo().hub)
        };
        let mut scenario = Scenario::of_example_seeded(seed, folder).await;
        if matches!(self.way, Way::AccountFactory) {
            let session = account_factory_session(&scenario.sandbox);
            write_profile(&mut scenario.terraform, &session);
        }
        scenario
    }

    fn variables(&self) -> Json {
        let mut variables = json!({
            "account_ids": [FIRST, SECOND],
            "images": ["alpine:3.22", "nginx:1.27-alpine"],
        });
        let tooling = role(TOOLING, "tooling");
        match self.way {
            Way::Publisher => variables["tooling_role_arn"] = json!(tooling),
            Way::Pipeline { subject, .. } => {
                variables["tooling_role_arn"] = json!(tooling);
                variables["pipeline_subject"] = json!(subject);
            }
            Way::Management(_) => variables["management_role_arn"] = json!(tooling),
            Way::AccountFactory => variables["aft_management_account_id"] = json!(TOOLING),
        }
        variables
    }
}

impl Scenario {
    /// Asserts that both accounts have both images.
    fn is_published(&self) {
        for account in [FIRST, SECOND] {
            for (image, tag) in [("alpine", "3.22"), ("nginx", "1.27-alpine")] {
                let shown = BTreeMap::from([(tag.to_owned(), self.at_hub(image, tag))]);
                assert_eq!(self.tags(account, image), shown);
            }
        }
    }
}

/// What AFT has put into its profile: an hour of the role that it becomes first.
fn account_factory_session(sandbox: &Sandbox) -> Credentials {
    let accounts = sandbox.accounts();
    let identity = accounts.role_session(&role(TOOLING, "AWSAFTAdmin"), "AWSAFT-Session");
    accounts.issue_session(SessionRequest {
        identity: identity.unwrap(),
        seconds: 3600,
    })
}

/// As the pipeline of AFT finds it, who has no other credentials.
fn write_profile(terraform: &mut Terraform, session: &Credentials) {
    let file = terraform.folder().join("credentials");
    terraform.write(
        "credentials",
        &format!(
            "[aft-management-admin]\naws_access_key_id = {}\naws_secret_access_key = {}\n\
             aws_session_token = {}\n",
            session.access_key_id, session.secret_access_key, session.session_token,
        ),
    );
    terraform.set("AWS_SHARED_CREDENTIALS_FILE", file);
}

#[tokio::test]
async fn the_variant_for_github_actions_publishes_and_leaves_nothing_behind() {
    lives("github-actions").await;
}

#[tokio::test]
async fn the_variant_for_gitlab_publishes_and_leaves_nothing_behind() {
    lives("gitlab-ci").await;
}

#[tokio::test]
async fn the_variant_for_organizations_publishes_and_leaves_nothing_behind() {
    lives("organizations").await;
}

#[tokio::test]
async fn the_variant_for_control_tower_publishes_and_leaves_nothing_behind() {
    lives("control-tower").await;
}

#[tokio::test]
async fn the_variant_for_account_factory_publishes_and_leaves_nothing_behind() {
    lives("account-factory").await;
}

/// From the apply to the destroy, with the policies of the folder, which Terraform and the JSON files
/// have in common.
async fn lives(folder: &str) {
    let variant = VARIANTS.iter().find(|it| it.folder == folder).unwrap();
    let scenario = variant.scenario().await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.is_published();
    let published = variant.zone();
    let policies = scenario.terraform.output("policies").await;
    assert_eq!(as_json(&policies["caller"]), published.caller);
    assert_eq!(as_json(&policies["trust"]), published.trust);
    assert_eq!(as_json(&policies["permissions"]), published.permissions);
    let caller_trust = &policies["caller_trust"];
    let caller_trust = caller_trust.is_string().then(|| as_json(caller_trust));
    assert_eq!(caller_trust, published.caller_trust);
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    for account in [FIRST, SECOND] {
        for image in ["alpine", "nginx"] {
            assert_eq!(scenario.manifests(account, image), [].into());
        }
    }
    scenario.was_clean().await;
}

#[tokio::test]
async fn the_policies_as_terraform_data_and_as_json_say_the_same() {
    let mut terraform = Terraform::empty();
    terraform.copy(EXAMPLE);
    terraform.enter("policies");
    terraform.init().await;
    let caller = format!("-var=tooling_role_arn={}", role(TOOLING, "tooling"));
    terraform.apply(&[&caller]).await.succeeded();
    let policies = terraform.output("policies").await;
    for name in ["caller", "trust", "permissions"] {
        assert_eq!(
            as_json(&policies[name]),
            policy(&format!("policies/{name}.json"))
        );
    }
    // What is not a JSON policy of a variant is said nowhere else.
    assert_eq!(policies["caller_trust"], Json::Null);
}

fn as_json(text: &Json) -> Json {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

/// The GitHub workflow, step by step, with a stand-in for the service that hands out tokens.
#[tokio::test]
async fn the_workflow_for_github_mirrors_with_a_token_that_it_fetches_for_each_command() {
    let variant = &VARIANTS[1];
    let mut scenario = variant.in_repository().await;
    let service = TokenService::start(&variant.token().unwrap().token).await;
    let runner = scenario.terraform.folder().join("runner");
    std::fs::create_dir(&runner).unwrap();
    for (name, value) in [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", service.url()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", TokenService::password()),
        ("GITHUB_ENV", runner.join("env").display().to_string()),
        ("RUNNER_TEMP", runner.display().to_string()),
    ] {
        scenario.terraform.set(name, value);
    }
    let workflow = read(&format!("{EXAMPLE}/github-actions/mirror-images.yml"));
    let steps = workflow
        .lines()
        .filter_map(|line| line.strip_prefix("      - run: "));
    // What a step writes into the file GITHUB_ENV, the next one has in its environment.
    let between = "\nset -a; if [ -f \"$GITHUB_ENV\" ]; then . \"$GITHUB_ENV\"; fi; set +a\n";
    let script: String = steps.flat_map(|step| [step, between]).collect();
    let script = format!("cd landing-zone/github-actions\n{script}");
    scenario
        .terraform
        .shell(&script)
        .await
        .succeeded()
        .says("4 added, 0 changed, 0 destroyed");
    scenario.is_published();
    assert_eq!(service.handed_out(), 2);
    let token = std::fs::metadata(runner.join("token")).unwrap();
    assert_eq!(token.permissions().mode() & 0o777, 0o600);
    scenario.was_clean().await;
}

#[tokio::test]
async fn the_pipeline_for_gitlab_mirrors_with_the_token_of_its_job() {
    let variant = &VARIANTS[2];
    let mut scenario = variant.in_repository().await;
    scenario
        .terraform
        .set("AWS_ID_TOKEN", variant.token().unwrap().token);
    let pipeline = read(&format!("{EXAMPLE}/gitlab-ci/.gitlab-ci.yml"));
    let (_, script) = pipeline.split_once("  script:\n").unwrap();
    let lines = script
        .lines()
        .filter_map(|line| line.strip_prefix("    - "));
    let script: Vec<&str> = lines.collect();
    let run = scenario.terraform.shell(&script.join("\n")).await;
    run.succeeded().says("4 added, 0 changed, 0 destroyed");
    scenario.is_published();
    scenario.was_clean().await;
}

impl Variant {
    /// A repository with the example in its folder `landing-zone`, as the pipelines expect it.
    async fn in_repository(&self) -> Scenario {
        let scenario = self.started("examples").await;
        let folder = format!("landing-zone/{}", self.folder);
        scenario.terraform.write(
            &format!("{folder}/sandbox.auto.tfvars.json"),
            &self.variables().to_string(),
        );
        scenario.reach_sandbox(&folder);
        scenario
    }
}
