use super::*;
use crate::tf::Path;

const ARN: &str = "arn:aws:ecr-public::111111111111:repository/nginx";

#[test]
fn a_create_states_what_follows_from_the_configuration() {
    let state = plan_with(Some(&facts()), &config("nginx:1.27"), None).state;
    assert_eq!(state.repository, text("nginx"));
    assert_eq!(state.image_tags, texts(&["1.27"]));
    assert_eq!(state.account_id, text(HUB));
    assert_eq!(state.id, text("111111111111/nginx:1.27"));
    assert_eq!(state.repository_arn, text(ARN));
    assert_eq!(state.create_repository, Attr::Known(true));
    assert_eq!(state.overwrite, Attr::Known(false));
    assert_eq!(state.keep_on_destroy, Attr::Known(false));
    let uris = state.tag_uris.known().unwrap();
    assert_eq!(uris.get("1.27"), Some(&Attr::Unknown));
}

#[test]
fn a_create_leaves_open_what_only_others_know() {
    let state = plan_with(Some(&facts()), &config("nginx:1.27"), None).state;
    for attr in [
        &state.digest,
        &state.source_digest,
        &state.media_type,
        &state.repository_uri,
        &state.registry_alias,
        &state.image_uri,
    ] {
        assert!(attr.is_unknown());
    }
    assert!(state.images.is_unknown());
    assert!(state.size_bytes.is_unknown());
}

#[test]
fn the_account_is_that_of_the_last_role_before_that_of_the_provider() {
    let mut config = config("nginx");
    config.assume_role = role_in(TARGET);
    assert_eq!(
        plan_with(Some(&facts()), &config, None).state.account_id,
        text(TARGET)
    );
    // Also while the provider is not configured: the role says it.
    assert_eq!(
        plan_with(None, &config, None).state.account_id,
        text(TARGET)
    );
    config.assume_role = Attr::Unknown;
    assert!(
        plan_with(Some(&facts()), &config, None)
            .state
            .account_id
            .is_unknown()
    );
    config.assume_role = Attr::Null;
    assert!(plan_with(None, &config, None).state.account_id.is_unknown());
}

#[test]
fn a_source_by_digest_makes_the_digest_known() {
    let digest = digest_of("x");
    let mut config = config(&format!("nginx:1@{digest}"));
    let state = plan_with(Some(&facts()), &config, None).state;
    assert_eq!(state.digest, text(&digest));
    assert_eq!(state.source_digest, text(&digest));
    config.platforms = texts(&["linux/amd64"]);
    let state = plan_with(Some(&facts()), &config, None).state;
    assert!(
        state.digest.is_unknown(),
        "a choice of platforms has another digest"
    );
    assert_eq!(state.source_digest, text(&digest));
}

#[test]
fn planning_its_own_result_changes_nothing() {
    for config in configs() {
        let state = created(&config);
        let again = plan_with(Some(&facts()), &config, Some(&state));
        assert_eq!(again.state, state);
        assert_eq!(again.requires_replace, []);
    }
}

#[test]
fn what_others_do_to_tags_is_planned_to_be_repaired() {
    let config = config("nginx:1.27");
    let state = created(&config);
    let mut drifted = state.clone();
    drifted.show_tags(&std::collections::BTreeSet::new());
    assert_eq!(
        plan_with(Some(&facts()), &config, Some(&drifted)).state,
        state
    );
}

