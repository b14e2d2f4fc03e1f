//! The examples are configurations that Terraform accepts, in the form that `terraform fmt` gives, and
//! those of a whole story do what they say.

use std::fs;
use std::path::Path;
use std::process::Command;

use ecr_public_sandbox::{Face, Seed};
use serde_json::json;

use terraform_provider_ecrpublic::provider::EcrPublic;
use terraform_provider_ecrpublic::tf::DynProvider;

use crate::support::scenario::{FIRST, SECOND, Scenario};
use crate::support::tables::read;
use crate::support::terraform::Terraform;

#[tokio::test]
async fn the_provider_example_is_valid() {
    validates("examples/provider").await;
}

#[tokio::test]
async fn the_resource_example_and_its_import_block_are_valid() {
    validates("examples/resources/ecrpublic_mirrored_image").await;
}

#[tokio::test]
async fn the_landing_zone_is_valid() {
    validates("examples/landing-zone").await;
}

#[tokio::test]
async fn the_example_of_each_function_is_valid() {
    all_below("examples/functions", 3).await;
}

#[tokio::test]
async fn the_example_of_each_data_source_is_valid() {
    all_below("examples/data-sources", 4).await;
}

#[tokio::test]
async fn the_example_of_the_ephemeral_resource_is_valid() {
    all_below("examples/ephemeral-resources", 1).await;
}

/// The Terraform that runs here has neither queries nor actions, but knows how they are formatted. That
/// what is configured is configurable, the schema tells.
#[tokio::test]
async fn the_examples_for_newer_hosts_are_ones_that_they_take() {
    let provider = EcrPublic::default();
    let lists = DynProvider::list_resources(&provider).into_iter();
    let lists = lists.map(|(kind, list)| {
        let path = format!("examples/list-resources/{kind}/list-resource.tfquery.hcl");
        (path, format!("list \"{kind}\" "), list.schema().block)
    });
    let actions = DynProvider::actions(&provider).into_iter();
    let actions = actions.map(|(kind, action)| {
        let path = format!("examples/actions/{kind}/action.tf");
        (path, format!("action \"{kind}\" "), action.schema().block)
    });
    let all: Vec<_> = lists.chain(actions).collect();
    assert_eq!(all.len(), 3);
    for (path, head, block) in all {
        let example = read(&path);
        let terraform = Terraform::empty();
        terraform.write("example.tf", &example);
        terraform.run(&["fmt", "-check", "-diff"]).await.succeeded();
        assert!(example.contains(&head), "{example}");
        let (_, config) = example.split_once("  config {\n").unwrap();
        let (config, _) = config.split_once("\n  }").unwrap();
        let settings = config.lines().filter_map(|line| line.split_once('='));
        for (name, _) in settings {
            let is_known = block.attributes.iter().any(|each| each.name == name.trim());
            assert!(is_known, "{path}: `{name}` is no attribute");
        }
    }
}

#[tokio::test]
async fn the_signed_images_are_valid() {
    validates("examples/signed-images").await;
}

/// An example that mirrors into one account of the demo, applied.
async fn applied(folder: &str) -> Scenario {
    let scenario = Scenario::of_example(folder).await;
    scenario.reach_sandbox(".");
    scenario.set_variables(&json!({ "account_id": FIRST }));
    scenario.terraform.init().await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario
}

