//! The plugin that Terraform and OpenTofu start.

use std::process::ExitCode;
use std::sync::Arc;

use terraform_provider_ecrpublic::plugin::{self, About};
use terraform_provider_ecrpublic::protocol::Server;
use terraform_provider_ecrpublic::provider::EcrPublic;
use terraform_provider_ecrpublic::task::Work;

/// Who is served.
const ABOUT: About = About {
    name: "ecrpublic",
    version: env!("CARGO_PKG_VERSION"),
    address: "registry.terraform.io/ecrpublic/ecrpublic",
};

fn main() -> ExitCode {
    let work = Work::new();
    plugin::run(&ABOUT, &work, || {
        let provider = Arc::new(EcrPublic::new());
        Server::new(provider, ABOUT.address, work.clone()).into_routes()
    })
}
