//! Many instances over many accounts ask AWS as often as there are roles, not instances.

use std::collections::BTreeMap;

use ecr_public_sandbox::accounts::RoleSeed;
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::{Entry, Face, Sandbox, Seed};

use crate::requests::at_source;
use crate::support::landing_zone::{image_name, role, seed, target};
use crate::support::provider_block::provider;
use crate::support::scenario::{FIRST, Scenario, TOOLING};
use crate::support::sts::assumed;
use crate::support::zone::{EXAMPLE, Zone, variables};

const ACCOUNTS: usize = 20;
const IMAGES: usize = 10;

/// The fewest calls that each of the accounts can be asked, image by image `I`:
///
/// - `AssumeRole`: one for each account and each process. Nobody else can make its credentials, and
///   they came with the name of the account, so `GetCallerIdentity` is never needed. The role of the
///   tooling account costs one more for each process, for all accounts together.
/// - A plan of something new asks no account anything: nothing of it is there.
/// - Create: `DescribeRepositories` and `CreateRepository` for each repository. Several names in one
///   call would fail together for the first one that is missing; a list of all of them would need a
///   permission on all; and to create first would need the permission to create where the repository
///   is there. One login for each account. A new repository has no layers to be asked about, and
///   its address came with it.
/// - Refresh: `DescribeImages` for each repository, which is all that one call can be about.
///   `DescribeRegistries` once, because the alias of an account can change.
/// - Destroy: `BatchDeleteImage` for each repository. The service removes an image with its last tag,
///   and nothing is below an image of one platform, so that there is nothing to read and no login.
const PLAN: &[(&str, usize)] = &[];
const CREATE: &[(&str, usize)] = &[
    ("AssumeRole", 1),
    ("GetAuthorizationToken", 1),
    ("DescribeRepositories", IMAGES),
    ("CreateRepository", IMAGES),
];
const REFRESH: &[(&str, usize)] = &[
    ("AssumeRole", 1),
    ("DescribeRegistries", 1),
    ("DescribeImages", IMAGES),
];
const DESTROY: &[(&str, usize)] = &[("AssumeRole", 1), ("BatchDeleteImage", IMAGES)];

/// With the policies of the example and no others, so that no permission is missing either.
#[tokio::test]
async fn two_hundred_instances_over_twenty_accounts_ask_aws_as_little_as_can_be() {
    let accounts: Vec<String> = (0..ACCOUNTS).map(target).collect();
    let scenario = landing_zone(&accounts).await;
    let (sandbox, terraform) = (&scenario.sandbox, &scenario.terraform);

    terraform
        .save_plan(&[])
        .await
        .succeeded()
        .says("200 to add");
    assert_eq!(asked(sandbox), of_each(&accounts, PLAN, 1));
    sandbox.journal().clear();
    terraform.apply_planned().await.succeeded();
    assert_eq!(asked(sandbox), of_each(&accounts, CREATE, 1));
    // Ten images were looked up and read, whatever the number of accounts.
    assert_eq!(at_source(sandbox), of_one_account().await);

    sandbox.journal().clear();
    let refresh = terraform.run(&["plan", "-detailed-exitcode"]).await;
    assert_eq!(refresh.code, Some(0), "{}", refresh.text);
    assert_eq!(asked(sandbox), of_each(&accounts, REFRESH, 1));
    // What each of ten tags stands for, once for twenty accounts. A token is for one repository, and
    // there is no request that tells of several tags. Nothing is read where the images are.
    let looks = at_source(sandbox);
    let heads = looks.keys().filter(|request| request.starts_with("HEAD "));
    assert_eq!((heads.count(), looks.values().sum()), (IMAGES, 2 * IMAGES));
    let is_registry = |entry: &Entry| entry.face == Face::Registry;
    assert_eq!(sandbox.journal().count(is_registry), 0);

    sandbox.journal().clear();
    let plan = terraform.save_plan(&["-destroy"]).await;
    plan.succeeded().says("200 to destroy");
    // Terraform refreshes with one process, and plans to destroy with another.
    assert_eq!(asked(sandbox), of_each(&accounts, REFRESH, 2));
    sandbox.journal().clear();
    terraform.apply_planned().await.succeeded();
    assert_eq!(asked(sandbox), of_each(&accounts, DESTROY, 1));
    for account in &accounts {
        for image in (0..IMAGES).map(image_name) {
            assert_eq!(scenario.manifests(account, &image), [].into());
        }
    }
    scenario.was_clean().await;
}

