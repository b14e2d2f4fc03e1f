//! Every way to get something written to an account that it was not meant for. None of them works:
//! the message says what was found, and the sandbox has seen nothing that would change an account.

use ecr_public_sandbox::accounts::UserSeed;
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::{Effect, Face, Fault, Seed};

use crate::support::landing_zone::{
    account_role, assume, image_name, instance, into, role, two_targets,
};
use crate::support::messages;
use crate::support::provider_block::{aliased, provider};
use crate::support::scenario::{FIRST, IT, SECOND, Scenario, TOOLING};
use crate::support::terraform::Run;

/// From the tooling account by its role into every account.
fn everywhere() -> String {
    tooling() + &account_role("ecr-publisher")
}

fn tooling() -> String {
    assume(&role(TOOLING, "tooling"), "")
}

/// From the tooling account into one account, which is the provider's own then.
fn at_home_in(account: &str) -> String {
    tooling() + &assume(&role(account, "ecr-publisher"), "")
}

async fn scenario(settings: &str, resources: &str) -> Scenario {
    let scenario = Scenario::seeded(two_targets(), "").await;
    scenario.configure_with(&provider(&scenario.sandbox, settings), resources);
    scenario
}

/// Asserts that it failed in the words of the snapshot, and that nothing was changed by it.
#[track_caller]
fn stopped(scenario: &Scenario, name: &str, run: Run) {
    messages::failed_with(&format!("guard_{name}"), run);
    assert_eq!(scenario.writes(), [""; 0], "{name}");
}

