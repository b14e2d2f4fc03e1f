//! What can go wrong on the way into AWS, made to happen, and what the practitioner reads then.
//!
//! `src/manual/aws_errors.rs` says which test shows which message. Everything of the provider but
//! Terraform is between the test and the stand-ins.

mod accounts;
mod connections;
mod credentials;
mod roles;

use std::collections::BTreeMap;
use std::path::PathBuf;

use ecr_public_sandbox::accounts::{AccountSeed, RoleSeed, UserSeed, WebTokenSeed};
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::{Effect, Face, Fault, Sandbox, Seed};
use futures_util::FutureExt as _;

use super::tests::text;
use crate::aws::{Environment, Session, Target};
use crate::net::Secret;
use crate::provider::clients::Clients;
use crate::provider::config::{Blocks, EndpointsBlock, ProviderConfig};
use crate::provider::role::AssumeRole;
use crate::provider::{EcrPublic, settings};
use crate::task::Context;
use crate::tf::{Attr, Diagnostic, Diagnostics, Provider as _};

/// The user that the environment has the keys of, in [`TOOLING`].
const KEY: &str = "AKIAPIPELINE00000000";
const SECRET: &str = "pipelineSecret/UnderTheDoormat0000000000";
/// Where the user, and the roles that it may assume, are.
const TOOLING: &str = "111111111111";
/// Where the images go.
const TARGET: &str = "222222222222";
/// A token that the role `federated` takes.
const WEB_TOKEN: &str = "header.claims-of-the-pipeline.signature";

/// The stand-ins, and a home directory.
struct World {
    sandbox: Sandbox,
    home: tempfile::TempDir,
}

/// What is in the environment besides the home directory.
type Variables<'a> = &'a [(&'a str, &'a str)];

/// The keys of the user.
const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", KEY),
    ("AWS_SECRET_ACCESS_KEY", SECRET),
];

impl World {
    async fn new() -> Self {
        let home = tempfile::Builder::new().prefix("home-").tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        Self {
            sandbox: Sandbox::start(seed()).await.unwrap(),
            home,
        }
    }

    /// Writes a file below the home directory.
    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    fn environment(&self, variables: Variables<'_>) -> Environment {
        let mut all = vec![
            ("HOME", self.home.path().to_str().unwrap()),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        all.extend(variables);
        Environment::of(&all)
    }

    fn block(&self, change: impl FnOnce(&mut ProviderConfig)) -> ProviderConfig {
        let mut config = ProviderConfig {
            docker_config: words(""),
            endpoints: one(EndpointsBlock {
                ecrpublic: words(&self.sandbox.api_url()),
                sts: words(&self.sandbox.sts_url()),
                registry: words(&self.sandbox.registry_url()),
            }),
            ..ProviderConfig::default()
        };
        change(&mut config);
        config
    }

    /// What Terraform is told when it validates and configures the provider with this block.
    async fn told(
        &self,
        variables: Variables<'_>,
        change: impl FnOnce(&mut ProviderConfig),
    ) -> Diagnostics {
        let provider = EcrPublic::with_environment(self.environment(variables));
        let block = self.block(change);
        let problems = provider.validate(&block);
        if problems.has_errors() {
            return problems;
        }
        let configured = provider.configure(&Context::new(), block).boxed().await;
        configured.diagnostics
    }

    /// Asserts that it is told one message, which is that of the snapshot.
    async fn check(
        &self,
        name: &str,
        variables: Variables<'_>,
        change: impl FnOnce(&mut ProviderConfig),
    ) {
        let told: Vec<Diagnostic> = self.told(variables, change).await.into_iter().collect();
        let [one] = &told[..] else {
            panic!("{name}: not one message: {told:?}");
        };
        pinned(name, one);
    }

    /// Somebody who is configured, in the shoes of a resource.
    async fn session(&self, change: impl FnOnce(&mut ProviderConfig), target: &Target) -> Session {
        let mut problems = Diagnostics::new();
        let environment = self.environment(&KEYS);
        let settings = settings::read(&self.block(change), &environment, &mut problems);
        let settings = settings.unwrap_or_else(|| panic!("{problems:?}"));
        let clients = Clients::connect(&Context::new(), settings).boxed().await;
        let clients = clients.unwrap_or_else(|diagnostic| panic!("{diagnostic:?}"));
        clients.session(target)
    }

    /// Has a service refuse every call of this kind from now on.
    fn refuse(&self, face: Face, operation: &str, status: u16, code: &str, message: &str) {
        let (kind, body) = match face {
            Face::Sts => (
                "text/xml",
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>\
                     {message}</Message></Error><RequestId>request</RequestId></ErrorResponse>"
                ),
            ),
            _ => (
                "application/x-amz-json-1.1",
                format!(r#"{{"__type":"{code}","message":"{message}"}}"#),
            ),
        };
        let headers = [("content-type", kind), ("x-amzn-requestid", "request")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let effect = Effect::Answer {
            status,
            headers: BTreeMap::from(headers),
            body,
        };
        let fault = Fault::on(face, effect).always();
        self.sandbox.faults().add(match operation {
            "" => fault,
            operation => fault.operation(operation),
        });
    }
}

/// Asserts that a message is the one of the snapshot, with what differs from run to run left out.
fn pinned(name: &str, diagnostic: &Diagnostic) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/aws");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, shown) in VARYING {
        settings.add_filter(pattern, shown);
    }
    settings.bind(|| insta::assert_snapshot!(name, text(diagnostic)));
}

