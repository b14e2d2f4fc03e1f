//! The archives of a release, as registries for Terraform providers want them.
//!
//! - [`platform`]: what a platform is called by Rust and by Terraform, and what a program needs there.
//! - [`notices`]: the licences of everything that is linked into the program.
//! - [`archive`]: the zip of one platform.
//! - [`seal`]: manifest, checksums and signature over all of them.

pub mod archive;
mod licence;
pub mod notices;
pub mod platform;
pub mod seal;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use platform::Platform;
use seal::Signer;

/// What the program is called, and archives after it.
pub const NAME: &str = "terraform-provider-ecrpublic";
/// The version of the provider, and of everything else in this repository.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

const HELP: &str = "\
Makes the archives of a release.

Usage: cargo archive [--target TRIPLE] [--binary FILE] [--out FOLDER] [--key KEY [--keys FOLDER]]
       cargo archive --seal [--out FOLDER] [--key KEY [--keys FOLDER]]

  --target TRIPLE  the platform, as Rust names it; without it, this one
  --binary FILE    a program that is built already
  --out FOLDER     where everything goes; without it, target/archives
  --key KEY        signs the checksums with this key of GnuPG, which has to be RSA or DSA
  --keys FOLDER    where GnuPG has its keys; without it, where it always has them
  --seal           makes no archive: only manifest, checksums and signature of those that are there
  --help           this text
";

/// What somebody asked for.
#[derive(Debug, Default)]
struct Options {
    target: Option<String>,
    binary: Option<PathBuf>,
    out: Option<PathBuf>,
    key: Option<String>,
    keys: Option<PathBuf>,
    is_seal_only: bool,
    is_help: bool,
}

/// Does what the arguments say, and tells what it has made.
///
/// # Errors
///
/// When an argument is not understood, when a program that is needed fails, or when a dependency has
/// a licence that nobody has agreed to.
pub fn run(arguments: &[String], told: &mut dyn Write) -> anyhow::Result<()> {
    let options = Options::of(arguments)?;
    if options.is_help {
        return Ok(write!(told, "{HELP}")?);
    }
    let out = options.out.as_ref();
    let out = out.map_or_else(|| root().join("target/archives"), Clone::clone);
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    if !options.is_seal_only {
        let platform = match &options.target {
            Some(triple) => Platform::of(triple)?,
            None => Platform::host()?,
        };
        let binary = match &options.binary {
            Some(binary) => binary.clone(),
            None => build(&platform)?,
        };
        let program = std::fs::read(&binary)
            .with_context(|| format!("cannot read the program {}", binary.display()))?;
        let notices = notices::of(&platform.triple)?;
        let path = archive::write(&out, &platform, &program, &notices)?;
        writeln!(told, "{}: {}", path.display(), platform.needs(&program))?;
    }
    let signer = options.key.as_deref().map(|key| Signer {
        key,
        folder: options.keys.as_deref(),
    });
    for path in seal::write(&out, signer.as_ref())? {
        writeln!(told, "{}", path.display())?;
    }
    Ok(())
}

impl Options {
    fn of(arguments: &[String]) -> anyhow::Result<Self> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next().cloned();
                value.with_context(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--target" => options.target = Some(value()?),
                "--binary" => options.binary = Some(value()?.into()),
                "--out" => options.out = Some(value()?.into()),
                "--key" => options.key = Some(value()?),
                "--keys" => options.keys = Some(value()?.into()),
                "--seal" => options.is_seal_only = true,
                "--help" | "-h" => options.is_help = true,
                other => bail!("unknown argument {other}\n\n{HELP}"),
            }
        }
        let names_a_program = options.target.is_some() || options.binary.is_some();
        ensure!(
            !(options.is_seal_only && names_a_program),
            "--seal makes no archive: leave --target and --binary out"
        );
        Ok(options)
    }
}

/// Builds the program. Folders of this machine are not in it, so that it is the same elsewhere.
fn build(platform: &Platform) -> anyhow::Result<PathBuf> {
    let root = root();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let folders = [(Some(root.clone()), "."), (home, "cargo")];
    let folders: Vec<(PathBuf, &str)> = folders
        .into_iter()
        .filter_map(|(folder, name)| Some((folder?, name)))
        .collect();
    let renamed = |option: &str| {
        let each = folders.iter().map(|(folder, name)| {
            let mut flag = OsString::from(option);
            flag.push(folder);
            flag.push("=");
            flag.push(name);
            flag
        });
        each.collect::<Vec<OsString>>()
    };
    let mut command = Command::new(cargo());
    command.current_dir(&root).args(["build", "--release"]);
    command.args(["--locked", "--package", NAME]);
    command.args(["--target", &platform.triple]);
    let rust = renamed("--remap-path-prefix=").join(std::ffi::OsStr::new("\u{1f}"));
    command.env("CARGO_ENCODED_RUSTFLAGS", rust);
    if !platform.triple.ends_with("-msvc") {
        let c = renamed("-ffile-prefix-map=").join(std::ffi::OsStr::new(" "));
        command.env("CFLAGS", c);
    }
    let status = command.status().context("cannot run Cargo")?;
    ensure!(status.success(), "Cargo did not build the program");
    let built = root.join("target").join(&platform.triple).join("release");
    Ok(built.join(format!("{NAME}{}", platform.suffix())))
}

/// The Cargo that runs this, or the one on the path.
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The folder of the repository.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().and_then(Path::parent);
    root.unwrap_or(here).to_owned()
}

/// The standard output of a program that has to succeed.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.current_dir(root()).output();
    let output = output.with_context(|| format!("cannot run {program}"))?;
    ensure!(
        output.status.success(),
        "{program} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).with_context(|| format!("{program} did not write text"))
}
