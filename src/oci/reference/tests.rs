use super::*;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Canonical form and its parts.
fn check(text: &str, canonical: &str, registry: &str, path: &str) {
    let reference: Reference = text
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(reference.to_string(), canonical, "{text}");
    assert_eq!(reference.repository().registry(), registry, "{text}");
    assert_eq!(reference.repository().path(), path, "{text}");
    assert_eq!(canonical.parse::<Reference>().unwrap(), reference, "{text}");
}

fn refused(text: &str) -> InvalidReference {
    match text.parse::<Reference>() {
        Ok(reference) => panic!("{text} was taken for {reference}"),
        Err(error) => error,
    }
}

#[test]
fn the_shorthand_of_docker_is_written_out() {
    let rows = [
        ("nginx", "docker.io/library/nginx:latest", "library/nginx"),
        (
            "nginx:1.27",
            "docker.io/library/nginx:1.27",
            "library/nginx",
        ),
        (
            "grafana/grafana",
            "docker.io/grafana/grafana:latest",
            "grafana/grafana",
        ),
        (
            "docker.io/nginx",
            "docker.io/library/nginx:latest",
            "library/nginx",
        ),
        (
            "index.docker.io/library/nginx",
            "docker.io/library/nginx:latest",
            "library/nginx",
        ),
        (
            "registry-1.docker.io/library/nginx",
            "docker.io/library/nginx:latest",
            "library/nginx",
        ),
        (
            "Docker.IO/nginx:1",
            "docker.io/library/nginx:1",
            "library/nginx",
        ),
        ("docker.io/a/b/c", "docker.io/a/b/c:latest", "a/b/c"),
        // No host without a dot, a colon or the name localhost.
        ("host/app", "docker.io/host/app:latest", "host/app"),
        // A tag, as Docker reads it: there is no slash after the colon.
        (
            "localhost:5000",
            "docker.io/library/localhost:5000",
            "library/localhost",
        ),
    ];
    for (text, canonical, path) in rows {
        check(text, canonical, "docker.io", path);
    }
}

#[test]
fn a_colon_before_a_slash_belongs_to_a_port() {
    check("host:5000/app", "host:5000/app:latest", "host:5000", "app");
    check("host:5000/app:v1", "host:5000/app:v1", "host:5000", "app");
    check("localhost/app", "localhost/app:latest", "localhost", "app");
    check("10.0.0.7/a/b:v1", "10.0.0.7/a/b:v1", "10.0.0.7", "a/b");
    check("GHCR.io/a/b:V1", "ghcr.io/a/b:V1", "ghcr.io", "a/b");
}

#[test]
fn ipv6_hosts_stand_in_brackets() {
    check("[::1]/app", "[::1]/app:latest", "[::1]", "app");
    check(
        "[::1]:5000/app:v1",
        "[::1]:5000/app:v1",
        "[::1]:5000",
        "app",
    );
    check(
        "[2001:DB8::1]:5000/a/b",
        "[2001:db8::1]:5000/a/b:latest",
        "[2001:db8::1]:5000",
        "a/b",
    );
    for text in [
        "::1/app",
        "[::1/app",
        "[:::1]/app",
        "[1.2.3.4]/app",
        "[fe80::1%eth0]/app",
    ] {
        assert!(matches!(refused(text), InvalidReference::Host(_)), "{text}");
    }
}

#[test]
fn a_digest_decides_and_the_tag_is_only_recorded() {
    let both: Reference = format!("nginx:1.27@{DIGEST}").parse().unwrap();
    assert_eq!(both.version(), Version::Digest(DIGEST.parse().unwrap()));
    assert_eq!(both.tag().unwrap().as_str(), "1.27");
    assert_eq!(
        both.to_string(),
        format!("docker.io/library/nginx:1.27@{DIGEST}")
    );

    let only: Reference = format!("host:5000/app@{DIGEST}").parse().unwrap();
    assert_eq!(only.tag(), None);
    assert_eq!(only.to_string(), format!("host:5000/app@{DIGEST}"));
}