const VARYING: [(&str, &str); 6] = [
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
    (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[id]",
    ),
    (r"terraform-ecrpublic-[0-9a-f]{32}", "[session]"),
    (r"[^\s`]*/home-[A-Za-z0-9]+", "[home]"),
    (r"in \d+\.\d seconds", "in [time]"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\b1[0-9]{9}\b", "[moment]"),
];

fn words(text: &str) -> Attr<String> {
    Attr::Known(text.to_owned())
}

fn secret(text: &str) -> Attr<Secret<String>> {
    Attr::Known(Secret::new(text.to_owned()))
}

fn one<T>(block: T) -> Blocks<T> {
    Attr::Known(vec![Attr::Known(block)])
}

fn arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

fn role(account: &str, name: &str) -> AssumeRole {
    AssumeRole {
        role_arn: words(&arn(account, name)),
        ..AssumeRole::default()
    }
}

fn chain(roles: impl IntoIterator<Item = AssumeRole>) -> Blocks<AssumeRole> {
    Attr::Known(roles.into_iter().map(Attr::Known).collect())
}

fn seed() -> Seed {
    let user = format!("arn:aws:iam::{TOOLING}:user/pipeline");
    let everything = || PolicyDocument::allow(&["sts:*", "ecr-public:*"], "*").unwrap();
    let by_user = || PolicyDocument::trust(&[&user]);
    let federated = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {
                "Federated": format!("arn:aws:iam::{TOOLING}:oidc-provider/ci.example.org"),
            },
            "Action": "sts:AssumeRoleWithWebIdentity",
        },
    });
    let federated = PolicyDocument::try_from(federated).unwrap();
    let tooling = AccountSeed::new(TOOLING)
        .unwrap()
        .user(UserSeed::new("pipeline", KEY, SECRET).policy(everything()))
        .role(RoleSeed::new("tooling", by_user()).policy(everything()))
        .role(RoleSeed::new("federated", federated));
    let trusting = PolicyDocument::trust(&[&arn(TOOLING, "tooling"), &user]);
    let publishing = PolicyDocument::allow(&["ecr-public:GetAuthorizationToken"], "*").unwrap();
    let target = AccountSeed::new(TARGET)
        .unwrap()
        .role(RoleSeed::new("publisher", trusting).policy(publishing))
        .role(RoleSeed::new(
            "closed",
            PolicyDocument::trust(&[&arn(TARGET, "x")]),
        ));
    Seed {
        accounts: vec![tooling, target],
        web_tokens: vec![WebTokenSeed {
            token: WEB_TOKEN.to_owned(),
            issuer: "ci.example.org".to_owned(),
            subject: "repo:acme/landing-zone".to_owned(),
            audience: "sts.amazonaws.com".to_owned(),
            expires_in_seconds: None,
        }],
        ..Seed::default()
    }
}
