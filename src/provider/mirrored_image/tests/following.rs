//! What a plan makes of what the source was seen to show.

use super::*;
use crate::oci::{Descriptor, Digest, MediaType};
use crate::provider::mirrored_image::private::Private;

const HANDS_ON: ClientCapabilities = ClientCapabilities {
    store_planned_private: true,
};

/// Private data of an instance whose source was seen to show this.
fn saw(source: &str, content: &str) -> Vec<u8> {
    let mut private = Private::new(HUB, "nginx", false);
    let digest = digest_of(content).parse().unwrap();
    private.observe(&source.parse().unwrap(), &digest);
    private.to_bytes()
}

fn shows(content: &str) -> Descriptor {
    Descriptor {
        media_type: MediaType::new("application/vnd.oci.image.index.v1+json"),
        digest: Digest::sha256(content.as_bytes()),
        size: 1,
        platform: None,
        annotations: BTreeMap::new(),
        artifact_type: None,
    }
}

fn request(config: &MirroredImage, prior: Option<&MirroredImage>) -> PlanRequest<MirroredImage> {
    PlanRequest {
        config: config.clone(),
        prior: prior.cloned(),
        proposed: config.clone(),
        prior_private: Vec::new(),
        planned_private: Vec::new(),
        client: ClientCapabilities::default(),
    }
}

fn after_refresh(
    config: &MirroredImage,
    prior: &MirroredImage,
    private: Vec<u8>,
) -> Planned<MirroredImage> {
    let request = PlanRequest {
        prior_private: private,
        ..request(config, Some(prior))
    };
    assert_eq!(plan::new_source(&request), None, "it was looked at already");
    plan::plan(Some(&facts()), None, request)
}

#[test]
fn a_tag_that_moved_is_an_update_to_what_it_shows() {
    let config = config("nginx:1");
    let state = created(&config);
    let planned = after_refresh(&config, &state, saw("nginx:1", "new"));
    let new = digest_of("new");
    assert_eq!(planned.requires_replace, []);
    assert_eq!(planned.state.digest, text(&new));
    assert_eq!(planned.state.source_digest, text(&new));
    let uri = format!("public.ecr.aws/alias/nginx@{new}");
    assert_eq!(planned.state.image_uri, text(&uri));
    assert_eq!(planned.state.tag_uris, state.tag_uris);
    assert!(planned.state.size_bytes.is_unknown());
    assert_eq!(planned.private, saw("nginx:1", "new"));
}

#[test]
fn with_platforms_only_the_digest_of_the_source_is_known() {
    let mut config = config("nginx:1");
    config.platforms = texts(&["linux/amd64"]);
    let state = created(&config);
    let planned = after_refresh(&config, &state, saw("nginx:1", "new")).state;
    assert_eq!(planned.source_digest, text(&digest_of("new")));
    assert!(planned.digest.is_unknown());
    assert!(planned.image_uri.is_unknown());
}

#[test]
fn a_tag_that_stayed_changes_nothing() {
    let config = config("nginx:1");
    let state = created(&config);
    let same = saw("nginx:1", "nginx:1");
    assert_eq!(after_refresh(&config, &state, same).state, state);
    let other = saw("nginx:2", "new");
    assert_eq!(after_refresh(&config, &state, other).state, state);
}

#[test]
fn who_does_not_follow_is_not_moved() {
    let mut config = config("nginx:1");
    config.follow_source = Attr::Known(false);
    let state = created(&config);
    let planned = after_refresh(&config, &state, saw("nginx:1", "new"));
    assert_eq!(planned.state, state);
    // Switching it off keeps what is there, whatever the refresh before saw.
    let mut before = state.clone();
    before.follow_source = Attr::Known(true);
    let planned = after_refresh(&config, &before, saw("nginx:1", "new"));
    assert_eq!(planned.state, state);
}

#[test]
fn a_pinned_source_never_moves() {
    let pinned = format!("nginx:1@{}", digest_of("x"));
    let config = config(&pinned);
    let mut state = created(&config);
    state.source_digest = text(&digest_of("x"));
    state.digest = state.source_digest.clone();
    let planned = after_refresh(&config, &state, saw(&pinned, "new"));
    assert_eq!(planned.state.digest, state.digest);
    assert!(planned.state.size_bytes.known().is_some());
}

#[test]
fn without_the_digest_of_before_nothing_is_seen_to_move() {
    let mut config = config("nginx:1");
    config.platforms = texts(&["linux/amd64"]);
    let imported = MirroredImage {
        source_digest: Attr::Null,
        ..created(&config)
    };
    let planned = after_refresh(&config, &imported, saw("nginx:1", "new"));
    assert_eq!(planned.state, imported);
}

#[test]
fn a_source_is_looked_at_when_it_is_new_to_the_instance() {
    let one = config("nginx:1");
    let state = created(&one);
    let looked_at = |config: &MirroredImage, prior| plan::new_source(&request(config, prior));
    assert_eq!(looked_at(&one, None), "nginx:1".parse().ok());
    assert_eq!(looked_at(&one, Some(&state)), None);
    assert_eq!(
        looked_at(&config("docker.io/library/nginx:1"), Some(&state)),
        None
    );
    assert_eq!(
        looked_at(&config("nginx:2"), Some(&state)),
        "nginx:2".parse().ok()
    );
    let mut unknown = one;
    unknown.source = Attr::Unknown;
    assert_eq!(looked_at(&unknown, Some(&state)), None);
}

/// The second call must say what the first one said, whatever the source shows by then.
#[test]
fn a_host_that_hands_on_private_data_learns_the_digest_of_a_create() {
    let config = config("nginx:1");
    let first = PlanRequest {
        client: HANDS_ON,
        ..request(&config, None)
    };
    let planned = plan::plan(Some(&facts()), Some(&shows("one")), first.clone());
    assert_eq!(planned.state.digest, text(&digest_of("one")));
    let second = PlanRequest {
        planned_private: planned.private.clone(),
        ..first
    };
    assert_eq!(plan::new_source(&second), None);
    let again = plan::plan(Some(&facts()), Some(&shows("two")), second);
    assert_eq!(again.state, planned.state);
    assert_eq!(again.private, planned.private);
}

#[test]
fn any_other_host_learns_it_from_the_apply() {
    let config = config("nginx:1");
    let request = request(&config, None);
    let planned = plan::plan(Some(&facts()), Some(&shows("one")), request);
    assert!(planned.state.digest.is_unknown());
    assert!(planned.state.source_digest.is_unknown());
}

/// In the second call of a replacement nothing is known of the instance before.
#[test]
fn a_replacement_does_not_promise_what_the_refresh_saw() {
    let one = config("nginx:1");
    let state = created(&one);
    let mut other = one;
    other.account_id = text(TARGET);
    let planned = after_refresh(&other, &state, saw("nginx:1", "new"));
    assert_ne!(planned.requires_replace, []);
    assert!(planned.state.digest.is_unknown());
}

#[test]
fn another_reference_to_what_is_there_moves_nothing() {
    let state = created(&config("nginx:1"));
    let request = PlanRequest {
        client: HANDS_ON,
        ..request(&config("nginx:stable"), Some(&state))
    };
    let planned = plan::plan(Some(&facts()), Some(&shows("nginx:1")), request);
    assert_eq!(planned.state.digest, state.digest);
    assert_eq!(planned.state.size_bytes, state.size_bytes);
}
