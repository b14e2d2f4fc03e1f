//! The stand-ins with an image at Docker Hub, copies of it into an account, and the judgement from
//! outside: what the store holds, not what the engine says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ecr_public_sandbox::accounts::{AccountSeed, UserSeed};
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::store::ImageId;
use ecr_public_sandbox::{Digest, Effect, Entry, HubSeed, ImageSpec, Limits, RepositorySeed};
use ecr_public_sandbox::{Sandbox, Seed, image};
use futures_util::FutureExt as _;
use serde_json::Value;

use crate::aws::{self, Environment, Session, Target};
use crate::content::{ErrorKind, Source};
use crate::mirror::{self, Contents, ExistingTag, MirrorJob, Outcome, Platforms, Referrers};
use crate::net::{HttpSettings, Secret};
use crate::oci::{Repository, Version};
use crate::provider::clients::{Clients, alias_of};
use crate::provider::destination::EcrPublicRepository;
use crate::provider::diagnose;
use crate::provider::pulls::PullSettings;
use crate::provider::registry_settings::{ECR_PUBLIC, SourceRegistry};
use crate::provider::settings::{DockerConfigFile, Settings};
use crate::registry::{Credential, Endpoint};
use crate::task::Context;

/// Where copies go.
const ACCOUNT: &str = "222222222222";
const KEY: &str = "AKIASANDBOXPIPELINE1";
const SECRET: &str = "sandboxSecretOfThePipelineUser0000000000";

/// What is copied, at Docker Hub.
pub(super) const AT_HUB: &str = "library/app";
/// Its tag, there and here.
pub(super) const TAG: &str = "1";

/// The stand-ins, with an image at Docker Hub.
pub(super) struct World {
    pub(super) sandbox: Sandbox,
    /// How the provider gets into AWS, without the addresses of the stand-ins.
    pub(super) aws: aws::Config,
    /// Who it is at Docker Hub.
    pub(super) reader: Option<Credential>,
    /// Blobs in flight.
    pub(super) transfers: usize,
}

/// A provider that has just started, and a new repository to copy to.
pub(super) struct Copy<'a> {
    world: &'a World,
    clients: Clients,
    pub(super) session: Session,
    alias: String,
    pub(super) repository: String,
}

impl World {
    /// An index of two images with three layers each.
    pub(super) async fn new() -> Self {
        let app = image("app")
            .platforms(["linux/amd64", "linux/arm64/v8"])
            .layers([300, 5_000, 40_000]);
        Self::of(app).await
    }

    pub(super) async fn of(app: ImageSpec) -> Self {
        let user = PolicyDocument::allow(&["ecr-public:*", "sts:*"], "*").unwrap();
        let user = UserSeed::new("pipeline", KEY, SECRET).policy(user);
        let repository = RepositorySeed {
            tags: BTreeMap::from([(TAG.to_owned(), app)]),
            readers: None,
        };
        let seed = Seed {
            accounts: vec![AccountSeed::new(ACCOUNT).unwrap().user(user)],
            hub: HubSeed {
                repositories: BTreeMap::from([(AT_HUB.to_owned(), repository)]),
                limits: Limits {
                    anonymous: None,
                    ..Limits::default()
                },
                ..HubSeed::default()
            },
            ..Seed::default()
        };
        let aws = aws::Config {
            access_key: Some(KEY.to_owned()),
            secret_key: Some(Secret::new(SECRET.to_owned())),
            ..aws::Config::default()
        };
        Self::seeded(seed, aws).await
    }

    /// Others that have this, reached like that.
    pub(super) async fn seeded(seed: Seed, aws: aws::Config) -> Self {
        Self {
            sandbox: Sandbox::start(seed).await.unwrap(),
            aws,
            reader: None,
            transfers: 8,
        }
    }

