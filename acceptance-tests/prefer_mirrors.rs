//! Official images come from where nobody counts pulls, if they are there.

use std::iter;

use ecr_public_sandbox::{Effect, Face, Fault, image};

use crate::support::official::{self, with_official_images};
use crate::support::scenario::{FIRST, Scenario, it, named};

const ALPINE: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";

/// Publishes an official image of two platforms with two layers each.
fn publish(scenario: &Scenario, name: &str) {
    let content = image(&format!("official {name}")).layers([2048, 1024]);
    let content = content.platforms(["linux/amd64", "linux/arm64"]);
    official::publish(scenario, name, &content);
}

/// Requests for content of an official image at ECR Public: kind and status.
fn asked(scenario: &Scenario, name: &str) -> Vec<(&'static str, u16)> {
    let path = format!("/v2/docker/library/{name}/");
    let entries = scenario
        .sandbox
        .journal()
        .select(|entry| entry.face == Face::Registry && entry.path.starts_with(&path));
    let mut asked: Vec<_> = entries
        .iter()
        .map(|entry| {
            let kind = match entry.path.contains("/manifests/") {
                true => "manifest",
                false => "blob",
            };
            (kind, entry.status.unwrap())
        })
        .collect();
    asked.sort_unstable();
    asked
}

#[tokio::test]
async fn fifty_official_images_are_mirrored_with_three_pulls_left() {
    let scenario = Scenario::seeded(with_official_images(), "").await;
    for number in 0..50 {
        publish(&scenario, &format!("app{number}"));
    }
    scenario.configure(
        "resource \"ecrpublic_mirrored_image\" \"it\" {\n\
         count = 50\n\
         source = \"app${count.index}:1.0\"\n\
         account_id = count.index % 2 == 0 ? \"222222222222\" : \"333333333333\"\n}\n",
    );
    scenario.sandbox.hub().set_anonymous_remaining(3);
    let plan = scenario.terraform.plan().await.succeeded();
    assert!(!plan.text.contains("Warning"), "{}", plan.text);
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.sandbox.hub().pulls(), 0);
    assert_eq!(scenario.reads(), [""; 0], "nothing was read at Docker Hub");
    // The index and two images; two layers and a configuration of each.
    let manifests = iter::repeat_n(("manifest", 200), 1 + 2);
    let blobs = iter::repeat_n(("blob", 307), 2 * 3);
    assert_eq!(
        asked(&scenario, "app0"),
        Vec::from_iter(blobs.chain(manifests))
    );
    for number in (0..50).step_by(2) {
        let name = format!("app{number}");
        let at_hub = scenario.at_hub(&name, "1.0");
        assert_eq!(
            scenario.tags(FIRST, &name),
            [("1.0".to_owned(), at_hub)].into()
        );
    }
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_image_that_is_not_there_comes_from_docker_hub() {
    let scenario = Scenario::seeded(with_official_images(), &it(ALPINE)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(asked(&scenario, "alpine"), [("manifest", 404)]);
    assert_eq!(
        scenario.sandbox.hub().pulls(),
        7,
        "an index, three images, their attestations"
    );
    scenario.terraform.converged().await;

    // The image is there, but not yet what its tag stands for since a moment ago.
    publish(&scenario, "fresh");
    let newer = image("fresh 1.0 rebuilt").platforms(["linux/amd64"]);
    let hub = scenario.sandbox.hub();
    hub.push("library/fresh", "1.0", &newer).unwrap();
    let fresh = "source = \"fresh:1.0\"\naccount_id = \"222222222222\"\n";
    scenario.configure(&(it(ALPINE) + &named("fresh", fresh)));
    scenario.terraform.apply(&[]).await.succeeded();
    let shown = scenario.tags(FIRST, "fresh");
    assert_eq!(shown["1.0"], scenario.at_hub("fresh", "1.0"));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn whatever_goes_wrong_there_nobody_hears_of_it() {
    let scenario = Scenario::seeded(with_official_images(), "").await;
    let denied = Effect::status(403);
    let faults = [
        ("denied", "/manifests/", denied),
        ("wrong", "/manifests/", Effect::WrongByte { at: 40 }),
        ("damaged", "/blobs/", Effect::WrongByte { at: 0 }),
        ("cut", "/blobs/", Effect::CutResponse { after_bytes: 100 }),
    ];
    for (name, kind, effect) in faults {
        publish(&scenario, name);
        let arguments = format!("source = \"{name}:1.0\"\naccount_id = \"222222222222\"\n");
        scenario.configure(&it(&arguments));
        let path = format!("/docker/library/{name}{kind}");
        let fault = Fault::on(Face::Registry, effect)
            .method("GET")
            .path(&path)
            .always();
        let fault = scenario.sandbox.faults().add(fault);
        let run = scenario
            .terraform
            .apply(&["-replace=ecrpublic_mirrored_image.it"])
            .await;
        let run = run.succeeded();
        assert!(!run.text.contains("Warning"), "{}", run.text);
        assert!(fault.hits() > 0, "{name}");
        let shown = scenario.tags(FIRST, name);
        assert_eq!(shown["1.0"], scenario.at_hub(name, "1.0"), "{name}");
        scenario.terraform.converged().await;
    }
    scenario.was_clean().await;
}

#[tokio::test]
async fn who_does_not_want_it_reads_docker_hub() {
    let scenario = Scenario::seeded(with_official_images(), "").await;
    publish(&scenario, "app");
    let block = scenario.provider_with("  prefer_mirrors = false\n");
    let app = "source = \"app:1.0\"\naccount_id = \"222222222222\"\n";
    scenario.configure_with(&block, &it(app));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(asked(&scenario, "app"), []);
    assert_eq!(scenario.sandbox.hub().pulls(), 3);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}