#[test]
fn names_follow_the_grammar_of_the_specification() {
    for name in [
        "a", "a/b", "a.b", "a_b", "a__b", "a-b", "a---b", "0", "a/b/c/d",
    ] {
        let text = format!("quay.io/{name}");
        check(&text, &format!("{text}:latest"), "quay.io", name);
    }
    for name in [
        "", "/", "A", "a/B", "a..b", "a___b", "a._b", "-a", "a-", "_a", ".a", "a//b", "a/", "/a",
        "a b", "é", "a\u{0}", "a%2fb", "..", "a/../b",
    ] {
        let error = refused(&format!("quay.io/{name}"));
        assert!(
            matches!(error, InvalidReference::Name(_)),
            "{name:?}: {error}"
        );
    }
}

#[test]
fn tags_have_at_most_128_characters() {
    for tag in ["latest", "v1.2_3-x", "_a", "A", "0", &"a".repeat(128)] {
        assert_eq!(tag.parse::<Tag>().unwrap().as_str(), tag);
    }
    for tag in [
        "",
        ".a",
        "-a",
        "a b",
        "a/b",
        "a:b",
        "é",
        "a\n",
        &"a".repeat(129),
    ] {
        assert!(
            matches!(tag.parse::<Tag>(), Err(InvalidReference::Tag(_))),
            "{tag:?}"
        );
    }
}

#[test]
fn hosts_are_names_or_addresses_with_a_port_that_exists() {
    for host in [
        "a.example",
        "a.example:1",
        "a-b.example",
        "xn--bcher-kva.example",
        "1.2.3.4:65535",
        "localhost",
    ] {
        assert!(Repository::new(host, "a").is_ok(), "{host}");
    }
    for host in [
        "",
        ".",
        "a..b",
        "-a.b",
        "a-.b",
        "a.b.",
        "a_b.c",
        "a.b:",
        "a.b:0",
        "a.b:65536",
        "a.b:+80",
        "a.b:x",
        "a.b:80:81",
        "a@b.c",
        "a.b?x",
        "a.b#x",
        "ü.de",
        "a b.c",
    ] {
        let refused = Repository::new(host, "a");
        assert!(
            matches!(refused, Err(InvalidReference::Host(_))),
            "{host:?}"
        );
    }
}

#[test]
fn what_is_no_reference_is_refused_with_its_reason() {
    let long = format!("quay.io/{}", "a/".repeat(130) + "a");
    let rows = [
        ("", "the reference is empty"),
        (
            "https://quay.io/a",
            "an image reference has no scheme such as `https://`",
        ),
        (
            "docker://nginx",
            "an image reference has no scheme such as `https://`",
        ),
        (
            "Nginx",
            "`Nginx` is not a repository name: lower-case letters and digits, separated by `.`, \
             `_`, `__`, dashes or `/`",
        ),
        (
            "nginx:",
            "`` is not a tag: up to 128 letters, digits, `.`, `_` or `-`, the first none of `.` and `-`",
        ),
        ("nginx@", "a digest has the form `sha256:<64 hex digits>`"),
        (
            "nginx@sha256:E3",
            "a sha256 digest has 64 hex digits, not 2",
        ),
        (
            long.as_str(),
            "registry and repository together have 269 characters, at most 255 are allowed",
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(refused(text).to_string(), expected, "{text}");
    }
}

#[test]
fn messages_quote_at_most_80_characters() {
    let text = refused(&"A".repeat(10_000)).to_string();
    assert!(text.contains(&format!("`{}…`", "A".repeat(80))), "{text}");
}

#[test]
fn parsing_random_text_never_panics_and_printing_is_canonical() {
    let seed = 20;
    let mut random = fastrand::Rng::with_seed(seed);
    let alphabet: Vec<char> = "ab0A._-:/@[]é \u{0}sha256".chars().collect();
    for _ in 0..20_000 {
        let length = random.usize(0..24);
        let text: String = (0..length)
            .map(|_| alphabet[random.usize(..alphabet.len())])
            .collect();
        if let Ok(reference) = text.parse::<Reference>() {
            let printed = reference.to_string();
            let again: Reference = printed
                .parse()
                .unwrap_or_else(|error| panic!("{printed}: {error}, seed {seed}"));
            assert_eq!(again, reference, "{text}, seed {seed}");
        }
    }
}
