//! The log: lines that the host can read, at the level that was asked for, and no secrets.

use ecr_public_sandbox::{Sandbox, Seed};
use serde_json::{Value as Json, json};

use super::support::host::Launch;
use super::support::session::{Session, configured_with, provider_block};
use super::support::value::dynamic;

/// The host splits a line that is longer, and a part of a line is not JSON.
const LONGEST_LINE: usize = 64 * 1024;

/// Reads a log as the host does, and asserts that it can.
fn lines(stderr: &str) -> Vec<Json> {
    assert!(stderr.is_empty() || stderr.ends_with('\n'));
    let lines = stderr.lines().map(|line| {
        assert!(line.len() < LONGEST_LINE, "{} bytes", line.len());
        let json: Json = serde_json::from_str(line).expect(line);
        for key in ["@level", "@message", "@module", "@timestamp"] {
            assert!(json[key].is_string(), "{key} in {line}");
        }
        let levels = ["trace", "debug", "info", "warn", "error"];
        assert!(levels.contains(&json["@level"].as_str().unwrap()), "{line}");
        let stamp = json["@timestamp"].as_str().unwrap();
        let pattern = stamp.replace(|letter: char| letter.is_ascii_digit(), "0");
        assert_eq!(pattern, "0000-00-00T00:00:00.000000Z", "{line}");
        assert!(json.get("timestamp").is_none(), "the host adds it: {line}");
        json
    });
    lines.collect()
}

/// Everything a process says about a day in its life: a copy that works, one that does not, and a
/// value that is much too long.
async fn a_day(sandbox: &Sandbox, launch: Launch) -> String {
    let (plugin, mut session) = configured_with(sandbox, launch).await;
    let good = json!({"source": "busybox:1.36", "account_id": "222222222222"});
    let before = session.create(&good).await;
    assert_eq!(before.diagnostics, []);
    session.delete(&before).await;
    let bad = json!({"source": "alpine:9.99", "account_id": "222222222222"});
    assert_eq!(session.create(&bad).await.diagnostics.len(), 1);
    let long = session.image(&json!({"source": "\u{1}é".repeat(100_000)}));
    assert_eq!(session.validate(dynamic(&long)).await.len(), 1);
    session.stop().await;
    session.shut_down().await;
    plugin.ended().await.stderr
}

#[tokio::test]
async fn every_line_of_every_level_can_be_read() {
    let levels = ["error", "warn", "info", "debug", "trace"];
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    for (position, level) in levels.into_iter().enumerate() {
        let launch = Launch::by_host().set("TF_LOG", &level.to_uppercase());
        let log = lines(&a_day(&sandbox, launch).await);
        let said: Vec<_> = log
            .iter()
            .map(|line| line["@level"].as_str().unwrap())
            .collect();
        let asked = &levels[..=position];
        assert!(
            said.iter().all(|each| asked.contains(each)),
            "{level}: {said:?}"
        );
        // A day like this has something to say at every level but `warn`.
        let expected = asked.iter().filter(|each| **each != "warn");
        for each in expected {
            assert!(said.contains(each), "{level}: nothing at {each}");
        }
    }
}

#[tokio::test]
async fn the_most_specific_variable_gives_the_level() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let launch = || Launch::by_host().set("TF_LOG", "TRACE");
    let quiet = launch().set("TF_LOG_PROVIDER", "OFF");
    assert_eq!(a_day(&sandbox, quiet).await, "");
    let own = launch()
        .set("TF_LOG_PROVIDER", "OFF")
        .set("TF_LOG_PROVIDER_ECRPUBLIC", "ERROR");
    let log = lines(&a_day(&sandbox, own).await);
    assert!(!log.is_empty());
    assert!(log.iter().all(|line| line["@level"] == "error"));
}

#[tokio::test]
async fn a_line_about_a_call_says_which_one() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let log = a_day(&sandbox, Launch::by_host().set("TF_LOG", "DEBUG")).await;
    let log = lines(&log);
    let failed = log.iter().find(|line| {
        line["@message"] == "call answered"
            && line["tf_rpc"] == "ApplyResourceChange"
            && line["diagnostic_error_count"] == 1
    });
    let failed = failed.expect("the failed call is in the log");
    assert_eq!(failed["tf_resource_type"], "ecrpublic_mirrored_image");
    assert_eq!(
        failed["tf_provider_addr"],
        "registry.terraform.io/ecrpublic/ecrpublic"
    );
    assert!(failed["tf_req_id"].is_string() && failed["tf_req_duration_ms"].is_u64());
}

#[tokio::test]
async fn no_secret_is_in_the_log_at_any_level() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let launch = Launch::by_host().set("TF_LOG", "TRACE");
    let mut plugin = launch.set_all(sandbox.environment()).start();
    let mut session = Session::over(plugin.connect().await).await;
    let mut block = provider_block(&sandbox);
    let (key, secret) = (
        "AKIASANDBOXPIPELINE1",
        "sandboxSecretOfThePipelineUser0000000000",
    );
    block["access_key"] = json!(key);
    block["secret_key"] = json!(secret);
    block["registry"][0]["username"] = json!("acme-pipeline");
    block["registry"][0]["password"] = json!("docker-hub-token");
    session.configure(&block).await;
    let private = json!({"source": "acme/app:1.0", "account_id": "222222222222"});
    assert_eq!(session.create(&private).await.diagnostics, []);
    block["registry"][0]["password"] = json!("a-wrong-docker-hub-password");
    session.configure(&block).await;
    let again = json!({"source": "acme/app:1.0", "account_id": "333333333333"});
    let refused = session.create(&again).await;
    assert_eq!(refused.diagnostics.len(), 1);
    let pem = plugin.identity.pem.clone();
    session.shut_down().await;
    let log = plugin.ended().await.orderly().stderr;
    lines(&log);
    let said = format!("{log}{refused:?}");
    let certificate = pem.lines().nth(1).unwrap();
    // Headers, tokens and signatures of AWS and of registries.
    let signs = [
        "Authorization",
        "Bearer ",
        "Basic ",
        "X-Amz-Signature",
        "SecretAccessKey",
    ];
    let secrets = [
        secret,
        "docker-hub-token",
        "a-wrong-docker-hub-password",
        certificate,
    ];
    for needle in signs.into_iter().chain(secrets) {
        let at = said.find(needle);
        let around = at.map(|at| said[..at].lines().last().unwrap_or_default());
        assert_eq!(around, None, "{needle}");
    }
}
