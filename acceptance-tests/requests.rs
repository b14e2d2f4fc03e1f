//! How many requests an image costs: as many as a formula says, counted by those who are asked.

use std::collections::{BTreeMap, BTreeSet};

use ecr_public_sandbox::{Entry, Face, HubSeed, RepositorySeed, Sandbox, Seed, image};

use crate::support::scenario::{FIRST, Scenario, named};

/// What a copy is about. The letters are those of the formula below.
#[derive(Clone, Copy, Debug, Default)]
struct Copy {
    /// 1 when the destination lacks the root.
    r: usize,
    /// Manifests below the root that the destination lacks.
    pm: usize,
    /// Manifests below the root that it has.
    ph: usize,
    /// Distinct blobs of the manifests that it lacks.
    b: usize,
    /// Those of them that it lacks.
    bn: usize,
    /// Tags of the instance.
    t: usize,
    /// Those of them that are set.
    ts: usize,
    /// 1 when the repository is created for it.
    n: usize,
}

/// What was asked, by kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Requests {
    /// Manifests read at the source, which Docker Hub counts.
    pulls: usize,
    /// What a tag of the source stands for.
    source_looks: usize,
    /// Blobs asked for at the source, and at the object storage it redirects to.
    source_blobs: usize,
    source_hops: usize,
    /// Tokens of the source.
    source_tokens: usize,
    /// What tags of the destination show.
    tag_looks: usize,
    /// Manifests asked for at the destination by digest.
    manifest_looks: usize,
    /// `BatchCheckLayerAvailability`
    layer_checks: usize,
    /// Requests of uploads.
    uploads: usize,
    /// Manifests and tags put.
    puts: usize,
}

impl Copy {
    /// The formula.
    fn costs(&self) -> Requests {
        let Self {
            r,
            pm,
            ph,
            b,
            bn,
            t,
            ts,
            n,
        } = *self;
        let is_copied = usize::from(r + pm > 0);
        Requests {
            // C = r + Pm
            pulls: r + pm,
            source_looks: 1,
            // Bn, and a hop for each
            source_blobs: bn,
            source_hops: bn,
            // q = 1 scope, and no copy here lasts as long as a token
            source_tokens: 1,
            // T before the first write, T again after the blobs (somebody may have set one), and
            // of those that were set, each is verified.
            tag_looks: t + is_copied * t + ts,
            // P + 1, and what is there is read there. A new repository has nothing.
            manifest_looks: (1 - n) * (1 + pm + ph + (1 - r) + ph),
            // ⌈B / 100⌉
            layer_checks: (1 - n) * b.div_ceil(100),
            // u(s) = 2: POST and PUT, whatever the size
            uploads: 2 * bn,
            // Pm + max(T, 1): the first tag stores the root
            puts: pm + ts,
        }
    }
}

/// What the sandbox has seen.
fn seen(sandbox: &Sandbox) -> Requests {
    let count = |wanted: &dyn Fn(&Entry) -> bool| {
        // What is refused only to name the token service is not counted.
        sandbox
            .journal()
            .count(|entry| entry.status != Some(401) && wanted(entry))
    };
    let is = |face: Face, methods: &'static [&'static str], part: &'static str| {
        move |entry: &Entry| methods.iter().any(|method| entry.is(face, method, part))
    };
    let by_digest = |entry: &Entry| entry.path.contains("/manifests/sha256:");
    let here = |methods| is(Face::Registry, methods, "/manifests/");
    let looks = here(&["GET", "HEAD"]);
    let uploads = is(
        Face::Registry,
        &["POST", "PUT", "PATCH", "GET"],
        "/blobs/uploads/",
    );
    Requests {
        pulls: count(&is(Face::Hub, &["GET"], "/manifests/")),
        source_looks: count(&is(Face::Hub, &["HEAD"], "/manifests/")),
        source_blobs: count(&is(Face::Hub, &["GET", "HEAD"], "/blobs/")),
        source_hops: count(&is(Face::HubCdn, &["GET", "HEAD"], "")),
        source_tokens: count(&is(Face::HubAuth, &["GET", "POST"], "")),
        tag_looks: count(&|entry| looks(entry) && !by_digest(entry)),
        manifest_looks: count(&|entry| looks(entry) && by_digest(entry)),
        layer_checks: count(&|entry| {
            entry.operation.as_deref() == Some("BatchCheckLayerAvailability")
        }),
        uploads: count(&uploads),
        puts: count(&here(&["PUT"])),
    }
}

