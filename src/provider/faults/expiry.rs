//! A copy of hours, in which every credential ends several times.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use ecr_public_sandbox::accounts::{AccountSeed, RoleSeed, WebTokenSeed};
use ecr_public_sandbox::clock::Clock;
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::{Effect, Entry, Face, Fault, HubSeed, HubUser, RepositorySeed};
use ecr_public_sandbox::{Sandbox, Seed, image};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::world::{AT_HUB, TAG, World};
use crate::aws::{self, AccountRole, Hop, HopSession, WebIdentity, WebIdentityToken};
use crate::content::{self, ByteStream, Source};
use crate::net::Secret;
use crate::oci::{Descriptor, Digest, Manifest, Repository, Version};
use crate::registry::Credential;
use crate::task::{Context, StoppedClock};

const FEDERATED: &str = "arn:aws:iam::111111111111:role/federated";
const HUB: &str = "arn:aws:iam::444444444444:role/hub";
const PUBLISHER: &str = "arn:aws:iam::222222222222:role/publisher";

/// A layer comes in so many pieces, each after so long: nine minutes and twenty seconds.
const PIECES: usize = 28;
const PIECE: Duration = Duration::from_secs(20);
/// With the configuration of the image 25 blobs, one after the other: nearly four hours.
const LAYERS: usize = 24;

const MINUTE: Duration = Duration::from_secs(60);
/// Of every role.
const SESSION: Duration = Duration::from_secs(3600);
/// Shorter than in reality, so that it is the logins that end and not only the sessions.
const LOGIN: Duration = Duration::from_secs(40 * 60);
/// Of Docker Hub.
const TOKEN: Duration = Duration::from_secs(300);

/// Time that passes for everybody, and only when it is told to.
struct Hours {
    provider: StoppedClock,
    sandbox: Clock,
}

impl Hours {
    fn begin(sandbox: &Sandbox) -> Arc<Self> {
        Arc::new(Self {
            provider: StoppedClock::begin(),
            sandbox: sandbox.clock().clone(),
        })
    }

    async fn pass(&self, time: Duration) {
        self.sandbox.advance(time);
        self.provider.pass(time).await;
    }
}

/// A source whose blobs arrive slowly, until the last one is there.
struct Slow {
    source: Arc<dyn Source>,
    hours: Arc<Hours>,
    opened: AtomicUsize,
}

#[async_trait]
impl Source for Slow {
    fn repository(&self) -> &Repository {
        self.source.repository()
    }

    fn counts_pulls(&self) -> bool {
        self.source.counts_pulls()
    }

    async fn resolve(&self, cx: &Context, version: &Version) -> Result<Descriptor, content::Error> {
        self.source.resolve(cx, version).await
    }

    async fn manifest(&self, cx: &Context, digest: &Digest) -> Result<Manifest, content::Error> {
        self.source.manifest(cx, digest).await
    }

