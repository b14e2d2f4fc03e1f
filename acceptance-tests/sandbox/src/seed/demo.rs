//! The seed for people who look around: two target accounts, a tooling account, and some images.

use super::{RolesSeed, Seed};
use crate::accounts::{AccountId, AccountSeed, RoleSeed, UserSeed};
use crate::hub::{HubSeed, HubUser, RepositorySeed};
use crate::image::{Attestations, Format, ImageSpec, image};
use crate::policy::PolicyDocument;

const KIB: u64 = 1024;
const TOOLING: &str = "111111111111";
const TARGETS: [&str; 2] = ["222222222222", "333333333333"];
const PLATFORMS: [&str; 3] = ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"];

impl Seed {
    /// A landing zone: the user `pipeline` of the tooling account 111111111111 becomes the role
    /// `tooling`, which becomes `ecr-publisher` in the accounts 222222222222 and 333333333333.
    /// Docker Hub has `alpine`, `nginx` and `busybox`, the private `acme/app`, and the user
    /// `acme-pipeline` with the password `docker-hub-token`.
    pub fn demo() -> Self {
        let mut accounts = vec![tooling()];
        accounts.extend(TARGETS.into_iter().map(target));
        Self {
            accounts,
            hub: docker_hub(),
            generic: other_registry(),
            roles: RolesSeed {
                tooling: Some(format!("arn:aws:iam::{TOOLING}:role/tooling")),
                publisher: Some("arn:aws:iam::{account_id}:role/ecr-publisher".to_owned()),
            },
            ..Self::default()
        }
    }
}

fn tooling() -> AccountSeed {
    let user = format!("arn:aws:iam::{TOOLING}:user/pipeline");
    let role = format!("arn:aws:iam::{TOOLING}:role/tooling");
    let secret = "sandboxSecretOfThePipelineUser0000000000";
    account(TOOLING)
        .user(
            UserSeed::new("pipeline", "AKIASANDBOXPIPELINE1", secret)
                .policy(allow(&["sts:AssumeRole", "sts:TagSession"], &role)),
        )
        .role(
            RoleSeed::new("tooling", PolicyDocument::trust(&[&user])).policy(allow(
                &["sts:AssumeRole", "sts:TagSession"],
                "arn:aws:iam::*:role/ecr-publisher",
            )),
        )
}

fn target(id: &str) -> AccountSeed {
    let trusted = format!("arn:aws:iam::{TOOLING}:role/tooling");
    account(id).role(
        RoleSeed::new("ecr-publisher", PolicyDocument::trust(&[&trusted]))
            .policy(allow(&["ecr-public:*", "sts:GetServiceBearerToken"], "*")),
    )
}

fn docker_hub() -> HubSeed {
    let alpine = |version: &str| {
        image(&format!("alpine {version}"))
            .platforms(PLATFORMS)
            .layers([200 * KIB])
            .attestations(Attestations::Image)
            .command(["/bin/sh"])
    };
    let nginx = image("nginx 1.27")
        .platforms(["linux/amd64", "linux/arm64/v8"])
        .layers([200 * KIB, 1500 * KIB, 2 * KIB, 3 * KIB])
        .attestations(Attestations::Image)
        .command(["nginx", "-g", "daemon off;"]);
    let busybox = image("busybox 1.36")
        .layers([800 * KIB])
        .format(Format::Docker);
    let app = image("acme app")
        .platforms(["linux/amd64", "linux/arm64/v8"])
        .layers([64 * KIB]);
    let private = RepositorySeed {
        readers: Some(vec!["acme-pipeline".to_owned()]),
        ..repository([("1.0", app)])
    };
    HubSeed {
        repositories: [
            (
                "library/alpine".to_owned(),
                repository([
                    ("3.21", alpine("3.21")),
                    ("3.22", alpine("3.22")),
                    ("latest", alpine("3.22")),
                ]),
            ),
            (
                "library/nginx".to_owned(),
                repository([
                    ("1.27-alpine", nginx.clone()),
                    ("1.27", nginx.clone()),
                    ("latest", nginx),
                ]),
            ),
            (
                "library/busybox".to_owned(),
                repository([("1.36", busybox.clone()), ("latest", busybox)]),
            ),
            ("acme/app".to_owned(), private),
        ]
        .into(),
        users: vec![HubUser::new("acme-pipeline", "docker-hub-token")],
        ..HubSeed::default()
    }
}

fn other_registry() -> HubSeed {
    let tool = image("acme tool")
        .platforms(["linux/amd64"])
        .index()
        .layers([32 * KIB])
        .nested();
    HubSeed {
        repositories: [("acme/tool".to_owned(), repository([("2.1", tool)]))].into(),
        ..HubSeed::default()
    }
}

fn repository<const N: usize>(tags: [(&str, ImageSpec); N]) -> RepositorySeed {
    let tags = tags.into_iter().map(|(tag, image)| (tag.to_owned(), image));
    RepositorySeed {
        tags: tags.collect(),
        readers: None,
    }
}

fn account(id: &str) -> AccountSeed {
    let id: AccountId = id
        .parse()
        .unwrap_or_else(|_| unreachable!("twelve digits, see above"));
    AccountSeed {
        id,
        organization: None,
        default_alias: None,
        custom_aliases: Vec::new(),
        users: Vec::new(),
        roles: Vec::new(),
    }
}

#[expect(clippy::expect_used, reason = "the actions are written on this screen")]
fn allow(actions: &[&str], resource: &str) -> PolicyDocument {
    PolicyDocument::allow(actions, resource).expect("actions of the form service:Name")
}