const REPOSITORY: &str = "acme/app";

/// An index of two images with a config and two layers each.
fn seed() -> Seed {
    let app = image("app")
        .platforms(["linux/amd64", "linux/arm64"])
        .layers([4096, 100_000]);
    let repository = RepositorySeed {
        tags: [("1".to_owned(), app)].into(),
        readers: None,
    };
    Seed {
        hub: HubSeed {
            repositories: [(REPOSITORY.to_owned(), repository)].into(),
            ..Seed::demo().hub
        },
        ..Seed::demo()
    }
}

/// An instance with these tags, and further arguments.
fn instance(name: &str, tags: &[&str], more: &str) -> String {
    named(
        name,
        &format!(
            "source = \"{REPOSITORY}:1\"\naccount_id = \"{FIRST}\"\nimage_tags = {tags:?}\n{more}"
        ),
    )
}

/// Plans this configuration and counts what its apply costs.
async fn costs(scenario: &Scenario, resources: &str) -> Requests {
    scenario.configure(resources);
    scenario.terraform.save_plan(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    scenario.terraform.apply_planned().await.succeeded();
    seen(&scenario.sandbox)
}

const INDEX: Copy = Copy {
    r: 1,
    pm: 2,
    ph: 0,
    b: 6,
    bn: 6,
    t: 1,
    ts: 1,
    n: 0,
};

#[tokio::test]
async fn an_empty_destination() {
    let scenario = Scenario::seeded(seed(), "").await;
    let new = Copy { n: 1, ..INDEX };
    let cost = costs(&scenario, &instance("it", &["1"], "")).await;
    assert_eq!(cost, new.costs());
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_destination_that_has_one_image_of_the_index() {
    let scenario = Scenario::seeded(seed(), "").await;
    let one = instance("one", &["amd64"], "platforms = [\"linux/amd64\"]\n");
    costs(&scenario, &one).await;
    let whole = one + &instance("whole", &["1", "2"], "");
    let partly = Copy {
        pm: 1,
        ph: 1,
        b: 3,
        bn: 3,
        t: 2,
        ts: 2,
        ..INDEX
    };
    assert_eq!(costs(&scenario, &whole).await, partly.costs());
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_new_tag_on_an_old_root() {
    let scenario = Scenario::seeded(seed(), "").await;
    costs(&scenario, &instance("it", &["1"], "")).await;
    let tag = Copy {
        t: 1,
        ts: 1,
        ph: 2,
        ..Copy::default()
    };
    let cost = costs(&scenario, &instance("it", &["1", "2"], "")).await;
    assert_eq!(cost, tag.costs());
    scenario.was_clean().await;
}

#[tokio::test]
async fn nothing_to_do() {
    let scenario = Scenario::seeded(seed(), "").await;
    costs(&scenario, &instance("it", &["1"], "")).await;
    scenario.sandbox.journal().clear();
    scenario
        .terraform
        .plan()
        .await
        .succeeded()
        .says("No changes");
    // Whether the tag of the source has moved.
    let look = Requests {
        source_looks: 1,
        source_tokens: 1,
        ..Requests::default()
    };
    assert_eq!(seen(&scenario.sandbox), look);
    let is_api = |entry: &Entry| entry.face == Face::Api;
    let asked = scenario.sandbox.journal().select(is_api).into_iter();
    let asked: BTreeSet<_> = asked.filter_map(|entry| entry.operation).collect();
    let expected = ["DescribeImages", "DescribeRegistries"].map(str::to_owned);
    assert_eq!(asked, expected.into());
    scenario.was_clean().await;
}

/// Everything that the stand-in for Docker Hub was asked, by method and path. What it refuses only
/// to name its token service depends on who comes first.
pub(crate) fn at_source(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    let faces = [Face::Hub, Face::HubAuth, Face::HubCdn];
    let journal = sandbox.journal();
    for entry in journal.select(|entry| faces.contains(&entry.face) && entry.status != Some(401)) {
        *asked
            .entry(format!("{} {}?{}", entry.method, entry.path, entry.query))
            .or_default() += 1;
    }
    asked
}
