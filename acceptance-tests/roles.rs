//! How the provider gets into an account: chains of roles, and what ends them.

use crate::support::landing_zone::{
    EXTERNAL_ID, HUB, PIPELINE_SECRET, WEB_TOKEN, account_role, assume, image_name, instance, into,
    role, two_targets,
};
use crate::support::messages;
use crate::support::provider_block::{aliased, provider};
use crate::support::scenario::{FIRST, SECOND, Scenario, TOOLING};
use crate::support::sts::{assumed, hops, writes};

/// A sandbox with two targets, and this configuration in front of it, initialised.
async fn scenario(settings: &str, resources: &str) -> Scenario {
    let scenario = Scenario::seeded(two_targets(), "").await;
    scenario.configure_with(&provider(&scenario.sandbox, settings), resources);
    scenario
}

fn has_image(scenario: &Scenario, account: &str) -> bool {
    let at_hub = scenario.sandbox.hub().digest(&image_name(0), "1").unwrap();
    let tags = scenario.tags(account, &image_name(0));
    tags.get("1")
        .is_some_and(|digest| *digest == at_hub.to_string())
}

/// Plans, and applies the plan with nothing in the journal but the apply.
async fn apply_alone(scenario: &Scenario) {
    scenario.terraform.save_plan(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    scenario.terraform.apply_planned().await.succeeded();
}

#[tokio::test]
async fn several_blocks_are_a_chain_and_the_account_role_goes_on_from_its_end() {
    let settings = [
        assume(&role(TOOLING, "tooling"), ""),
        assume(&role(HUB, "hub"), ""),
        account_role("ecr-publisher"),
    ];
    let scenario = scenario(&settings.concat(), &into(FIRST)).await;
    apply_alone(&scenario).await;
    assert_eq!(
        hops(&scenario.sandbox),
        [
            "111111111111/pipeline -> 111111111111/tooling",
            "111111111111/tooling -> 444444444444/hub",
            "444444444444/hub -> 222222222222/ecr-publisher",
        ]
    );
    assert!(has_image(&scenario, FIRST));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn every_member_of_a_hop_arrives_and_stays_at_its_own_hop() {
    let everything = r#"
    duration            = "45m"
    session_name        = "landing-zone"
    source_identity     = "jane"
    policy              = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
    policy_arns         = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    tags                = { team = "blue", stage = "prod" }
    transitive_tag_keys = ["team"]
"#;
    let settings = [
        assume(&role(TOOLING, "tooling"), everything),
        assume(&role(HUB, "hub"), ""),
        format!(
            "  account_role {{\n    role_arn    = \"{}\"\n    external_id = \"{EXTERNAL_ID}\"\n  }}\n",
            role("{account_id}", "partner")
        ),
    ];
    let scenario = scenario(&settings.concat(), &into(FIRST)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    assert!(has_image(&scenario, FIRST));
    let seen = assumed(&scenario.sandbox);
    let sent = |name: &str| seen[0].parameters.get(name).map(String::as_str);
    let policy =
        r#"{"Statement":[{"Action":"*","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}"#;
    for (name, value) in [
        ("RoleArn", "arn:aws:iam::111111111111:role/tooling"),
        ("RoleSessionName", "landing-zone"),
        ("DurationSeconds", "2700"),
        ("SourceIdentity", "jane"),
        ("Policy", policy),
        (
            "PolicyArns.member.1.arn",
            "arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        ("Tags.member.1.Key", "stage"),
        ("Tags.member.1.Value", "prod"),
        ("Tags.member.2.Key", "team"),
        ("Tags.member.2.Value", "blue"),
        ("TransitiveTagKeys.member.1", "team"),
    ] {
        assert_eq!(sent(name), Some(value), "{name}");
    }
    let only = ["RoleArn", "RoleSessionName", "DurationSeconds"];
    let names = |hop: usize| -> Vec<&str> {
        let names = seen[hop].parameters.keys().map(String::as_str);
        names
            .filter(|name| !["Action", "Version"].contains(name) && !only.contains(name))
            .collect()
    };
    assert_eq!(names(1), [""; 0]);
    let partner = seen
        .iter()
        .position(|entry| entry.parameters["RoleArn"].ends_with("partner"));
    let partner = partner.expect("the account role was asked for");
    assert_eq!(names(partner), ["ExternalId"]);
    assert_eq!(seen[partner].parameters["ExternalId"], EXTERNAL_ID);
    assert_eq!(seen[partner].parameters["DurationSeconds"], "3600");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_resource_goes_on_from_the_provider_over_roles_of_its_own() {
    let own = format!(
        "  assume_role = [\n    {{ role_arn = \"{}\" }},\n    {{\n      role_arn     = \"{}\"\n      \
         external_id  = \"{EXTERNAL_ID}\"\n      session_name = \"images\"\n    }},\n  ]",
        role(HUB, "hub"),
        role(SECOND, "partner"),
    );
    let scenario = scenario(
        &assume(&role(TOOLING, "tooling"), ""),
        &instance("it", &own),
    )
    .await;
    scenario.terraform.apply(&[]).await.succeeded();
    let last = hops(&scenario.sandbox).pop();
    assert_eq!(
        last.as_deref(),
        Some("444444444444/hub -> 333333333333/partner")
    );
    let last = assumed(&scenario.sandbox).pop().unwrap();
    assert_eq!(last.parameters["ExternalId"], EXTERNAL_ID);
    assert_eq!(last.parameters["RoleSessionName"], "images");
    assert!(has_image(&scenario, SECOND));
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    assert!(!has_image(&scenario, SECOND));
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_web_identity_is_the_first_hop_whatever_keys_the_environment_has() {
    let scenario = Scenario::seeded(two_targets(), "").await;
    scenario.terraform.write("token", &format!("{WEB_TOKEN}\n"));
    let settings = format!(
        "  assume_role_with_web_identity {{\n    role_arn = \"{}\"\n    session_name = \"pipeline-42\"\n    \
         web_identity_token_file = \"token\"\n  }}\n{}{}",
        role(TOOLING, "federated"),
        assume(&role(HUB, "hub"), ""),
        account_role("ecr-publisher"),
    );
    scenario.configure_with(&provider(&scenario.sandbox, &settings), &into(FIRST));
    scenario.terraform.apply(&[]).await.succeeded();
    let hops = hops(&scenario.sandbox);
    assert_eq!(hops[0], "nobody -> 111111111111/federated");
    assert_eq!(hops[1], "111111111111/federated -> 444444444444/hub");
    assert!(hops.contains(&"444444444444/hub -> 222222222222/ecr-publisher".to_owned()));
    let first = assumed(&scenario.sandbox).remove(0);
    assert_eq!(
        first.operation.as_deref(),
        Some("AssumeRoleWithWebIdentity")
    );
    assert_eq!(first.parameters["RoleSessionName"], "pipeline-42");
    assert!(!first.has_authorization);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_profile_of_shared_files_leads_over_its_source_profiles() {
    let mut scenario = Scenario::seeded(two_targets(), "").await;
    scenario.terraform.write(
        "credentials",
        &format!(
            "[base]\naws_access_key_id = AKIAPIPELINE00000000\naws_secret_access_key = {PIPELINE_SECRET}\n"
        ),
    );
    scenario.terraform.write(
        "config",
        &format!(
            "[profile tooling]\nrole_arn = {}\nsource_profile = base\nduration_seconds = 1800\n\n\
             [profile hub]\nrole_arn = {}\nsource_profile = tooling\nrole_session_name = of-the-profile\n",
            role(TOOLING, "tooling"),
            role(HUB, "hub"),
        ),
    );
    // A profile of the provider block comes before keys of the environment.
    scenario
        .terraform
        .set("AWS_ACCESS_KEY_ID", "AKIANOBODY0000000000");
    scenario.terraform.set("AWS_SECRET_ACCESS_KEY", "of-nobody");
    let settings = format!(
        "  profile = \"hub\"\n  shared_config_files = [\"config\"]\n  \
         shared_credentials_files = [\"credentials\"]\n{}",
        account_role("ecr-publisher")
    );
    scenario.configure_with(&provider(&scenario.sandbox, &settings), &into(FIRST));
    apply_alone(&scenario).await;
    assert_eq!(
        hops(&scenario.sandbox),
        [
            "111111111111/pipeline -> 111111111111/tooling",
            "111111111111/tooling -> 444444444444/hub",
            "444444444444/hub -> 222222222222/ecr-publisher",
        ]
    );
    let seen = assumed(&scenario.sandbox);
    assert_eq!(seen[0].parameters["DurationSeconds"], "1800");
    assert_eq!(seen[1].parameters["RoleSessionName"], "of-the-profile");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn each_alias_of_the_provider_is_somebody_else() {
    let scenario = Scenario::seeded(two_targets(), "").await;
    let sandbox = &scenario.sandbox;
    let direct = [
        assume(&role(TOOLING, "tooling"), ""),
        account_role("ecr-publisher"),
    ];
    let over_the_hub = [
        assume(&role(TOOLING, "tooling"), ""),
        assume(&role(HUB, "hub"), ""),
        assume(
            &role(SECOND, "partner"),
            &format!("    external_id = \"{EXTERNAL_ID}\""),
        ),
    ];
    let providers = [
        provider(sandbox, &direct.concat()),
        aliased(sandbox, "partner", &over_the_hub.concat()),
    ];
    let resources = [
        into(FIRST),
        instance("other", "  provider = ecrpublic.partner"),
    ];
    scenario.configure_with(&providers.concat(), &resources.concat());
    scenario.terraform.apply(&[]).await.succeeded();
    assert!(has_image(&scenario, FIRST) && has_image(&scenario, SECOND));
    let other = scenario
        .terraform
        .attributes("ecrpublic_mirrored_image.other")
        .await;
    assert_eq!(other["account_id"], SECOND);
    let created = sandbox
        .journal()
        .select(|entry| entry.operation.as_deref() == Some("CreateRepository"));
    let mut by: Vec<_> = created
        .into_iter()
        .filter_map(|entry| entry.account)
        .collect();
    by.sort();
    assert_eq!(by, [FIRST, SECOND]);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn roles_that_are_made_in_the_same_run_are_no_error_in_a_plan() {
    let scenario = Scenario::seeded(two_targets(), "").await;
    let made = |time: &str| {
        format!(
            "resource \"terraform_data\" \"tooling\" {{\n  input = \"{}\"\n  \
         triggers_replace = \"{time}\"\n}}\n\
         resource \"terraform_data\" \"publisher\" {{\n  input = \"{}\"\n}}\n",
            role(TOOLING, "tooling"),
            role(SECOND, "ecr-publisher"),
        )
    };
    let settings = format!(
        "  assume_role {{\n    role_arn = terraform_data.tooling.output\n  }}\n{}",
        account_role("ecr-publisher")
    );
    let by_resource = instance(
        "other",
        "  assume_role = [{ role_arn = terraform_data.publisher.output }]",
    );
    let configure = |time: &str| {
        scenario.configure_with(
            &provider(&scenario.sandbox, &settings),
            &[made(time), into(FIRST), by_resource.clone()].concat(),
        );
    };
    configure("first");
    scenario
        .terraform
        .save_plan(&[])
        .await
        .succeeded()
        .says("4 to add");
    // Nobody may stand in for the role that is not known yet.
    assert_eq!(hops(&scenario.sandbox), [""; 0]);
    scenario.terraform.apply_planned().await.succeeded();
    assert!(has_image(&scenario, FIRST) && has_image(&scenario, SECOND));

    // Made anew, the role is unknown again; what is in state stays as it is.
    scenario.terraform.converged().await;
    scenario.sandbox.journal().clear();
    configure("second");
    let plan = scenario.terraform.save_plan(&[]).await.succeeded();
    plan.says("1 to add, 0 to change, 1 to destroy");
    assert_eq!(hops(&scenario.sandbox), [""; 0]);
    scenario.terraform.apply_planned().await.succeeded();
    assert_eq!(writes(&scenario.sandbox), [""; 0]);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn nothing_is_written_to_an_account_that_the_lists_do_not_allow() {
    let way = [
        assume(&role(TOOLING, "tooling"), ""),
        account_role("ecr-publisher"),
    ]
    .concat();
    let allowed = format!("  allowed_account_ids = [\"{SECOND}\"]\n{way}");
    let scenario = scenario(&allowed, &into(FIRST)).await;
    let run = scenario.terraform.apply(&[]).await;
    messages::failed_with("account_not_in_the_list", run);

    // Where only the apply knows the account, it is the apply that is stopped.
    let forbidden = format!("  forbidden_account_ids = [\"{FIRST}\"]\n{way}");
    let late = format!(
        "resource \"terraform_data\" \"account\" {{\n  input = \"{FIRST}\"\n}}\n{}",
        instance("it", "  account_id = terraform_data.account.output")
    );
    scenario.configure_with(&provider(&scenario.sandbox, &forbidden), &late);
    let run = scenario.terraform.apply(&[]).await;
    messages::failed_with("account_forbidden", run);
    assert_eq!(writes(&scenario.sandbox), [""; 0]);
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_identity_that_ends_in_another_account_changes_nothing_there() {
    let ends_in = |account: &str| {
        [
            assume(&role(TOOLING, "tooling"), ""),
            assume(&role(account, "ecr-publisher"), ""),
        ]
        .concat()
    };
    let scenario = scenario(&ends_in(FIRST), &instance("it", "")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    assert!(has_image(&scenario, FIRST));
    let before = scenario
        .terraform
        .attributes("ecrpublic_mirrored_image.it")
        .await;

    // Somebody edits the role: what is in state is in an account that nothing leads to any more.
    scenario.configure_with(
        &provider(&scenario.sandbox, &ends_in(SECOND)),
        &instance("it", ""),
    );
    scenario.sandbox.journal().clear();
    let run = scenario.terraform.apply(&[]).await;
    messages::failed_with("another_account", run);
    let run = scenario.terraform.destroy().await;
    messages::failed_with("another_account_at_destroy", run);
    assert_eq!(writes(&scenario.sandbox), [""; 0]);
    let after = scenario
        .terraform
        .attributes("ecrpublic_mirrored_image.it")
        .await;
    assert_eq!(after, before);
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_role_that_trusts_somebody_else_is_named_with_its_caller() {
    let refused = [
        (
            "refused_account_role",
            [
                assume(&role(TOOLING, "tooling"), ""),
                account_role("closed"),
            ]
            .concat(),
            into(FIRST),
        ),
        (
            "refused_provider_role",
            [
                assume(&role(TOOLING, "tooling"), ""),
                assume(&role(FIRST, "closed"), ""),
            ]
            .concat(),
            instance("it", ""),
        ),
        (
            "refused_external_id",
            [
                assume(&role(TOOLING, "tooling"), ""),
                assume(&role(HUB, "hub"), ""),
            ]
            .concat(),
            instance(
                "it",
                &format!(
                    "  assume_role = [{{ role_arn = \"{}\", external_id = \"a-guess\" }}]",
                    role(FIRST, "partner")
                ),
            ),
        ),
    ];
    let scenario = Scenario::seeded(two_targets(), "").await;
    for (name, settings, resources) in refused {
        scenario.configure_with(&provider(&scenario.sandbox, &settings), &resources);
        let run = scenario.terraform.apply(&[]).await;
        messages::failed_with(name, run);
    }
    assert_eq!(writes(&scenario.sandbox), [""; 0]);
    scenario.was_clean().await;
}
