//! Signatures by OpenSSL, in Debian's registry, put there by skopeo: nothing of ours made them.
//!
//! Debian's skopeo does not sign itself; it was built without.

use super::judges::{docker_registry, inspect, push_busybox};
use super::openssl::{ED25519, P256, key_pair, sign};
use crate::support::landing_zone::{role, two_targets};
use crate::support::provider_block::block;
use crate::support::scenario::{FIRST, IT, Scenario, TOOLING, it};

#[tokio::test]
async fn signatures_that_openssl_made_are_found_in_a_registry_of_others_and_count() {
    let folder = tempfile::tempdir().unwrap();
    let from = docker_registry(folder.path()).await;
    for algorithm in [P256, ED25519] {
        let folder = tempfile::tempdir_in(folder.path()).unwrap();
        let name = format!("library/{}", algorithm.name);
        let repository = format!("{}/{name}", from.address);
        push_busybox(folder.path(), &format!("{repository}:1")).await;
        let image = inspect(&format!("{repository}:1")).await["Digest"].clone();

        let scenario = Scenario::seeded(two_targets(), "").await;
        let key = key_pair(folder.path(), &algorithm).await;
        scenario.terraform.write("cosign.pub", &key);
        let settings = format!(
            "  assume_role {{\n    role_arn = \"{}\"\n  }}\n  account_role {{\n    role_arn = \
             \"{}\"\n  }}\n  registry {{\n    host = \"registry.example.com\"\n    endpoint = \
             \"http://{}\"\n    plain_http = true\n  }}\n",
            role(TOOLING, "tooling"),
            role("{account_id}", "ecr-publisher"),
            from.address,
        );
        let arguments = format!(
            "source = \"registry.example.com/{name}:1\"\naccount_id = \"{FIRST}\"\nverify {{\n  \
             public_keys = [file(\"cosign.pub\")]\n  annotations = {{ by = \"openssl\" }}\n}}\n"
        );
        scenario.configure_with(&block(&scenario.sandbox, &settings), &it(&arguments));
        let unsigned = scenario.terraform.apply(&[]).await.failed();
        unsigned.says("Error: Image is not signed");
        sign(
            folder.path(),
            &algorithm,
            &repository,
            image.as_str().unwrap(),
        )
        .await;
        scenario.terraform.apply(&[]).await.succeeded();
        assert_eq!(scenario.terraform.attributes(IT).await["digest"], image);
        scenario.terraform.converged().await;
        scenario.was_clean().await;
    }
}