#[test]
fn session_details_change_in_place_and_nothing_else_does() {
    let mut before = config("nginx:1");
    before.assume_role = role_in(TARGET);
    let state = created(&before);
    let mut after = before;
    after.assume_role = role("arn:aws:iam::222222222222:role/renamed");
    after.keep_on_destroy = Attr::Known(true);
    after.overwrite = Attr::Known(true);
    after.repository_tags = known::to_text_map(BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    let planned = plan_with(Some(&facts()), &after, Some(&state));
    assert_eq!(planned.requires_replace, []);
    let expected = MirroredImage {
        assume_role: after.assume_role,
        keep_on_destroy: Attr::Known(true),
        overwrite: Attr::Known(true),
        repository_tags: after.repository_tags,
        ..state
    };
    assert_eq!(planned.state, expected);
}

#[test]
fn another_tag_alone_leaves_the_image_known() {
    let state = created(&config("nginx:1"));
    let mut after = config("nginx:1");
    after.image_tags = texts(&["1", "stable"]);
    let planned = plan_with(Some(&facts()), &after, Some(&state)).state;
    assert_eq!(planned.digest, state.digest);
    assert_eq!(planned.image_uri, state.image_uri);
    assert_eq!(planned.id, state.id);
    let uris = known::text_map(&planned.tag_uris).unwrap();
    assert_eq!(uris["stable"], "public.ecr.aws/alias/nginx:stable");
}

#[test]
fn the_same_image_under_another_spelling_is_the_same_image() {
    let state = created(&config("nginx:1"));
    let planned = plan_with(
        Some(&facts()),
        &config("docker.io/library/nginx:1"),
        Some(&state),
    );
    assert_eq!(planned.state.digest, state.digest);
}

#[test]
fn another_source_is_copied_in_place() {
    let state = created(&config("nginx:1"));
    let planned = plan_with(Some(&facts()), &config("nginx:2"), Some(&state));
    assert_eq!(planned.requires_replace, []);
    assert!(planned.state.digest.is_unknown());
    assert!(planned.state.image_uri.is_unknown());
    assert_eq!(
        planned.state.id, state.id,
        "stable for the life of the instance"
    );
    assert_eq!(planned.state.repository_uri, state.repository_uri);
}

#[test]
fn a_new_digest_in_the_source_is_known_at_once() {
    let state = created(&config("nginx:1"));
    let digest = digest_of("new");
    let planned = plan_with(
        Some(&facts()),
        &config(&format!("nginx:1@{digest}")),
        Some(&state),
    );
    assert_eq!(planned.state.digest, text(&digest));
    let uri = format!("public.ecr.aws/alias/nginx@{digest}");
    assert_eq!(planned.state.image_uri, text(&uri));
}

#[test]
fn an_import_without_source_only_gains_it() {
    let config = config("nginx:1");
    let state = created(&config);
    let imported = MirroredImage {
        source: Attr::Null,
        ..state.clone()
    };
    assert_eq!(
        plan_with(Some(&facts()), &config, Some(&imported)).state,
        state
    );
}

#[test]
fn an_import_without_source_does_not_pass_for_another_digest() {
    let digest = digest_of("nginx:1");
    let imported = MirroredImage {
        source: Attr::Null,
        ..created(&config("nginx:1"))
    };
    for (wanted, is_there) in [(digest, true), (digest_of("other"), false)] {
        let config = config(&format!("nginx:1@{wanted}"));
        let planned = plan_with(Some(&facts()), &config, Some(&imported)).state;
        assert_eq!(planned.digest, text(&wanted));
        assert_eq!(planned.size_bytes.is_unknown(), !is_there);
    }
}

#[test]
fn an_import_that_does_not_know_the_digest_of_the_source_leaves_open_what_a_new_tag_shows() {
    let config = MirroredImage {
        image_tags: texts(&["a", "b"]),
        platforms: texts(&["linux/arm64", "linux/amd64"]),
        ..config("nginx:1")
    };
    let imported = MirroredImage {
        source_digest: Attr::Null,
        ..created(&config)
    };
    let planned = plan_with(Some(&facts()), &config, Some(&imported)).state;
    assert_eq!(planned, imported);
    let mut fewer = config.clone();
    fewer.image_tags = texts(&["a"]);
    let planned = plan_with(Some(&facts()), &fewer, Some(&imported)).state;
    assert_eq!(planned.digest, imported.digest);
    let mut more = config;
    more.image_tags = texts(&["a", "b", "c"]);
    let planned = plan_with(Some(&facts()), &more, Some(&imported)).state;
    assert!(planned.digest.is_unknown());
    assert!(planned.source_digest.is_unknown());
}

#[test]
fn another_repository_or_account_replaces() {
    let state = created(&config("nginx:1"));
    let rows: [(&str, MirroredImage); 5] = [
        (
            "repository",
            MirroredImage {
                repository: text("other"),
                ..config("nginx:1")
            },
        ),
        (
            "repository",
            MirroredImage {
                repository: Attr::Unknown,
                ..config("nginx:1")
            },
        ),
        ("repository", config("httpd:1")),
        (
            "account_id",
            MirroredImage {
                account_id: text(TARGET),
                ..config("nginx:1")
            },
        ),
        (
            "account_id",
            MirroredImage {
                assume_role: role_in(TARGET),
                ..config("nginx:1")
            },
        ),
    ];
    for (attribute, config) in rows {
        let planned = plan_with(Some(&facts()), &config, Some(&state));
        assert_eq!(planned.requires_replace, [Path::root(attribute)]);
        let replacement = plan_with(Some(&facts()), &config, None);
        assert_eq!(
            planned.state, replacement.state,
            "the second call plans the same"
        );
    }
}

#[test]
fn an_unknown_path_into_the_account_does_not_replace() {
    let mut config = config("nginx:1");
    config.assume_role = role_in(TARGET);
    let state = created(&config);
    config.assume_role = Attr::Unknown;
    let planned = plan_with(Some(&facts()), &config, Some(&state));
    assert_eq!(planned.requires_replace, []);
    assert_eq!(planned.state.account_id, text(TARGET));
}

/// What the first call states as known, the second one states again: whatever was unknown turns
/// out to be what it is in the second configuration.
#[test]
fn the_second_call_never_contradicts_the_first() {
    for whole in configs() {
        let prior = created(&whole);
        for prior in [None, Some(&prior)] {
            for open in opened(&whole) {
                let first = plan_with(None, &open, prior);
                let second = plan_with(Some(&facts()), &whole, prior);
                let agrees = agrees(&first.state.to_value(), &second.state.to_value());
                assert!(agrees, "{:#?}\n{:#?}", first.state, second.state);
                assert_eq!(first.requires_replace, first_replaces(&open, prior));
            }
        }
    }
}

/// Only what is itself unknown may replace; and then it does, whatever it turns out to be.
fn first_replaces(open: &MirroredImage, prior: Option<&MirroredImage>) -> Vec<Path> {
    let names = [
        ("repository", &open.repository),
        ("account_id", &open.account_id),
    ];
    let unknown = names
        .iter()
        .filter(|(_, attr)| attr.is_unknown() && prior.is_some());
    unknown.map(|(name, _)| Path::root(name)).collect()
}

/// Every configuration with one attribute unknown.
fn opened(whole: &MirroredImage) -> Vec<MirroredImage> {
    let object = whole.to_object();
    let set = object.iter().filter(|(_, value)| !value.is_null());
    let mut all = vec![whole.clone()];
    for (name, _) in set {
        let mut open = object.clone();
        open.insert(name.clone(), Value::Unknown);
        all.push(MirroredImage::from_object(&open).unwrap());
    }
    all
}

fn configs() -> Vec<MirroredImage> {
    let digest = digest_of("pinned");
    vec![
        config("nginx"),
        config("ghcr.io/org/app:1.2"),
        config(&format!("nginx:1@{digest}")),
        MirroredImage {
            image_tags: texts(&["b", "a"]),
            repository: text("team/app"),
            platforms: texts(&["linux/arm64", "linux/amd64"]),
            ..config(&format!("nginx@{digest}"))
        },
        MirroredImage {
            account_id: text(TARGET),
            overwrite: Attr::Known(true),
            repository_tags: known::to_text_map(BTreeMap::from([(
                "team".to_owned(),
                "web".to_owned(),
            )])),
            ..config("nginx:1")
        },
        MirroredImage {
            assume_role: role_in(TARGET),
            create_repository: Attr::Known(false),
            ..config("nginx:1")
        },
    ]
}

#[test]
fn private_data_goes_through_the_plan() {
    let config = config("nginx:1");
    let state = created(&config);
    let request = |prior, prior_private: &str, planned_private: &str| PlanRequest {
        config: config.clone(),
        prior,
        proposed: config.clone(),
        prior_private: prior_private.into(),
        planned_private: planned_private.into(),
        client: ClientCapabilities::default(),
    };
    let planned = plan::plan(None, None, request(Some(state), "old", ""));
    assert_eq!(planned.private, b"old");
    // On the second call of a replacement the first one's private data is all that is left.
    let planned = plan::plan(None, None, request(None, "", "first"));
    assert_eq!(planned.private, b"first");
}

#[test]
fn an_account_that_is_not_allowed_is_an_error_before_anything_is_asked() {
    let allowed = Facts {
        allowed: [HUB.parse().unwrap()].into(),
        ..facts()
    };
    let forbidden = Facts {
        forbidden: [TARGET.parse().unwrap()].into(),
        ..facts()
    };
    let no_way = Facts {
        has_account_role: false,
        ..facts()
    };
    let config = MirroredImage {
        account_id: text(TARGET),
        ..config("nginx:1")
    };
    for (facts, summary) in [
        (allowed, "AWS account not allowed"),
        (forbidden, "AWS account not allowed"),
        (no_way, "No role leads into the account"),
    ] {
        let planned = plan_with(Some(&facts), &config, None);
        let summaries: Vec<&str> = planned
            .diagnostics
            .iter()
            .map(|each| each.summary())
            .collect();
        assert_eq!(summaries, [summary]);
    }
}

#[test]
fn what_comes_along_is_open_until_it_was_brought_and_nothing_without_the_wish() {
    let plain = config("nginx:1");
    let all = MirroredImage {
        referrers: text("all"),
        ..plain.clone()
    };
    let planned = |config: &MirroredImage| plan_with(Some(&facts()), config, None).state;
    assert_eq!(planned(&plain).referrers, text("none"));
    assert_eq!(planned(&plain).referrer_digests, texts(&[]));
    assert_eq!(planned(&all).referrer_digests, Attr::Unknown);
    let unknown = MirroredImage {
        referrers: Attr::Unknown,
        ..plain
    };
    assert_eq!(planned(&unknown).referrer_digests, Attr::Unknown);
}
