//! No action is missing in the policies, and none can be left out.
//!
//! A host of our own goes through the life of one image in one account, again and again with one
//! action less. That they are enough for many accounts under real Terraform is in
//! `acceptance-tests/role_sharing.rs`.

use ecr_public_sandbox::accounts::WebTokenSeed;
use ecr_public_sandbox::{Sandbox, Seed};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use crate::permissions::listed;
use crate::protocol::support::host::{Launch, Plugin};
use crate::protocol::support::session::{Applied, Session};
use crate::protocol::support::wire::tfplugin6::Diagnostic;
use crate::support::scenario::FIRST;
use crate::support::zone::{Zone, actions, web_token, without};

use super::variants::{VARIANTS, Variant, Way};

/// What is done to an image, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Configure,
    Create,
    Refresh,
    /// The AWS tags of its repository change.
    Retag,
    /// Another version comes into the same repository, under a key of its own.
    Another,
    Destroy,
}

/// The step that failed, and what it said.
type Failure = (Step, String);

/// Each action of the publisher role, and what fails first without it.
const NEEDED: [(&str, Step); 15] = [
    ("ecr-public:BatchCheckLayerAvailability", Step::Another),
    ("ecr-public:BatchDeleteImage", Step::Destroy),
    ("ecr-public:CompleteLayerUpload", Step::Create),
    ("ecr-public:CreateRepository", Step::Create),
    ("ecr-public:DescribeImages", Step::Refresh),
    ("ecr-public:DescribeRegistries", Step::Refresh),
    ("ecr-public:DescribeRepositories", Step::Create),
    ("ecr-public:GetAuthorizationToken", Step::Create),
    ("ecr-public:InitiateLayerUpload", Step::Create),
    ("ecr-public:ListTagsForResource", Step::Another),
    ("ecr-public:PutImage", Step::Create),
    ("ecr-public:TagResource", Step::Create),
    ("ecr-public:UntagResource", Step::Retag),
    ("ecr-public:UploadLayerPart", Step::Create),
    ("sts:GetServiceBearerToken", Step::Create),
];

/// How many lives are lived at once.
const AT_ONCE: usize = 4;

#[tokio::test]
async fn each_action_of_the_publisher_role_is_needed_and_named_where_it_is_missing() {
    let zone = Zone::published();
    let published = actions(&zone.permissions);
    assert_eq!(
        published,
        NEEDED.map(|(action, _)| action.to_owned()).into()
    );
    // The page also has what only `delete_repository` needs, which the example does not set.
    let mut listed = listed();
    assert!(listed.remove("ecr-public:DeleteRepository"));
    assert_eq!(published, listed, "the page lists others");
    let mut lives = JoinSet::new();
    for (action, step) in NEEDED {
        at_most(&mut lives, AT_ONCE - 1).await;
        let mut less = zone.clone();
        less.permissions = without(&zone.permissions, action);
        lives.spawn(async move {
            let (failed, words) = live(&VARIANTS[0], &less).await.expect_err(action);
            assert_eq!(failed, step, "without {action}: {words}");
            assert!(words.contains(action), "without {action}: {words}");
        });
    }
    at_most(&mut lives, 0).await;
}

/// A policy that has to do with the way into an account, if there is one in this zone.
type Policy = fn(&mut Zone) -> Option<&mut Json>;

const ON_THE_WAY: [Policy; 3] = [
    |zone| zone.caller_trust.as_mut(),
    |zone| Some(&mut zone.caller),
    |zone| Some(&mut zone.trust),
];

#[tokio::test]
async fn each_way_into_an_account_is_enough_and_every_action_on_it_is_needed() {
    let mut lives = JoinSet::new();
    for variant in &VARIANTS {
        let zone = variant.zone();
        for policy in ON_THE_WAY {
            for action in policy(&mut zone.clone())
                .map(|it| actions(it))
                .into_iter()
                .flatten()
            {
                at_most(&mut lives, AT_ONCE - 1).await;
                let mut less = zone.clone();
                let policy = policy(&mut less).unwrap();
                *policy = without(policy, &action);
                lives.spawn(async move {
                    let (failed, words) = live(variant, &less).await.expect_err(&action);
                    let is_early = matches!(failed, Step::Configure | Step::Create);
                    assert!(is_early && words.contains(&action), "{variant:?}: {words}");
                });
            }
        }
        at_most(&mut lives, AT_ONCE - 1).await;
        lives.spawn(async move { assert_eq!(live(variant, &zone).await, Ok(()), "{variant:?}") });
    }
    at_most(&mut lives, 0).await;
}

