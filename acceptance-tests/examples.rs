//! The examples are configurations that Terraform accepts, in the form that `terraform fmt` gives.

use std::fs;
use std::path::Path;
use std::process::Command;

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
