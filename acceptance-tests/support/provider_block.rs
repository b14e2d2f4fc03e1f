//! Provider blocks that a test writes itself.

use ecr_public_sandbox::Sandbox;

use super::landing_zone::HUB_PASSWORD;

/// A block with these settings that reaches the sandbox, under the default configuration.
pub(crate) fn provider(sandbox: &Sandbox, settings: &str) -> String {
    block(sandbox, &format!("{settings}\n{}", hub_login(HUB_PASSWORD)))
}

/// The same under an alias.
pub(crate) fn aliased(sandbox: &Sandbox, alias: &str, settings: &str) -> String {
    provider(sandbox, &format!("  alias = \"{alias}\"\n{settings}"))
}

/// A block with these settings, of which the login at Docker Hub is one, that reaches the sandbox.
pub(crate) fn block(sandbox: &Sandbox, settings: &str) -> String {
    let settings = settings.replace("{hub}", &sandbox.hub_url());
    format!(
        r#"provider "ecrpublic" {{
{settings}
  endpoints {{
    ecrpublic = "{}"
    sts       = "{}"
    registry  = "{}"
  }}
}}
"#,
        sandbox.api_url(),
        sandbox.sts_url(),
        sandbox.registry_url()
    )
}

fn hub_login(password: &str) -> String {
    format!(
        r#"  registry {{
    host       = "docker.io"
    username   = "acme-pipeline"
    password   = "{password}"
    endpoint   = "{{hub}}"
    plain_http = true
  }}"#
    )
}