/// An index has something below it, which has to be found, and looked at once its tag is gone: other
/// tags and other indexes may need it. Below are six manifests.
#[tokio::test]
async fn what_is_below_an_index_costs_its_destroy_a_login_and_three_calls() {
    let seed = Zone::published().seed(&[FIRST], Seed::demo().hub);
    let scenario = Scenario::of_example_seeded(seed, EXAMPLE).await;
    let (sandbox, terraform) = (&scenario.sandbox, &scenario.terraform);
    scenario.set_variables(&variables(sandbox, &[FIRST], &["alpine:3.22".to_owned()]));
    terraform.init().await;
    terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine").len(), 1 + 6);
    terraform.save_plan(&["-destroy"]).await.succeeded();
    sandbox.journal().clear();
    terraform.apply_planned().await.succeeded();
    let calls: &[(&str, usize)] = &[
        ("AssumeRole", 1),
        ("GetAuthorizationToken", 1),
        // The tag, and what was below.
        ("BatchDeleteImage", 2),
        // Whether the index is gone, and everything below at once.
        ("DescribeImages", 2),
    ];
    assert_eq!(asked(sandbox), of_each(&[FIRST.to_owned()], calls, 1));
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    scenario.was_clean().await;
}

/// The example, initialised, over these accounts.
async fn landing_zone(accounts: &[String]) -> Scenario {
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    // Open to everybody: Terraform keeps the values of variables in a saved plan, a password too.
    let mut hub = seed(&[], IMAGES).hub;
    for repository in hub.repositories.values_mut() {
        repository.readers = None;
    }
    let seed = Zone::published().seed(&accounts, hub);
    let scenario = Scenario::of_example_seeded(seed, EXAMPLE).await;
    let images: Vec<String> = (0..IMAGES)
        .map(|image| format!("{}:1", image_name(image)))
        .collect();
    scenario.set_variables(&variables(&scenario.sandbox, &accounts, &images));
    scenario.terraform.init().await;
    scenario
}

