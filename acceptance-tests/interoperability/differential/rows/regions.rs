//! Where STS is, by region.

use serde_json::json;

use super::super::accounts::{keys, user};
use super::super::difference::Difference;
use super::super::row::{Row, fails};

pub(super) fn rows() -> Vec<Row> {
    // Calls of the stand-in show the region that they are signed for.
    let signed = |name| {
        Row::named(name)
            .environment_keys("environment")
            .block(json!({"region": null}))
    };
    let team = format!("[profile team]\nregion = eu-north-1\n{}", keys("profile"));
    vec![
        signed("no region at all")
            .reaches(user("environment"))
            .but_theirs(Difference::DefaultRegion, fails("Region")),
        signed("AWS_REGION")
            .variable("AWS_REGION", "eu-west-1")
            .reaches(user("environment")),
        signed("AWS_DEFAULT_REGION")
            .variable("AWS_DEFAULT_REGION", "eu-west-1")
            .reaches(user("environment")),
        signed("AWS_REGION before AWS_DEFAULT_REGION")
            .variable("AWS_REGION", "eu-west-1")
            .variable("AWS_DEFAULT_REGION", "eu-west-2")
            .reaches(user("environment")),
        signed("AWS_REGION before the region of the profile")
            .variable("AWS_REGION", "eu-west-1")
            .variable("AWS_PROFILE", "team")
            .config(&team)
            .reaches(user("environment")),
        signed("the region of the profile")
            .variable("AWS_PROFILE", "team")
            .config(&team)
            .reaches(user("environment")),
        signed("the region of the block before AWS_REGION")
            .variable("AWS_REGION", "eu-west-1")
            .block(json!({"region": "eu-west-3"}))
            .reaches(user("environment")),
        signed("sts_region before the region of the block")
            .block(json!({"region": "eu-west-3", "sts_region": "us-west-2"}))
            .reaches(user("environment")),
        signed("a region that does not exist")
            .block(json!({"region": "eu-nowhere-1"}))
            .fails("eu-nowhere-1"),
        signed("AWS_REGION that does not exist")
            .variable("AWS_REGION", "eu-nowhere-1")
            .fails("eu-nowhere-1"),
        host("the host of a region", "eu-west-1"),
        host("a region that does not exist, unchecked", "eu-nowhere-1")
            .block(json!({"skip_region_validation": true})),
        host("the host of sts_region", "eu-west-1").block(json!({"sts_region": "us-west-2"})),
        host("the dual-stack host", "eu-west-1").block(json!({"use_dualstack_endpoint": true})),
        host(
            "the dual-stack host by AWS_USE_DUALSTACK_ENDPOINT",
            "eu-west-1",
        )
        .variable("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        host("a region of another partition", "cn-north-1")
            .fails("cn-north-1")
            .but_calls_differ(Difference::OtherPartition),
    ]
}

/// A row that shows which host is asked. Nothing answers there.
fn host(name: &'static str, region: &str) -> Row {
    Row::named(name)
        .environment_keys("environment")
        .block(json!({"region": region, "endpoints": [], "max_retries": 1}))
        .variable("AWS_ENDPOINT_URL_ECR_PUBLIC", "{api}")
        .fails("")
}