    /// A provider that has just started, with a repository of this name that is new and empty.
    pub(super) async fn copy_to(&self, repository: &str) -> Copy<'_> {
        let cx = Context::new();
        let clients = Clients::connect(&cx, self.settings()).boxed().await;
        let clients = clients.unwrap_or_else(|diagnostic| panic!("{diagnostic:?}"));
        let session = clients.session(&Target {
            hops: Vec::new(),
            account: Some(ACCOUNT.parse().unwrap()),
            role_is_new: false,
        });
        let no_tags = BTreeMap::new();
        let creating = session.create_repository(&cx, repository, &no_tags);
        let created = creating.boxed().await.unwrap();
        let alias = alias_of(&created).unwrap().to_owned();
        self.sandbox.journal().clear();
        Copy {
            world: self,
            clients,
            session,
            alias,
            repository: repository.to_owned(),
        }
    }

    fn settings(&self) -> Settings {
        let at = |host: &str, url: String| Endpoint {
            host: host.to_owned(),
            address: Some(url.parse().unwrap()),
            plain_http: true,
            insecure: false,
        };
        let hub = SourceRegistry {
            endpoint: at(Repository::DOCKER_HUB, self.sandbox.hub_url()),
            credential: self.reader.clone(),
            ca_bundle: None,
            position: 0,
        };
        Settings {
            aws: aws::Config {
                region: Some("us-east-1".to_owned()),
                sts_endpoint: Some(self.sandbox.sts_url()),
                ecrpublic_endpoint: Some(self.sandbox.api_url()),
                skip_metadata: Some(true),
                environment: Environment::of(&[]),
                ..self.aws.clone()
            },
            http: HttpSettings::default(),
            ecr_public: at(ECR_PUBLIC, self.sandbox.registry_url()),
            registries: BTreeMap::from([(Repository::DOCKER_HUB.to_owned(), hub)]),
            prefers_mirrors: false,
            docker_config: DockerConfigFile::Off,
            default_tags: BTreeMap::new(),
            limits: mirror::Limits {
                transfers: self.transfers,
            },
            pulls: PullSettings::default(),
        }
    }

    /// The digest of the image at Docker Hub.
    pub(super) fn root(&self) -> Digest {
        self.sandbox.hub().digest(AT_HUB, TAG).unwrap()
    }

    /// A manifest of Docker Hub, as JSON.
    pub(super) fn manifest(&self, digest: &Digest) -> Value {
        let (_, bytes) = self.sandbox.hub().manifest(AT_HUB, digest).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The images in the index.
    pub(super) fn images(&self) -> Vec<Digest> {
        digests(&self.manifest(&self.root())["manifests"])
    }

    /// The configs and layers of all images.
    pub(super) fn blobs(&self) -> BTreeSet<Digest> {
        let images = self.images().into_iter();
        images.flat_map(|image| self.blobs_of(&image)).collect()
    }

    /// The config and layers of an image, the largest at the end.
    pub(super) fn blobs_of(&self, image: &Digest) -> Vec<Digest> {
        let manifest = self.manifest(image);
        let mut blobs = vec![digest(&manifest["config"])];
        blobs.extend(digests(&manifest["layers"]));
        blobs
    }

    /// What was asked of somebody so far.
    pub(super) fn count(&self, wanted: impl Fn(&Entry) -> bool) -> usize {
        self.sandbox.journal().count(wanted)
    }
}

