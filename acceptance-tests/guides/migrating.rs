//! *Moving from other tools*: what is there is taken over, with and without the bytes of the source.

use super::{blocks, rendered, scenario_of};
use crate::support::scenario::{FIRST, Scenario};

pub(super) const GUIDE: &str = "guides/migrating.md";

/// The folder of somebody who has another tool in use. Providers of others are not at hand, so a
/// resource that Terraform brings itself is in the place of theirs.
async fn with_another_tool(main: &str) -> Scenario {
    let before = "resource \"terraform_data\" \"nginx\" {}\n";
    let (head, _) = main.split_once("resource ").unwrap();
    let scenario = scenario_of(&format!("{head}{before}"), "").await;
    scenario.terraform.init().await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario
}

fn forgetting(removed: &str) -> String {
    assert!(removed.contains("crane_image.nginx"));
    removed.replace("crane_image.", "terraform_data.")
}

struct Guide {
    main: String,
    removed: String,
    commands: [String; 2],
    answers: [String; 2],
}

fn guide() -> Guide {
    let page = rendered(GUIDE);
    let [main] = <[String; 1]>::try_from(blocks(&page, "terraform")).unwrap();
    let [removed] = <[String; 1]>::try_from(blocks(&page, "hcl")).unwrap();
    Guide {
        main,
        removed,
        commands: blocks(&page, "shell").try_into().unwrap(),
        answers: blocks(&page, "text").try_into().unwrap(),
    }
}

#[tokio::test]
async fn an_image_of_another_tool_is_taken_over_and_nothing_is_pushed_or_removed() {
    let guide = guide();
    let mut scenario = with_another_tool(&guide.main).await;
    // What `crane`, `skopeo` or we ourselves have copied.
    let image = "resource \"ecrpublic_mirrored_image\" \"nginx\" {\n  source = \"nginx:1.27\"\n  \
                 account_id = \"222222222222\"\n}\n";
    let other = scenario.beside(image).await;
    other.apply(&[]).await.succeeded();
    let before = scenario.manifests(FIRST, "nginx");
    scenario.sandbox.journal().clear();

    let moving = format!("{}\n{}\n", guide.main, forgetting(&guide.removed));
    scenario.terraform.write("main.tf", &moving);
    let run = scenario.terraform.shell(&guide.commands[0]).await;
    let run = run.succeeded().says(&guide.answers[0]);
    run.says("1 imported, 0 added, 0 changed, 0 destroyed");
    assert_eq!(scenario.writes(), [""; 0]);
    assert_eq!(scenario.reads(), [""; 0]);

    let (after, _) = guide.main.split_once("\nimport ").unwrap();
    scenario.terraform.write("main.tf", after);
    let run = scenario.terraform.shell(&guide.commands[1]).await;
    run.succeeded().says("No changes.");
    assert_eq!(scenario.manifests(FIRST, "nginx"), before);
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_image_with_other_bytes_is_one_change_and_the_old_one_stays_without_a_tag() {
    let guide = guide();
    let mut scenario = with_another_tool(&guide.main).await;
    let image = "resource \"ecrpublic_mirrored_image\" \"nginx\" {\n  source = \"alpine:3.21\"\n  \
                 repository = \"nginx\"\n  image_tags = [\"1.27\"]\n  \
                 account_id = \"222222222222\"\n}\n";
    let other = scenario.beside(image).await;
    other.apply(&[]).await.succeeded();
    let old = scenario.tags(FIRST, "nginx")["1.27"].clone();

    let moving = format!("{}\n{}\n", guide.main, forgetting(&guide.removed));
    scenario.terraform.write("main.tf", &moving);
    let run = scenario.terraform.shell(&guide.commands[0]).await;
    run.succeeded().says(&guide.answers[1]);
    let digest = scenario.at_hub("nginx", "1.27");
    assert_eq!(scenario.tags(FIRST, "nginx")["1.27"], digest);
    let manifests = scenario.manifests(FIRST, "nginx");
    assert!(manifests.contains(&old), "{old} is not in {manifests:?}");
    let (after, _) = guide.main.split_once("\nimport ").unwrap();
    scenario.terraform.write("main.tf", after);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}
