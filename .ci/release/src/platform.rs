//! What a platform is called by Rust and by Terraform, and what a program needs there.

use std::process::Command;

use anyhow::{Context as _, bail};

use crate::output;

/// Every platform that a release has an archive for.
///
/// On Linux the programs are linked statically, against musl: HCP Terraform and minimal images of
/// containers run them as well.
pub const RELEASED: [&str; 5] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

/// One platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// As Rust names it: `x86_64-unknown-linux-musl`.
    pub triple: String,
    /// As Terraform names it: `linux_amd64`.
    pub name: String,
}

impl Platform {
    /// The platform of a triple.
    ///
    /// # Errors
    ///
    /// When Terraform has no name for it.
    pub fn of(triple: &str) -> anyhow::Result<Self> {
        let (processor, rest) = triple.split_once('-').unwrap_or_default();
        let processor = match processor {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "i686" => "386",
            "armv6" | "armv7" => "arm",
            _ => bail!("Terraform has no name for the processor of `{triple}`"),
        };
        let systems = ["linux", "darwin", "windows", "freebsd"];
        let system = systems.into_iter().find(|system| rest.contains(system));
        let system = system
            .with_context(|| format!("Terraform has no name for the system of `{triple}`"))?;
        Ok(Self {
            triple: triple.to_owned(),
            name: format!("{system}_{processor}"),
        })
    }

    /// The platform on which this runs.
    pub(crate) fn host() -> anyhow::Result<Self> {
        let said = output(Command::new("rustc").arg("-vV"))?;
        let triple = said.lines().find_map(|line| line.strip_prefix("host: "));
        Self::of(triple.context("rustc does not say which platform this is")?)
    }

    /// How names of programs end here.
    #[must_use]
    pub fn suffix(&self) -> &'static str {
        match self.name.starts_with("windows") {
            true => ".exe",
            false => "",
        }
    }

    /// What has to be on a machine of this platform for a program to start.
    #[must_use]
    pub fn needs(&self, program: &[u8]) -> String {
        match newest_glibc(program) {
            Some((major, minor)) => format!("needs glibc {major}.{minor} or newer"),
            None if self.name.starts_with("linux") => "linked statically".to_owned(),
            None => "needs nothing besides the system".to_owned(),
        }
    }
}

/// The newest version of the C library among those that symbols of a program ask for.
fn newest_glibc(program: &[u8]) -> Option<(u32, u32)> {
    const MARK: &[u8] = b"GLIBC_";
    let places = program
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, bytes)| *bytes == MARK);
    let versions = places.filter_map(|(place, _)| {
        let rest = program.get(place + MARK.len()..)?;
        let end = rest
            .iter()
            .position(|byte| *byte != b'.' && !byte.is_ascii_digit())?;
        let version = std::str::from_utf8(&rest[..end]).ok()?;
        let mut parts = version.split('.');
        let major = parts.next()?.parse().ok()?;
        Some((major, parts.next()?.parse().ok()?))
    });
    versions.max()
}

#[cfg(test)]
mod tests {
    use super::{Platform, RELEASED};

    #[test]
    fn a_platform_has_the_name_that_terraform_uses() {
        let names = RELEASED.map(|triple| Platform::of(triple).unwrap().name);
        let expected = [
            "linux_amd64",
            "linux_arm64",
            "darwin_amd64",
            "darwin_arm64",
            "windows_amd64",
        ];
        assert_eq!(names, expected);
        assert!(Platform::of("riscv64gc-unknown-linux-gnu").is_err());
        assert!(Platform::of("x86_64-unknown-none").is_err());
    }

    #[test]
    fn the_newest_symbol_decides_which_c_library_a_program_needs() {
        let linux = Platform::of("x86_64-unknown-linux-gnu").unwrap();
        let program = b"\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.2.5\0GLIBC_PRIVATE\0";
        assert_eq!(linux.needs(program), "needs glibc 2.34 or newer");
        assert_eq!(linux.needs(b"\0"), "linked statically");
    }
}