#[tokio::test]
async fn a_pipeline_of_somebody_else_does_not_become_the_caller() {
    for variant in &VARIANTS {
        let Way::Pipeline {
            issuer, subject, ..
        } = variant.way
        else {
            continue;
        };
        let (fork, branch) = (
            subject.replace("acme", "somebody"),
            subject.replace("main", "test"),
        );
        for token in [
            web_token(issuer, &fork, "sts.amazonaws.com"),
            web_token(issuer, &branch, "sts.amazonaws.com"),
            web_token(issuer, subject, "https://somewhere.example"),
            web_token("other.example", subject, "sts.amazonaws.com"),
        ] {
            let lived = live_with(variant, &variant.zone(), Some(token.clone())).await;
            let (failed, words) = lived.expect_err(&token.token);
            assert_eq!(failed, Step::Configure, "{token:?}: {words}");
        }
    }
}

async fn live(variant: &Variant, zone: &Zone) -> Result<(), Failure> {
    live_with(variant, zone, variant.token()).await
}

/// Lives the life of an image, until something fails or even warns.
async fn live_with(
    variant: &Variant,
    zone: &Zone,
    token: Option<WebTokenSeed>,
) -> Result<(), Failure> {
    let words = token.as_ref().map(|token| token.token.clone());
    let seed = Seed {
        web_tokens: token.into_iter().collect(),
        ..zone.seed(&[FIRST], Seed::demo().hub)
    };
    let sandbox = Sandbox::start(seed).await.unwrap();
    let block = variant.block(&sandbox, zone, words.as_deref());
    let mut image = json!({
        "source": "alpine:3.21",
        "account_id": FIRST,
        "repository_tags": { "team": "web", "stage": "live" },
    });
    let (_plugin, mut session) = configured(&sandbox, &block).await?;
    let old = passed(Step::Create, session.create(&image).await)?;
    let old = passed(Step::Refresh, session.refresh(&old).await)?;
    image["repository_tags"] = json!({ "team": "ops" });
    let planned = session.plan(&image, Some(&old)).await;
    let retagged = session.apply(&image, Some(&old), &planned).await;
    let old = passed(Step::Retag, retagged)?;
    image["source"] = json!("alpine:3.22");
    let new = passed(Step::Another, session.create(&image).await)?;
    // Another run: one never removes a tag that it has set itself.
    let (_plugin, mut session) = configured(&sandbox, &block).await?;
    for applied in [old, new] {
        passed(Step::Destroy, session.delete(&applied).await)?;
    }
    let left = sandbox
        .store()
        .image_digests(&FIRST.parse().unwrap(), "alpine");
    assert_eq!(left.unwrap(), []);
    assert_eq!(sandbox.journal().violations(), [""; 0]);
    Ok(())
}

async fn configured(sandbox: &Sandbox, block: &Json) -> Result<(Plugin, Session), Failure> {
    let mut plugin = Launch::by_host().set_all(sandbox.environment()).start();
    let mut session = Session::over(plugin.connect().await).await;
    said(Step::Configure, &session.try_configure(block).await)?;
    Ok((plugin, session))
}

fn passed(step: Step, applied: Applied) -> Result<Applied, Failure> {
    said(step, &applied.diagnostics)?;
    Ok(applied)
}

fn said(step: Step, diagnostics: &[Diagnostic]) -> Result<(), Failure> {
    let words: Vec<String> = diagnostics
        .iter()
        .map(|each| format!("{}\n{}", each.summary, each.detail))
        .collect();
    match words.is_empty() {
        true => Ok(()),
        false => Err((step, words.join("\n"))),
    }
}

/// Waits until no more than this many are left, all of which must go well.
async fn at_most(lives: &mut JoinSet<()>, number: usize) {
    while lives.len() > number {
        lives.join_next().await.unwrap().unwrap();
    }
}
