//! A release, made from the program under test: what Terraform installs from its archive is what was
//! put in, and it works.

use std::fs;
use std::path::Path;
#[cfg(feature = "interoperability")]
use std::process::Command;

use ::release::platform::{Platform, RELEASED};
use aws_lc_rs::digest::{SHA256, digest};
use ecr_public_sandbox::Seed;

use crate::support::packages::{ADDRESS, BINARY, platform};
use crate::support::scenario::{FIRST, Scenario, it};
use crate::support::tables::read;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `cargo archive` with these arguments, for a program that is there; what it says.
fn archive(out: &Path, more: &[&str]) -> String {
    let mut arguments = vec!["--out", out.to_str().unwrap()];
    arguments.extend(more);
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    let mut told = Vec::new();
    ::release::run(&arguments, &mut told).unwrap();
    String::from_utf8(told).unwrap()
}

fn sha256(path: &Path) -> String {
    let sum = digest(&SHA256, &fs::read(path).unwrap());
    sum.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn an_archive_installs_from_a_mirror_with_its_checksum_and_applies() {
    let image = it("source     = \"alpine:3.22\"\naccount_id = \"222222222222\"\n");
    let scenario = Scenario::bare(Seed::demo()).await;
    scenario.configure(&image);
    let terraform = &scenario.terraform;
    // As the README says: right into the folder where Terraform looks for it.
    let mirror = terraform.empty_mirror();
    let packed = mirror.join(ADDRESS);
    archive(&packed, &["--binary", BINARY]);
    let from = format!("-fs-mirror={}", mirror.display());
    let locking = ["providers", "lock", &from];
    terraform.run(&locking).await.succeeded();
    let lock = terraform.read(".terraform.lock.hcl");
    assert_eq!(lock.matches("\"h1:").count(), 1, "{lock}");

    let init = ["init", "-input=false", "-lockfile=readonly"];
    for _ in 0..2 {
        terraform.run(&init).await.succeeded();
        assert_eq!(terraform.read(".terraform.lock.hcl"), lock);
    }
    terraform.apply(&[]).await.succeeded();
    let tags = scenario.tags(FIRST, "alpine");
    assert_eq!(tags["3.22"], scenario.at_hub("alpine", "3.22"));
    terraform.converged().await;

    // The same version with other bytes.
    let here = Platform::of(RELEASED[0]).unwrap();
    let here = Platform {
        name: platform(),
        ..here
    };
    ::release::archive::write(&packed, &here, b"#!/bin/sh\n", "").unwrap();
    fs::remove_dir_all(terraform.folder().join(".terraform")).unwrap();
    let refused = terraform.run(&init).await.failed();
    refused.says("doesn't match any of the checksums");
    scenario.was_clean().await;
}

#[test]
fn the_same_program_gives_the_same_archive_and_checksums_cover_everything() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let program = folders[0].path().join("program");
    fs::write(&program, "program").unwrap();
    let prefix = format!("terraform-provider-ecrpublic_{VERSION}");
    let sums = folders.each_ref().map(|folder| {
        archive(folder.path(), &["--binary", program.to_str().unwrap()]);
        let sums = fs::read_to_string(folder.path().join(format!("{prefix}_SHA256SUMS"))).unwrap();
        let is_signed = folder
            .path()
            .join(format!("{prefix}_SHA256SUMS.sig"))
            .exists();
        assert!(!is_signed, "nobody gave a key");
        sums
    });
    assert_eq!(sums[0], sums[1]);
    let expected = [
        format!("{prefix}_{}.zip", platform()),
        format!("{prefix}_manifest.json"),
    ]
    .map(|name| format!("{}  {name}\n", sha256(&folders[0].path().join(&name))));
    assert_eq!(sums[0], expected.concat());

    let manifest = fs::read(folders[0].path().join(format!("{prefix}_manifest.json"))).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let registry_reads =
        serde_json::json!({ "version": 1, "metadata": { "protocol_versions": ["6.0"] } });
    assert_eq!(manifest, registry_reads);
}