    async fn listed_referrers(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, content::Error> {
        self.source.listed_referrers(cx, digest).await
    }

    async fn open_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, content::Error> {
        let opened = self.source.open_blob(cx, blob, offset).await?;
        let whole: BytesMut = opened.try_collect().await?;
        let whole = whole.freeze();
        let hours = Arc::clone(&self.hours);
        let is_last = self.opened.fetch_add(1, Ordering::SeqCst) == LAYERS;
        let pieces = stream::iter(0..PIECES).then(move |number| {
            let (whole, hours) = (whole.clone(), Arc::clone(&hours));
            async move {
                hours.pass(PIECE).await;
                if is_last && number + 1 == PIECES {
                    hours.provider.end();
                }
                Ok(piece(&whole, number))
            }
        });
        Ok(Box::pin(pieces))
    }
}

fn piece(whole: &Bytes, number: usize) -> Bytes {
    let at = |number: usize| number * whole.len() / PIECES;
    whole.slice(at(number)..at(number + 1))
}

/// A pipeline that is known by a token of its own, a role between, and the role of the target; and
/// a private image.
async fn world() -> World {
    let aws = aws::Config {
        web_identity: Some(WebIdentity {
            role_arn: FEDERATED.parse().unwrap(),
            session_name: None,
            duration: None,
            policy: None,
            policy_arns: [].into(),
            token: WebIdentityToken::Inline(Secret::new("header.claims.signature".to_owned())),
        }),
        assume_role: vec![Hop::to(HUB.parse().unwrap())],
        account_role: Some(AccountRole {
            template: "arn:aws:iam::{account_id}:role/publisher".to_owned(),
            session: HopSession::default(),
        }),
        ..aws::Config::default()
    };
    let mut world = World::seeded(seed(), aws).await;
    world.reader = Some(Credential::Basic {
        username: "reader".to_owned(),
        password: Secret::new("of-the-reader".to_owned()),
    });
    world.transfers = 1;
    world.sandbox.accounts().set_login_life(LOGIN);
    world
}

fn seed() -> Seed {
    let federated = PolicyDocument::try_from(serde_json::json!({
        "Statement": {
            "Effect": "Allow",
            "Principal": { "Federated": "arn:aws:iam::111111111111:oidc-provider/ci.example.org" },
            "Action": "sts:AssumeRoleWithWebIdentity",
        },
    }));
    let all = PolicyDocument::allow(&["ecr-public:*", "sts:*"], "*").unwrap();
    let account = |arn: &str, trust: PolicyDocument| {
        let (account, name) = (
            arn.split(':').nth(4).unwrap(),
            arn.rsplit('/').next().unwrap(),
        );
        let role = RoleSeed::new(name, trust).policy(all.clone());
        AccountSeed::new(account).unwrap().role(role)
    };
    let layers = image("app").platforms(["linux/amd64"]).index();
    let app = RepositorySeed {
        tags: BTreeMap::from([(TAG.to_owned(), layers.layers([2000; LAYERS]))]),
        readers: Some(vec!["reader".to_owned()]),
    };
    Seed {
        accounts: vec![
            account(FEDERATED, federated.unwrap()),
            account(HUB, PolicyDocument::trust(&[FEDERATED])),
            account(PUBLISHER, PolicyDocument::trust(&[HUB])),
        ],
        web_tokens: vec![WebTokenSeed {
            token: "header.claims.signature".to_owned(),
            issuer: "ci.example.org".to_owned(),
            subject: "pipeline".to_owned(),
            audience: "sts.amazonaws.com".to_owned(),
            expires_in_seconds: None,
        }],
        hub: HubSeed {
            repositories: BTreeMap::from([(AT_HUB.to_owned(), app)]),
            users: vec![HubUser::new("reader", "of-the-reader")],
            ..HubSeed::default()
        },
        ..Seed::default()
    }
}

/// How long it was each time until the next of these requests.
fn gaps(world: &World, wanted: impl Fn(&Entry) -> bool) -> Vec<Duration> {
    let entries = world.sandbox.journal().select(wanted);
    let pairs = entries.windows(2);
    let gap = |pair: &[Entry]| Duration::try_from(pair[1].at - pair[0].at).unwrap();
    pairs.map(gap).collect()
}

#[tokio::test]
async fn a_copy_outlives_every_credential_three_times_and_nobody_is_refused() {
    let world = world().await;
    let hours = Hours::begin(&world.sandbox);
    let copy = world.copy_to("slow").await;
    let started = world.sandbox.clock().now();
    let source = Arc::new(Slow {
        source: copy.source(),
        hours,
        opened: AtomicUsize::new(0),
    });
    copy.run_between(source, copy.destination()).await.unwrap();
    copy.has_arrived("after four hours").await;
    let took = Duration::try_from(world.sandbox.clock().now() - started).unwrap();
    assert!(took > 3 * SESSION, "{took:?}");

    // The first of each was handed out before the copy began.
    for role in [FEDERATED, HUB, PUBLISHER] {
        let is_of_role =
            |entry: &Entry| entry.parameters.get("RoleArn").is_some_and(|it| it == role);
        let renewed = world.count(is_of_role);
        assert_eq!(renewed, 4, "{role}");
        let early = gaps(&world, is_of_role);
        let in_time = |gap: &Duration| (SESSION - 5 * MINUTE..SESSION).contains(gap);
        assert!(early.iter().all(in_time), "{role}: {early:?}");
    }
    let is_login = |entry: &Entry| entry.operation.as_deref() == Some("GetAuthorizationToken");
    let logins = gaps(&world, is_login);
    assert!(logins.len() >= 3, "{logins:?}");
    let in_time = |gap: &Duration| (LOGIN / 2..LOGIN - 5 * MINUTE).contains(gap);
    assert!(logins.iter().all(in_time), "{logins:?}");
    let is_token = |entry: &Entry| entry.face == Face::HubAuth;
    assert!(
        gaps(&world, is_token)
            .iter()
            .filter(|gap| **gap > TOKEN)
            .count()
            >= 3
    );
    assert!(world.count(is_token) > LAYERS);

    // Each registry refuses once, to say where its tokens are.
    let refused = world.sandbox.journal().select(|entry| {
        let is_question = entry.method == "HEAD" && entry.status == Some(404);
        !is_question && entry.status.is_none_or(|status| status >= 400)
    });
    let refused: Vec<_> = refused
        .iter()
        .map(|entry| (entry.face, entry.status))
        .collect();
    assert_eq!(
        refused,
        [(Face::Hub, Some(401)), (Face::Registry, Some(401))]
    );
    assert_eq!(world.sandbox.journal().violations(), [""; 0]);
}

/// In the last five minutes of a session one caller renews it, and STS keeps that one waiting.
#[tokio::test]
async fn while_sts_is_slow_to_renew_a_session_everybody_else_goes_on() {
    let world = world().await;
    let half_a_day = 12 * SESSION;
    world.sandbox.accounts().set_login_life(half_a_day);
    let hours = Hours::begin(&world.sandbox);
    let copy = world.copy_to("slow").await;
    let cx = Context::new();
    let login = || copy.session.authorization_token(&cx);
    login().await.unwrap();
    hours.pass(SESSION - 4 * MINUTE).await;
    let asked = format!("RoleArn={PUBLISHER}");
    let held = Fault::on(Face::Sts, Effect::Hold).body(&asked);
    let held = world.sandbox.faults().add(held);
    let others = async {
        held.reached().await;
        for _ in 0..3 {
            login().await.unwrap();
            copy.session.registry(&cx).await.unwrap();
        }
        held.release();
    };
    let (renewed, ()) = tokio::join!(login(), others);
    renewed.unwrap();
    let is_renewal = |entry: &Entry| {
        entry
            .parameters
            .get("RoleArn")
            .is_some_and(|it| it == PUBLISHER)
    };
    assert_eq!(world.count(is_renewal), 1);
}
