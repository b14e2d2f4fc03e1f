//! Debian's registry, skopeo and umoci, as the tests use them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::daemon::Daemon;
use crate::support::programs::{quiet, run};

/// Debian's `docker-registry` with a store of its own.
pub(super) async fn docker_registry(folder: &Path) -> Daemon {
    let folder = tempfile::tempdir_in(folder).unwrap().keep();
    let configuration = format!(
        "version: 0.1\nlog: {{level: info}}\nstorage:\n  filesystem: {{rootdirectory: {:?}}}\n\
         http: {{addr: '127.0.0.1:0'}}\n",
        folder.join("store")
    );
    let path = folder.join("registry.yml");
    std::fs::write(&path, configuration).unwrap();
    let mut command = quiet("docker-registry");
    command.arg("serve").arg(path);
    Daemon::start(&mut command, "listening on ").await
}

/// Builds an image around Debian's static busybox and pushes it.
pub(super) async fn push_busybox(folder: &Path, reference: &str) {
    let layout = folder.join("layout");
    let layout = layout.to_str().unwrap();
    let image = format!("{layout}:busybox");
    let busybox = run("sh", &["-c", "command -v busybox"]).await;
    run("umoci", &["init", "--layout", layout]).await;
    run("umoci", &["new", "--image", &image]).await;
    run(
        "umoci",
        &[
            "insert",
            "--rootless",
            "--image",
            &image,
            busybox.trim(),
            "/bin/busybox",
        ],
    )
    .await;
    let source = format!("oci:{image}");
    let target = format!("docker://{reference}");
    run(
        "skopeo",
        &[
            "--insecure-policy",
            "copy",
            "--dest-tls-verify=false",
            &source,
            &target,
        ],
    )
    .await;
}

pub(super) async fn inspect(reference: &str) -> Value {
    let reference = format!("docker://{reference}");
    let arguments = ["inspect", "--tls-verify=false", &reference];
    serde_json::from_str(&run("skopeo", &arguments).await).unwrap()
}

/// The manifest, byte for byte.
pub(super) async fn raw(reference: &str) -> String {
    let reference = format!("docker://{reference}");
    run(
        "skopeo",
        &["inspect", "--raw", "--tls-verify=false", &reference],
    )
    .await
}

/// Copies an image with all its platforms into a folder.
pub(super) async fn pull(folder: &Path, name: &str, reference: &str) {
    let (source, target) = (
        format!("docker://{reference}"),
        format!("oci:{}", folder.join(name.replace('/', "-")).display()),
    );
    let arguments = [
        "--insecure-policy",
        "copy",
        "--all",
        "--src-tls-verify=false",
    ];
    run("skopeo", &[&arguments[..], &[&source, &target]].concat()).await;
}

/// Pulls with skopeo, unpacks with umoci, and runs what comes out.
pub(super) async fn run_busybox(folder: &Path, reference: &str) -> String {
    let pulled = folder.join("pulled");
    let bundle = folder.join("bundle");
    let image = format!("{}:busybox", pulled.display());
    let (source, target) = (format!("docker://{reference}"), format!("oci:{image}"));
    run(
        "skopeo",
        &[
            "--insecure-policy",
            "copy",
            "--src-tls-verify=false",
            &source,
            &target,
        ],
    )
    .await;
    run(
        "umoci",
        &[
            "unpack",
            "--rootless",
            "--image",
            &image,
            bundle.to_str().unwrap(),
        ],
    )
    .await;
    let busybox: PathBuf = bundle.join("rootfs/bin/busybox");
    run(busybox.to_str().unwrap(), &["echo", "mirrored"]).await
}
