//! Provider packages in the places where real Terraform looks for them: no network, no warnings.

use std::env::consts::{ARCH, OS};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The address by which every configuration here names the provider.
pub(crate) const ADDRESS: &str = "registry.terraform.io/ecrpublic/ecrpublic";

/// The version of hashicorp/aws that we are measured against.
pub(crate) const AWS_VERSION: &str = "5.100.0";

/// The program under test, as Cargo built it.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-ecrpublic");

/// Lays out `root` as a filesystem mirror that holds the program under test.
///
/// The layout is the unpacked one: `HOST/NAMESPACE/TYPE/VERSION/OS_ARCH/<binary>`.
pub(crate) fn mirror_of_ours(root: &Path) -> io::Result<()> {
    let program = program_in(root);
    fs::create_dir_all(program.parent().unwrap_or(root))?;
    symlink(BINARY, program)
}

/// Puts a shell script in front of the program under test, in a mirror of [`mirror_of_ours`].
pub(crate) fn wrap(root: &Path, first: &str) -> io::Result<()> {
    let program = program_in(root);
    fs::remove_file(&program)?;
    fs::write(
        &program,
        format!("#!/bin/sh\n{first}\nexec '{BINARY}' \"$@\"\n"),
    )?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
}

fn program_in(root: &Path) -> PathBuf {
    root.join(ADDRESS)
        .join(env!("CARGO_PKG_VERSION"))
        .join(platform())
        .join("terraform-provider-ecrpublic")
}

/// The command line configuration: ours from `ours`, hashicorp/aws from where it can be had.
pub(crate) fn cli_configuration(ours: &Path) -> String {
    let elsewhere = mirror_of_others().map_or_else(
        || format!("  direct {{ exclude = [\"{ADDRESS}\"] }}\n"),
        |mirror| {
            format!(
                "  filesystem_mirror {{\n    path    = {mirror:?}\n    exclude = [\"{ADDRESS}\"]\n  }}\n"
            )
        },
    );
    format!(
        "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    \
         path    = {ours:?}\n    include = [\"{ADDRESS}\"]\n  }}\n{elsewhere}}}\n"
    )
}

/// A filesystem mirror with hashicorp/aws, if this machine has one.
///
/// `TF_PLUGIN_MIRROR` names it; otherwise a folder `tf-plugins` directly below a folder of the root
/// is one, and so are the places that Terraform documents as its implied mirrors.
fn mirror_of_others() -> Option<PathBuf> {
    let aws = Path::new("registry.terraform.io/hashicorp/aws").join(AWS_VERSION);
    let named = env::var_os("TF_PLUGIN_MIRROR").map(PathBuf::from);
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let data = data.unwrap_or_else(|| home.join(".local/share"));
    let implied = [
        home.join(".terraform.d/plugins"),
        data.join("terraform/plugins"),
        PathBuf::from("/usr/local/share/terraform/plugins"),
        PathBuf::from("/usr/share/terraform/plugins"),
    ];
    let mut places = named.into_iter().chain(beside_the_system()).chain(implied);
    places.find(|place| place.join(&aws).is_dir())
}

/// `/*/tf-plugins`
fn beside_the_system() -> Vec<PathBuf> {
    let folders = fs::read_dir("/").into_iter().flatten().flatten();
    folders
        .map(|folder| folder.path().join("tf-plugins"))
        .collect()
}

/// Terraform's name of this platform.
pub(crate) fn platform() -> String {
    let os = if OS == "macos" { "darwin" } else { OS };
    let arch = match ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{os}_{arch}")
}