impl Copy<'_> {
    /// The destination as a copy has it.
    pub(super) fn destination(&self) -> EcrPublicRepository {
        let name = self.repository.parse().unwrap();
        let account = ACCOUNT.parse().unwrap();
        let destination = self
            .clients
            .destination(&self.session, &account, &self.alias, &name);
        destination.unwrap_or_else(|diagnostic| panic!("{diagnostic:?}"))
    }

    /// Copies the image to its tag.
    pub(super) async fn run(&self) -> Result<Outcome, mirror::Error> {
        self.run_to(self.destination()).await
    }

    /// The same, to a destination that was prepared.
    pub(super) async fn run_to(
        &self,
        destination: EcrPublicRepository,
    ) -> Result<Outcome, mirror::Error> {
        self.run_between(self.source(), destination).await
    }

    /// The source as a copy has it.
    pub(super) fn source(&self) -> Arc<dyn Source> {
        let source = Repository::new(Repository::DOCKER_HUB, AT_HUB).unwrap();
        self.clients.source(&source)
    }

    /// The same, from a source that was prepared too.
    pub(super) async fn run_between(
        &self,
        source: Arc<dyn Source>,
        destination: EcrPublicRepository,
    ) -> Result<Outcome, mirror::Error> {
        let tag = (TAG.parse().unwrap(), ExistingTag::KeepUnless(None));
        let job = MirrorJob {
            version: Version::Tag(TAG.parse().unwrap()),
            platforms: Platforms::All,
            tags: BTreeMap::from([tag]),
            contents: Contents::Always,
            referrers: Referrers::None,
        };
        let cx = Context::new();
        let engine = &self.clients.engine;
        // Boxed, because the compiler gives up on futures that are nested so deeply.
        let mirroring = engine.mirror(&cx, &job, source, Arc::new(destination));
        mirroring.boxed().await
    }

    /// Asserts that the tag shows the image of the source, and that all of it is there, byte for
    /// byte.
    pub(super) async fn has_arrived(&self, situation: &str) {
        let shown = self.tags();
        let expected = BTreeMap::from([(TAG.to_owned(), self.world.root())]);
        assert_eq!(shown, expected, "{situation}");
        let manifests = self.manifests();
        let mut missing = self.world.images();
        missing.push(self.world.root());
        missing.retain(|digest| !manifests.contains(digest));
        assert_eq!(missing, [], "{situation}");
        self.is_consistent(situation).await;
    }

    /// Asserts that no tag was set, and that whatever is there is whole and belongs to the image.
    pub(super) async fn shows_nothing(&self, situation: &str) {
        assert_eq!(self.tags(), BTreeMap::new(), "{situation}");
        self.is_consistent(situation).await;
    }

    /// Asserts that everything in the repository is as it is at the source, and that everything
    /// that a manifest of it names is there.
    async fn is_consistent(&self, situation: &str) {
        let hub = self.world.sandbox.hub();
        for digest in self.manifests() {
            let (_, expected) = hub.manifest(AT_HUB, &digest).expect(situation);
            assert_eq!(self.stored(&digest), expected, "{situation}: {digest}");
        }
        let layers = self.layers();
        for digest in &layers {
            let store = self.world.sandbox.store();
            let account = ACCOUNT.parse().unwrap();
            let found = store.layer(&account, &self.repository, digest).unwrap();
            let expected = hub.blob(AT_HUB, digest).expect(situation);
            let (found, expected) = (found.unwrap().bytes().await, expected.bytes().await);
            assert!(found.unwrap() == expected.unwrap(), "{situation}: {digest}");
        }
        for manifest in self.manifests() {
            let below: Vec<Digest> = match self.world.manifest(&manifest).get("manifests") {
                Some(entries) => digests(entries),
                None => self.world.blobs_of(&manifest),
            };
            let is_there = |digest| layers.contains(digest) || self.manifests().contains(digest);
            let missing: Vec<&Digest> = below.iter().filter(|digest| !is_there(digest)).collect();
            assert_eq!(missing, [&manifest; 0], "{situation}");
        }
    }

    /// The layers and configs that the repository has.
    pub(super) fn layers(&self) -> Vec<Digest> {
        let store = self.world.sandbox.store();
        let account = ACCOUNT.parse().unwrap();
        store.layers(&account, &self.repository).unwrap()
    }

    /// The manifests that the repository has.
    pub(super) fn manifests(&self) -> Vec<Digest> {
        let store = self.world.sandbox.store();
        let account = ACCOUNT.parse().unwrap();
        store.image_digests(&account, &self.repository).unwrap()
    }

    /// The tags of the repository, and what they show.
    pub(super) fn tags(&self) -> BTreeMap<String, Digest> {
        let store = self.world.sandbox.store();
        let account = ACCOUNT.parse().unwrap();
        store.tags(&account, &self.repository).unwrap()
    }

    /// The uploads that were opened, and neither completed nor given up.
    pub(super) fn open_uploads(&self) -> usize {
        let store = self.world.sandbox.store();
        let account = ACCOUNT.parse().unwrap();
        store.open_uploads(&account, &self.repository).unwrap()
    }

    /// Removes a layer behind everybody's back.
    pub(super) fn lose(&self, layer: &Digest) {
        let store = self.world.sandbox.store();
        let account = ACCOUNT.parse().unwrap();
        let lost = store.lose_layer(&account, &self.repository, layer);
        assert!(lost.unwrap(), "{layer} was not there");
    }

    fn stored(&self, digest: &Digest) -> bytes::Bytes {
        let store = self.world.sandbox.store();
        let id = ImageId {
            digest: Some(digest.to_string()),
            tag: None,
        };
        let account = ACCOUNT.parse().unwrap();
        store
            .image(&account, &self.repository, &id)
            .unwrap()
            .manifest
    }
}

/// What a registry answers when it refuses, in the form of whichever face is asked.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Effect {
    let body = serde_json::json!({
        "__type": code,
        "message": message,
        "errors": [{ "code": code, "message": message }],
    });
    answer(status, &[("content-type", "application/json")], body)
}

/// An answer in place of the real one.
pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: impl ToString) -> Effect {
    let headers = headers.iter();
    Effect::Answer {
        status,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_string(),
    }
}

/// An error and everything behind it.
pub(super) fn chain(error: &mirror::Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn digests(entries: &Value) -> Vec<Digest> {
    entries.as_array().unwrap().iter().map(digest).collect()
}

fn digest(entry: &Value) -> Digest {
    entry["digest"].as_str().unwrap().parse().unwrap()
}

/// What a store said, if it was a store that failed.
pub(super) fn kind(error: &mirror::Error) -> Option<&ErrorKind> {
    match &error.cause {
        mirror::Cause::Store(error) => Some(error.kind()),
        _ => None,
    }
}

/// The headline that practitioners read about it.
pub(super) fn headline(error: &mirror::Error) -> String {
    let names = diagnose::Copy {
        source: &"app:1".parse().unwrap(),
        account: ACCOUNT,
        repository_uri: "public.ecr.aws/a1b2c3/app",
        repository_arn: "arn:aws:ecr-public::222222222222:repository/app",
    };
    diagnose::copy(error, &names).summary().to_owned()
}