#[test]
fn an_archive_says_whose_work_is_in_it() {
    let notices = ::release::notices::of(RELEASED[0]).unwrap();
    for name in ["aws-lc-sys", "hyper", "rustls", "tokio"] {
        let heading = notices.lines().find(|line| {
            let mut names = line.strip_prefix("## ").unwrap_or_default().split(", ");
            names.any(|each| each == name)
        });
        assert!(heading.is_some(), "no text of the licence of {name}");
    }
    assert!(!notices.contains("| tempfile |"), "only tests have it");
    assert!(
        !notices.contains("| windows-sys |"),
        "it is for another platform"
    );
}

/// A dependency under other terms than before is a line in the diff.
#[test]
fn the_table_of_licences_is_up_to_date() {
    const PATH: &str = ".ci/release/licences.md";
    let table = ::release::notices::table().unwrap();
    let page = format!("{LICENCES}{table}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH);
        fs::write(path, &page).unwrap();
    }
    let hint = "run `UPDATE_DOCS=1 cargo test --test acceptance release::`, and look at the change";
    assert!(read(PATH) == page, "{PATH} is not what is linked: {hint}");
}

const LICENCES: &str = "\
# Licences of what is linked into the provider

Generated from what Cargo knows of each crate, on all platforms. Which licences are accepted is said in
`.ci/release/src/licence.rs`; an archive brings the texts.

| crate | licence |
|---|---|
";

#[test]
fn the_workflow_makes_the_archives_of_every_platform() {
    let workflow = read(".github/workflows/release.yml");
    let targets = workflow.split("{ target: ").skip(1);
    let targets: Vec<&str> = targets
        .map(|rest| rest.split(',').next().unwrap())
        .collect();
    assert_eq!(targets, RELEASED);
}

#[test]
fn what_cannot_be_done_is_said() {
    let made = tempfile::tempdir().unwrap();
    let out = made.path().to_str().unwrap();
    for (arguments, expected) in [
        (
            vec!["--seal", "--out", out],
            "there is no archive of version",
        ),
        (
            vec!["--seal", "--binary", BINARY],
            "leave --target and --binary out",
        ),
        (vec!["--target"], "--target needs a value"),
        (vec!["--fast"], "unknown argument --fast"),
        (
            vec!["--out", out, "--binary", "nowhere"],
            "cannot read the program nowhere",
        ),
    ] {
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let error = ::release::run(&arguments, &mut Vec::new()).unwrap_err();
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }
}

/// GnuPG judges what a registry would.
#[cfg(feature = "interoperability")]
#[test]
fn the_checksums_are_signed_by_the_key_that_is_named() {
    let made = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let gpg = |arguments: &[&str]| {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--pinentry-mode", "loopback", "--passphrase", ""]);
        let output = command
            .args(arguments)
            .env("GNUPGHOME", home.path())
            .output();
        let output = output.expect("gpg is on the PATH");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
    };
    let [rsa, curve] = ["release@example.org", "curve@example.org"];
    for (owner, kind) in [(rsa, "rsa3072"), (curve, "ed25519")] {
        gpg(&["--quick-generate-key", owner, kind, "sign"]);
    }
    let keys = home.path().to_str().unwrap();
    let out = made.path().to_str().unwrap();
    let sign = |key: &str| {
        let arguments = [
            "--binary", BINARY, "--out", out, "--keys", keys, "--key", key,
        ];
        ::release::run(&arguments.map(str::to_owned), &mut Vec::new())
    };
    let refused = sign(curve).unwrap_err();
    assert!(
        refused.to_string().contains("neither RSA nor DSA"),
        "{refused:#}"
    );
    sign(rsa).unwrap();
    let sums = format!("{out}/terraform-provider-ecrpublic_{VERSION}_SHA256SUMS");
    let signature = format!("{sums}.sig");
    let bytes = fs::read(&signature).unwrap();
    assert!(
        !bytes.starts_with(b"-----"),
        "registries want the binary form"
    );
    gpg(&["--verify", &signature, &sums]);
}
