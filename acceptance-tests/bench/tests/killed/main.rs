//! A copy that is killed leaves nothing half done, and the next one moves only what is missing.
//!
//! The program is killed at random moments, with no chance to clean up, while it copies between two
//! registries in this process. `-- --nocapture` shows the seed, and how far it had come.

#![cfg(test)]
#![cfg(unix)]

mod keeping;

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use fastrand::Rng;
use terraform_provider_ecrpublic::task::monotonic;
use tokio::process::{Child, Command};

use self::keeping::{Registry, digest};

const KILLS: u64 = 50;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

#[tokio::test]
async fn what_was_killed_is_finished_by_the_next_copy() {
    let seed = fastrand::u64(..);
    let mut random = Rng::with_seed(seed);
    let source = Registry::serve().await;
    let root = publish(&source, &mut random);
    let unhurt = unhurt(&source, &root).await;
    tell(&format!(
        "seed {seed}, {} ms if nobody kills it",
        unhurt.as_millis()
    ));
    let mut cut_short = 0;
    for _kill in 0..KILLS {
        let mut destination = Registry::serve().await;
        let mut child = copy(&source, &destination);
        let moment = unhurt.mul_f64(random.f64());
        if let Ok(ended) = tokio::time::timeout(moment, child.wait()).await {
            assert!(ended.unwrap().success());
        } else {
            child.kill().await.unwrap();
        }
        destination.settle().await;
        let before = destination.blobs();
        let has_tag = destination.tag("1").is_some();
        // The registry itself refuses a manifest before its children are there.
        assert!(
            !has_tag || destination.has_all(&root),
            "seed {seed}: half tagged"
        );
        cut_short += u64::from(!has_tag);
        destination.forget_commits();
        let again = copy(&source, &destination).wait().await.unwrap();
        assert!(again.success(), "seed {seed}");
        assert_eq!(destination.tag("1").as_deref(), Some(root.as_str()));
        assert!(destination.has_all(&root), "seed {seed}");
        let moved = destination.commits();
        assert_eq!(
            moved,
            source.blobs() - before,
            "seed {seed}: moved more than was missing"
        );
    }
    tell(&format!("{cut_short} of {KILLS} had set no tag yet"));
    assert!(
        cut_short > KILLS / 4,
        "seed {seed}: it is hardly ever cut short"
    );
}

fn copy(from: &Registry, to: &Registry) -> Child {
    Command::new(env!("CARGO_BIN_EXE_mirror"))
        .args(["--plain-http", "--jobs", "4", "copy"])
        .arg(format!("{}/from/app:1", from.address()))
        .arg(format!("{}/to/app:1", to.address()))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// How long a copy takes that is left alone.
async fn unhurt(source: &Registry, root: &str) -> Duration {
    let destination = Registry::serve().await;
    let began = monotonic();
    assert!(copy(source, &destination).wait().await.unwrap().success());
    assert!(destination.has_all(root));
    began.elapsed()
}

/// An index of four platforms with six layers each, some of them shared.
fn publish(source: &Registry, random: &mut Rng) -> String {
    let mut entries = Vec::new();
    for number in 0..4 {
        let architecture = format!("arch{number}");
        let config = format!(r#"{{"os":"linux","architecture":"{architecture}"}}"#);
        let config = entry(
            "application/vnd.oci.image.config.v1+json",
            config.as_bytes(),
        );
        source.add_blob(config.1);
        let mut layers = Vec::new();
        for layer in 0..6 {
            let seed = if layer < 2 {
                layer
            } else {
                10 * number + layer
            };
            let layer = entry(
                "application/vnd.oci.image.layer.v1.tar",
                &noise(seed, random.usize(1..400_000)),
            );
            source.add_blob(layer.1);
            layers.push(layer.0);
        }
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{},"layers":[{}]}}"#,
            config.0,
            layers.join(",")
        );
        let (text, bytes) = entry(MANIFEST, manifest.as_bytes());
        source.add_manifest(MANIFEST, &bytes, None);
        let platform = format!(r#","platform":{{"os":"linux","architecture":"{architecture}"}}}}"#);
        entries.push(text.replacen('}', &platform, 1));
    }
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#,
        entries.join(",")
    );
    source.add_manifest(INDEX, index.as_bytes(), Some("1"));
    digest(index.as_bytes())
}

/// A descriptor as it stands in a manifest, and its content.
fn entry(media_type: &str, content: &[u8]) -> (String, Vec<u8>) {
    let (digest, size) = (digest(content), content.len());
    let text = format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#);
    (text, content.to_vec())
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..))
        .take(length)
        .collect()
}

fn tell(line: &str) {
    std::io::stdout()
        .write_all(format!("{line}\n").as_bytes())
        .unwrap();
}
