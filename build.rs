//! Compiles `proto/` without a protobuf compiler.
//!
//! Two sets of files come out: `server/` is part of the provider, `client/` is what the contract
//! tests drive it with. The descriptors themselves are kept for the test that counts them.

use std::path::{Path, PathBuf};
use std::{env, error, fs};

const DEFINITIONS: [&str; 3] = ["tfplugin6.proto", "plugin.proto", "health.proto"];

fn main() -> Result<(), Box<dyn error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::Compiler::new(["proto"])?
        .include_source_info(true)
        .include_imports(true)
        .open_files(DEFINITIONS)?
        .file_descriptor_set();

    let counted = protox::Compiler::new(["proto"])?
        .open_file("tfplugin6.proto")?
        .encode_file_descriptor_set();
    fs::write(out.join("tfplugin6.bin"), counted)?;

    for (side, serves) in [("server", true), ("client", false)] {
        tonic_prost_build::configure()
            .build_server(serves)
            .build_client(!serves)
            .build_transport(false)
            .generate_default_stubs(true)
            .bytes(".tfplugin6.DynamicValue")
            .out_dir(folder(&out, side)?)
            .compile_fds(descriptors.clone())?;
    }
    Ok(())
}

fn folder(out: &Path, name: &str) -> std::io::Result<PathBuf> {
    let folder = out.join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