/// A scenario in which the image is in this account already, and nobody remembers who put it there.
async fn with_an_image_in(account: &str) -> Scenario {
    let scenario = scenario(&everywhere(), &into(account)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.forget(IT).await;
    scenario.sandbox.journal().clear();
    scenario
}

async fn imported(scenario: &Scenario, id: &str) -> Run {
    let image = image_name(0);
    let id = id
        .replace("{first}", &format!("{FIRST}/{image}:1"))
        .replace("{second}", &format!("{SECOND}/{image}:1"))
        .replace(
            "{second by alias}",
            &format!("public.ecr.aws/{}/{image}:1", scenario.alias(SECOND)),
        );
    let import = ["import", "-input=false", IT, &id];
    scenario.terraform.run(&import).await
}

#[tokio::test]
async fn an_import_of_what_is_in_another_account() {
    let scenario = with_an_image_in(SECOND).await;
    let only_first = format!("  allowed_account_ids = [\"{FIRST}\"]\n{}", everywhere());
    let publisher = |account: &str| format!("role_arn={}", role(account, "ecr-publisher"));
    let only_first = provider(&scenario.sandbox, &only_first);
    scenario.configure_with(&only_first, &into(FIRST));
    for (name, id) in [
        ("import_of_another_account", "{second}".to_owned()),
        (
            "import_by_a_role_of_another_account",
            format!("{{first}}?{}", publisher(SECOND)),
        ),
        (
            "import_by_an_alias_of_another_account",
            format!("{{second by alias}}?{}", publisher(FIRST)),
        ),
        (
            "import_by_an_alias_and_a_role_of_another_account",
            format!("{{second by alias}}?{}", publisher(SECOND)),
        ),
        (
            "import_by_an_alias_that_is_not_the_providers",
            "{second by alias}".to_owned(),
        ),
    ] {
        stopped(&scenario, name, imported(&scenario, &id).await);
    }
    assert!(scenario.terraform.attributes(IT).await.is_null());
    scenario.was_clean().await;
}

/// What STS answers is not what was asked for: a role of [`FIRST`], and a session in [`SECOND`]
/// whose credentials could write there.
#[tokio::test]
async fn a_role_that_leads_elsewhere() {
    let own = format!(
        "  assume_role = [{{ role_arn = \"{}\" }}]",
        role(FIRST, "ecr-publisher")
    );
    for (name, settings, resources) in [
        ("account_role_elsewhere", everywhere(), into(FIRST)),
        ("resource_role_elsewhere", tooling(), instance("it", &own)),
        (
            "provider_role_elsewhere",
            at_home_in(FIRST),
            instance("it", ""),
        ),
    ] {
        let scenario = scenario(&settings, &resources).await;
        let elsewhere = Effect::SessionOf {
            role_arn: role(SECOND, "ecr-publisher"),
        };
        let asked = format!("RoleArn={}", role(FIRST, "ecr-publisher"));
        let elsewhere = Fault::on(Face::Sts, elsewhere).body(&asked).always();
        let elsewhere = scenario.sandbox.faults().add(elsewhere);
        stopped(&scenario, name, scenario.terraform.apply(&[]).await);
        assert!(elsewhere.hits() > 0);
        elsewhere.remove();
        scenario.terraform.apply(&[]).await.succeeded();
        assert!(scenario.tags(SECOND, &image_name(0)).is_empty());
        scenario.was_clean().await;
    }
}

/// The state is of one alias of the provider, and the configuration goes on with another.
#[tokio::test]
async fn a_swapped_alias_of_the_provider() {
    let scenario = Scenario::seeded(two_targets(), "").await;
    let aliases = [
        aliased(&scenario.sandbox, "first", &at_home_in(FIRST)),
        aliased(&scenario.sandbox, "second", &at_home_in(SECOND)),
    ];
    let with = |alias: &str, more: &str| {
        let settings = format!("  provider = ecrpublic.{alias}\n{more}");
        scenario.configure_with(&aliases.concat(), &instance("it", &settings));
    };
    with("first", "");
    scenario.terraform.apply(&[]).await.succeeded();
    let before = scenario.terraform.attributes(IT).await;
    scenario.sandbox.journal().clear();

    with("second", "");
    let terraform = &scenario.terraform;
    let replace = format!("-replace={IT}");
    let destroy = ["destroy", "-auto-approve", "-refresh=false"];
    stopped(&scenario, "swapped_at_refresh", terraform.plan().await);
    let run = terraform.apply(&["-refresh=false"]).await;
    stopped(&scenario, "swapped_at_apply", run);
    let run = terraform.apply(&["-refresh=false", &replace]).await;
    stopped(&scenario, "swapped_at_replace", run);
    let run = terraform.run(&destroy).await;
    stopped(&scenario, "swapped_at_destroy", run);
    // An update, since the account stays where it is written down.
    let tags = format!("  account_id = \"{FIRST}\"\n  image_tags = [\"1\", \"2\"]");
    with("second", &tags);
    let run = terraform.apply(&["-refresh=false"]).await;
    stopped(&scenario, "swapped_at_update", run);

    assert_eq!(terraform.attributes(IT).await, before);
    with("first", "");
    terraform.converged().await;
    scenario.was_clean().await;
}

/// Users of both targets who may do everything at home.
fn with_users() -> Seed {
    let mut seed = two_targets();
    let all = PolicyDocument::allow(&["ecr-public:*", "sts:*"], "*").unwrap();
    seed.accounts = seed
        .accounts
        .into_iter()
        .map(|account| {
            let id = account.id.to_string();
            match [FIRST, SECOND].contains(&id.as_str()) {
                false => account,
                true => account
                    .user(UserSeed::new("admin", &key(&id), &secret(&id)).policy(all.clone())),
            }
        })
        .collect();
    seed
}

fn key(account: &str) -> String {
    format!("AKIA{account}")
}

fn secret(account: &str) -> String {
    format!("secretOfTheAdminOf{account}0000000000")
}

fn become_admin(scenario: &mut Scenario, account: &str) {
    scenario.terraform.set("AWS_ACCESS_KEY_ID", key(account));
    scenario
        .terraform
        .set("AWS_SECRET_ACCESS_KEY", secret(account));
}

/// The account is known when a plan is made, and the plan is applied by somebody else.
#[tokio::test]
async fn a_plan_that_is_applied_with_credentials_of_another_account() {
    let mut scenario = Scenario::seeded(with_users(), "").await;
    let block = provider(&scenario.sandbox, "");
    scenario.configure_with(&block, &into(FIRST));
    become_admin(&mut scenario, FIRST);
    scenario.terraform.save_plan(&[]).await.succeeded();
    become_admin(&mut scenario, SECOND);
    let run = scenario.terraform.apply_planned().await;
    stopped(&scenario, "applied_by_somebody_else", run);

    // Where the account is not written down, Terraform itself finds that the plan is another one.
    scenario.configure_with(&block, &instance("it", ""));
    become_admin(&mut scenario, FIRST);
    scenario.terraform.save_plan(&[]).await.succeeded();
    become_admin(&mut scenario, SECOND);
    scenario.terraform.apply_planned().await.failed();
    assert_eq!(scenario.writes(), [""; 0]);
    become_admin(&mut scenario, FIRST);
    scenario.terraform.apply(&[]).await.succeeded();
    assert!(scenario.tags(SECOND, &image_name(0)).is_empty());
    scenario.was_clean().await;
}

/// Nobody has asked AWS who the provider is, so the lists are asked when something is to be done.
#[tokio::test]
async fn an_account_that_nobody_was_asked_about() {
    let mut scenario = Scenario::seeded(with_users(), "").await;
    become_admin(&mut scenario, FIRST);
    let unasked = "  skip_credentials_validation = true\n  skip_requesting_account_id = true\n";
    let guarded = |list: &str, account: &str| {
        let settings = format!("{unasked}  {list} = [\"{account}\"]\n");
        scenario.configure_with(&provider(&scenario.sandbox, &settings), &instance("it", ""));
    };
    guarded("forbidden_account_ids", FIRST);
    scenario.terraform.plan().await.succeeded();
    let run = scenario.terraform.apply(&[]).await;
    stopped(&scenario, "unasked_account_forbidden", run);
    guarded("allowed_account_ids", SECOND);
    let run = scenario.terraform.apply(&[]).await;
    stopped(&scenario, "unasked_account_not_allowed", run);

    // What AWS does not tell is not allowed either, whatever the list says.
    let nameless = Effect::Answer {
        status: 200,
        headers: [("content-type".to_owned(), "text/xml".to_owned())].into(),
        body: "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>somebody</Arn>\
               </GetCallerIdentityResult></GetCallerIdentityResponse>"
            .to_owned(),
    };
    let nameless = Fault::on(Face::Sts, nameless).operation("GetCallerIdentity");
    let nameless = scenario.sandbox.faults().add(nameless.always());
    for (list, account) in [
        ("forbidden_account_ids", SECOND),
        ("allowed_account_ids", FIRST),
    ] {
        guarded(list, account);
        let run = scenario.terraform.apply(&[]).await;
        stopped(&scenario, "account_that_cannot_be_told", run);
    }
    nameless.remove();
    guarded("allowed_account_ids", FIRST);
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.was_clean().await;
}

/// See also `roles::nothing_is_written_to_an_account_that_the_lists_do_not_allow`.
#[tokio::test]
async fn a_role_that_only_the_apply_knows() {
    let settings = format!("  allowed_account_ids = [\"{FIRST}\"]\n{}", tooling());
    let late = |account: &str| {
        let role = role(account, "ecr-publisher");
        let own = "  assume_role = [{ role_arn = terraform_data.role.output }]";
        format!("resource \"terraform_data\" \"role\" {{\n  input = \"{role}\"\n}}\n")
            + &instance("it", own)
    };
    let scenario = scenario(&settings, &late(SECOND)).await;
    scenario.terraform.save_plan(&[]).await.succeeded();
    let run = scenario.terraform.apply_planned().await;
    stopped(&scenario, "late_role_not_allowed", run);
    scenario.was_clean().await;
}