/// What Docker Hub is asked for the same images when there is one account.
async fn of_one_account() -> BTreeMap<String, usize> {
    let scenario = landing_zone(&[target(0)]).await;
    scenario.terraform.save_plan(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    scenario.terraform.apply_planned().await.succeeded();
    let asked = at_source(&scenario.sandbox);
    scenario.was_clean().await;
    asked
}

#[tokio::test]
async fn an_account_that_is_closed_is_asked_once_and_every_instance_hears_why() {
    let scenario = Scenario::seeded(seed(&[&target(0)], IMAGES), "").await;
    let sandbox = &scenario.sandbox;
    let closed = settings().replace("ecr-publisher", "closed");
    scenario.configure_with(&provider(sandbox, &closed), &resources(&[target(0)]));
    let plan = scenario.terraform.save_plan(&[]).await;
    plan.succeeded().says("10 to add");
    sandbox.journal().clear();
    let run = scenario.terraform.apply_planned().await.failed();
    let told = run.stderr.matches("Error: Cannot assume IAM role").count();
    assert_eq!(told, IMAGES, "{}", run.text);
    let asked = roles_asked(sandbox);
    assert_eq!(asked[&role(&target(0), "closed")], 1, "{asked:?}");
    scenario.was_clean().await;
}

/// One of two accounts has a role that trusts nobody who is here.
#[tokio::test]
async fn an_account_that_is_closed_does_not_hold_up_the_other_one() {
    let accounts = [target(0), target(1)];
    let scenario = Scenario::seeded(seed(&[&accounts[0], &accounts[1]], IMAGES), "").await;
    let sandbox = &scenario.sandbox;
    let closed = RoleSeed::new(
        "ecr-publisher",
        PolicyDocument::trust(&[&role(TOOLING, "nobody")]),
    );
    let (id, open) = (accounts[1].parse().unwrap(), accounts[0].parse().unwrap());
    sandbox.accounts().put_role(&id, closed).unwrap();
    scenario.configure_with(&provider(sandbox, &settings()), &resources(&accounts));
    scenario
        .terraform
        .save_plan(&[])
        .await
        .succeeded()
        .says("20 to add");
    sandbox.journal().clear();
    let run = scenario.terraform.apply_planned().await.failed();
    let told = run.stderr.matches("Error: Cannot assume IAM role").count();
    assert_eq!(told, IMAGES, "{}", run.text);
    let once_each = accounts
        .iter()
        .map(|account| role(account, "ecr-publisher"));
    let once_each = once_each
        .chain([role(TOOLING, "tooling")])
        .map(|role| (role, 1));
    assert_eq!(roles_asked(sandbox), once_each.collect());

    for number in 0..IMAGES {
        let tags = sandbox.store().tags(&open, &image_name(number)).unwrap();
        assert_eq!(tags.len(), 1, "{number}");
    }
    let state = scenario.terraform.state();
    let instances = state["resources"][0]["instances"].as_array().unwrap();
    let kept = instances
        .iter()
        .map(|it| it["attributes"]["account_id"].as_str().unwrap());
    assert_eq!(kept.collect::<Vec<_>>(), [accounts[0].as_str(); IMAGES]);
    scenario.was_clean().await;
}

fn settings() -> String {
    format!(
        "  assume_role {{\n    role_arn = \"{}\"\n  }}\n  account_role {{\n    role_arn = \"{}\"\n  }}\n",
        role(TOOLING, "tooling"),
        role("{account_id}", "ecr-publisher"),
    )
}

fn resources(accounts: &[String]) -> String {
    let images: Vec<String> = (0..IMAGES)
        .map(|number| format!("{}:1", image_name(number)))
        .collect();
    format!(
        r#"
locals {{
  pairs = {{ for pair in setproduct({accounts:?}, {images:?}) : join("/", pair) => pair }}
}}

resource "ecrpublic_mirrored_image" "all" {{
  for_each   = local.pairs
  account_id = each.value[0]
  source     = each.value[1]
}}
"#
    )
}

/// Roles, and how often each was asked for.
fn roles_asked(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for entry in assumed(sandbox) {
        *times
            .entry(entry.parameters["RoleArn"].clone())
            .or_default() += 1;
    }
    times
}

type Calls = BTreeMap<String, BTreeMap<String, usize>>;

/// Everything that AWS was asked, account by account. A role is asked of the account that has it.
fn asked(sandbox: &Sandbox) -> Calls {
    let is_aws = |entry: &Entry| matches!(entry.face, Face::Sts | Face::Api);
    let mut calls = Calls::new();
    for entry in sandbox.journal().select(is_aws) {
        let role = entry.parameters.get("RoleArn");
        let of_role = role
            .and_then(|arn| arn.split(':').nth(4))
            .map(str::to_owned);
        let account = of_role.or(entry.account).unwrap_or_default();
        let operation = entry.operation.unwrap_or_default();
        *calls
            .entry(account)
            .or_default()
            .entry(operation)
            .or_default() += 1;
    }
    calls
}

/// These calls to each account, and for each process one for the role that leads to all of them.
fn of_each(accounts: &[String], calls: &[(&str, usize)], processes: usize) -> Calls {
    let calls: BTreeMap<String, usize> = calls
        .iter()
        .map(|(operation, times)| ((*operation).to_owned(), *times))
        .collect();
    let mut all: Calls = accounts
        .iter()
        .map(|account| (account.clone(), calls.clone()))
        .filter(|(_, calls)| !calls.is_empty())
        .collect();
    let own = [("AssumeRole".to_owned(), processes)];
    all.insert(TOOLING.to_owned(), own.into());
    all
}