#[tokio::test]
async fn the_catalogue_of_base_images_mirrors_every_tag_and_cleans_up_behind_it() {
    let scenario = applied("examples/base-images").await;
    let images = scenario.terraform.output("images").await;
    let names: Vec<&String> = images.as_object().unwrap().keys().collect();
    let expected = [
        "base/alpine:3.21",
        "base/alpine:3.22",
        "base/nginx:1.27-alpine",
    ];
    assert_eq!(names, expected);
    let tags = scenario.tags(FIRST, "base/alpine");
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["3.21", "3.22"]);
    assert_ne!(tags["3.22"], scenario.at_hub("alpine", "3.22"));
    let nginx = &scenario.tags(FIRST, "base/nginx")["1.27-alpine"];
    assert_eq!(*nginx, scenario.at_hub("nginx", "1.27-alpine"));
    scenario.terraform.converged().await;

    // What is published later comes by itself, and nothing that is there goes.
    let newer = scenario.at_hub("nginx", "1.27-alpine").parse().unwrap();
    let hub = scenario.sandbox.hub();
    hub.move_tag("library/nginx", "1.28-alpine", &newer);
    hub.move_tag("library/nginx", "1.28-alpine-slim", &newer);
    let run = scenario.terraform.apply(&[]).await.succeeded();
    run.says("1 added, 0 changed, 0 destroyed");
    let tags = scenario.tags(FIRST, "base/nginx");
    assert_eq!(
        tags.keys().collect::<Vec<_>>(),
        ["1.27-alpine", "1.28-alpine"]
    );
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn the_manifest_for_kubernetes_runs_the_image_that_was_mirrored() {
    let scenario = applied("examples/kubernetes").await;
    let manifest = scenario.terraform.output("manifest").await;
    let digest = scenario.at_hub("nginx", "1.27-alpine");
    let address = format!("public.ecr.aws/{}/nginx@{digest}", scenario.alias(FIRST));
    let line = format!("\"image\": \"{address}\"\n");
    assert!(manifest.as_str().unwrap().contains(&line), "{manifest}");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

/// As the README of the example says, but for the ports, which are free ones here.
#[tokio::test]
async fn the_offline_test_of_a_module_passes_and_leaves_nothing_behind() {
    const FOLDER: &str = "examples/offline-test";
    const TEST: &str = "tests/mirror.tftest.hcl";
    let scenario = Scenario::of_example_seeded(Seed::demo(), FOLDER).await;
    let mut test = read(&format!("{FOLDER}/{TEST}"));
    for (port, face) in (7000..).zip(Face::ALL) {
        let written = format!("http://127.0.0.1:{port}");
        test = test.replace(&written, &scenario.sandbox.url(face));
    }
    assert!(!test.contains(":700"), "no such port: {test}");
    scenario.terraform.write(TEST, &test);
    let page = read(&format!("{FOLDER}/README.md"));
    let commands: Vec<&str> = page.split("```sh\n").skip(1).collect();
    let [_, commands] = commands[..] else {
        panic!("there are two places to type something");
    };
    let commands = commands.split("```").next().unwrap();
    assert!(commands.contains("terraform test"));
    let run = scenario.terraform.shell(commands).await.succeeded();
    run.says("2 passed, 0 failed.");
    for account in [FIRST, SECOND] {
        assert!(scenario.tags(account, "alpine").is_empty());
    }
    let reads = scenario.reads();
    assert!(!reads.is_empty(), "nothing was copied");
    scenario.was_clean().await;
}

/// What there is to change, the README of the landing zone says.
#[test]
fn the_way_to_real_accounts_names_every_variable() {
    let readme = read("examples/landing-zone/README.md");
    let (_, section) = readme
        .split_once("\n## From the stand-ins to your accounts\n")
        .unwrap();
    let variables = read("examples/landing-zone/variables.tf");
    let names = variables
        .lines()
        .filter_map(|line| line.strip_prefix("variable \"")?.strip_suffix("\" {"));
    let names: Vec<&str> = names.collect();
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        let is_named = section.contains(&format!("| `{name}` | "));
        assert!(is_named, "the README does not say what `{name}` is to be");
    }
}

#[test]
fn the_examples_are_formatted() {
    let output = Command::new(std::env::var_os("TERRAFORM").unwrap_or_else(|| "terraform".into()))
        .args(["fmt", "-check", "-diff", "-recursive", "examples"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("Terraform is on the PATH, or named by TERRAFORM");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// Validates the example of each object of a kind, of which there are so many.
async fn all_below(folder: &str, count: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = 0;
    for example in fs::read_dir(root).unwrap() {
        let name = example.unwrap().file_name().into_string().unwrap();
        validates(&format!("{folder}/{name}")).await;
        found += 1;
    }
    assert_eq!(found, count);
}

async fn validates(folder: &str) {
    let terraform = Terraform::empty();
    terraform.copy(folder);
    terraform.init().await;
    let run = terraform.run(&["validate"]).await.succeeded();
    assert!(
        run.text.contains("The configuration is valid."),
        "{}",
        run.text
    );
}
