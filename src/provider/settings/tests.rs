use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::*;
use crate::net::Secret;
use crate::provider::config::{
    Blocks, DefaultTagsBlock, EndpointsBlock, RegistryBlock, WebIdentityBlock,
};
use crate::provider::role::AssumeRole;
use crate::provider::schema;
use crate::registry::Credential;
use crate::tf::{Attr, Attribute, Model as _, Number, Value};

fn text(text: &str) -> Attr<String> {
    Attr::Known(text.to_owned())
}

fn secret(text: &str) -> Attr<Secret<String>> {
    Attr::Known(Secret::new(text.to_owned()))
}

fn one<T>(block: T) -> Blocks<T> {
    Attr::Known(vec![Attr::Known(block)])
}

fn number(number: i64) -> Attr<Whole> {
    Attr::Known(Whole(Number::Integer(number)))
}

fn with(change: impl FnOnce(&mut ProviderConfig)) -> ProviderConfig {
    let mut config = ProviderConfig::default();
    change(&mut config);
    config
}

fn read_in(config: &ProviderConfig, variables: &[(&str, &str)]) -> Result<Settings, Diagnostics> {
    let mut problems = Diagnostics::new();
    match read(config, &Environment::of(variables), &mut problems) {
        Some(settings) => Ok(settings),
        None => Err(problems),
    }
}

fn role(arn: &str) -> AssumeRole {
    AssumeRole {
        role_arn: text(arn),
        ..AssumeRole::default()
    }
}

fn registry(host: &str) -> RegistryBlock {
    RegistryBlock {
        host: text(host),
        ..RegistryBlock::default()
    }
}

const ROLE: &str = "arn:aws:iam::111111111111:role/tooling";

#[expect(clippy::too_many_lines, reason = "a table")]
fn wrong_configs() -> Vec<(&'static str, ProviderConfig)> {
    let web_identity = |token, file| {
        one(WebIdentityBlock {
            role_arn: text(ROLE),
            web_identity_token: token,
            web_identity_token_file: file,
            ..WebIdentityBlock::default()
        })
    };
    vec![
        ("half a pair of keys", with(|c| c.access_key = text("AKIA"))),
        ("only a token", with(|c| c.token = secret("hush"))),
        (
            "both lists",
            with(|c| {
                c.allowed_account_ids = known::to_texts(["111111111111"]);
                c.forbidden_account_ids = known::to_texts(["222222222222"]);
            }),
        ),
        (
            "an account",
            with(|c| c.allowed_account_ids = known::to_texts(["1111"])),
        ),
        ("retry mode", with(|c| c.retry_mode = text("legacy"))),
        ("retries", with(|c| c.max_retries = number(0))),
        (
            "transfers",
            with(|c| c.max_concurrent_transfers = Attr::Known(Whole(Number::Float(1.5)))),
        ),
        (
            "proxy",
            with(|c| c.https_proxy = text("socks5://user:hush@proxy")),
        ),
        (
            "metadata",
            with(|c| c.skip_metadata_api_check = text("yes")),
        ),
        (
            "metadata mode",
            with(|c| c.ec2_metadata_service_endpoint_mode = text("dual")),
        ),
        (
            "retry budget",
            with(|c| c.token_bucket_rate_limiter_capacity = number(-1)),
        ),
        ("empty role", with(|c| c.assume_role = one(role("")))),
        (
            "second role too long",
            with(|c| {
                let long = AssumeRole {
                    duration: text("2h"),
                    ..role(ROLE)
                };
                c.assume_role = Attr::Known(vec![Attr::Known(long.clone()), Attr::Known(long)]);
            }),
        ),
        (
            "no token",
            with(|c| c.assume_role_with_web_identity = web_identity(Attr::Null, Attr::Null)),
        ),
        (
            "two tokens",
            with(|c| {
                c.assume_role_with_web_identity = web_identity(secret("hush"), text("file"));
            }),
        ),
        (
            "template without account",
            with(|c| c.account_role = Attr::Known(role(ROLE))),
        ),
        (
            "registry host",
            with(|c| c.registry = one(registry("https://ghcr.io"))),
        ),
        (
            "registry twice",
            with(|c| {
                let twice =
                    ["docker.io", "index.docker.io"].map(|host| Attr::Known(registry(host)));
                c.registry = Attr::Known(twice.into());
            }),
        ),
        (
            "user without password",
            with(|c| {
                c.registry = one(RegistryBlock {
                    username: text("me"),
                    ..registry("ghcr.io")
                });
            }),
        ),
        (
            "plain HTTP",
            with(|c| {
                c.registry = one(RegistryBlock {
                    plain_http: Attr::Known(true),
                    ..registry("registry.example.com")
                });
            }),
        ),
        (
            "registry endpoint",
            with(|c| {
                c.registry = one(RegistryBlock {
                    endpoint: text("mirror"),
                    ..registry("ghcr.io")
                });
            }),
        ),
        (
            "endpoint of AWS",
            with(|c| {
                c.endpoints = one(EndpointsBlock {
                    sts: text("localhost:4566"),
                    ..EndpointsBlock::default()
                });
            }),
        ),
        (
            "endpoint of the registry",
            with(|c| {
                c.endpoints = one(EndpointsBlock {
                    registry: text("http://registry.example.com"),
                    ..EndpointsBlock::default()
                });
            }),
        ),
        (
            "default tags",
            with(|c| {
                let tags = BTreeMap::from([("aws:x".to_owned(), "y".to_owned())]);
                c.default_tags = one(DefaultTagsBlock {
                    tags: known::to_text_map(tags),
                });
            }),
        ),
    ]
}

#[test]
fn each_wrong_provider_block_has_its_message_at_its_place() {
    let mut all = String::new();
    for (name, config) in wrong_configs() {
        let problems = read_in(&config, &[]).unwrap_err();
        assert!(problems.has_errors(), "{name}");
        writeln!(all, "=== {name}\n").unwrap();
        for problem in &problems {
            let place = problem.path().map(ToString::to_string).unwrap_or_default();
            writeln!(
                all,
                "{} [{place}]\n\n{}\n",
                problem.summary(),
                problem.text()
            )
            .unwrap();
        }
    }
    assert!(!all.contains("hush"), "no secret is shown");
    insta::assert_snapshot!("provider_block", all);
}

#[test]
fn an_empty_provider_block_is_fine() {
    let settings = read_in(&ProviderConfig::default(), &[]).unwrap();
    assert_eq!(settings.docker_config, DockerConfigFile::Usual);
    assert_eq!(settings.limits.transfers, 16);
    assert_eq!(settings.ecr_public.address, None);
}

#[test]
fn registries_are_found_by_the_name_that_references_have() {
    let config = with(|c| {
        c.registry = one(RegistryBlock {
            username: text("me"),
            password: secret("hush"),
            ..registry("registry-1.docker.io")
        });
    });
    let settings = read_in(&config, &[]).unwrap();
    let hub = &settings.registries["docker.io"];
    assert_eq!(hub.endpoint.host, "docker.io");
    assert!(
        matches!(&hub.credential, Some(Credential::Basic { username, .. }) if username == "me")
    );
    assert!(!format!("{settings:?} {config:?}").contains("hush"));
}

#[test]
fn the_environment_says_where_the_registry_is_unless_the_block_does() {
    let variables = [("ECRPUBLIC_REGISTRY_ENDPOINT", "http://127.0.0.1:5000")];
    let settings = read_in(&ProviderConfig::default(), &variables).unwrap();
    let address = settings.ecr_public.address.unwrap();
    assert_eq!(address.as_str(), "http://127.0.0.1:5000/");
    let config = with(|c| {
        c.endpoints = one(EndpointsBlock {
            registry: text("https://127.0.0.1:6000"),
            ..EndpointsBlock::default()
        });
    });
    let settings = read_in(&config, &variables).unwrap();
    assert_eq!(settings.ecr_public.address.unwrap().port(), Some(6000));
}

#[test]
fn a_ca_bundle_of_the_environment_may_start_at_home() {
    let environment = [("AWS_CA_BUNDLE", "~/company.pem"), ("HOME", "/home/me")];
    let settings = read_in(&ProviderConfig::default(), &environment).unwrap();
    let expected = PathBuf::from("/home/me/company.pem");
    assert_eq!(settings.http.ca_bundle, Some(expected));
}

#[test]
fn a_retry_mode_that_is_written_down_decides() {
    for (mode, expected) in [
        (Attr::Null, None),
        (text("standard"), Some(false)),
        (text("adaptive"), Some(true)),
    ] {
        let settings = read_in(&with(|c| c.retry_mode = mode), &[]).unwrap();
        assert_eq!(settings.aws.adaptive_retries, expected);
    }
}

#[test]
fn the_block_says_yes_no_or_nothing_about_the_metadata_service() {
    for (written, expected) in [
        (Attr::Null, None),
        (text(""), None),
        (text("false"), Some(false)),
        (text("true"), Some(true)),
    ] {
        let settings = read_in(&with(|c| c.skip_metadata_api_check = written), &[]).unwrap();
        assert_eq!(settings.aws.skip_metadata, expected);
    }
}

#[test]
fn what_is_pasted_from_hashicorp_aws_arrives() {
    let config = with(|c| {
        c.skip_requesting_account_id = Attr::Known(true);
        c.token_bucket_rate_limiter_capacity = number(20);
        c.ec2_metadata_service_endpoint_mode = text("IPv6");
    });
    let aws = read_in(&config, &[]).unwrap().aws;
    assert!(aws.skip_requesting_account_id);
    assert_eq!(aws.retry_budget, Some(20));
    assert_eq!(aws.ec2_metadata_endpoint_mode.as_deref(), Some("IPv6"));
}

#[test]
fn an_unknown_value_defers_and_is_no_error() {
    let object = ProviderConfig::default().to_object();
    for name in object.keys() {
        let mut open = object.clone();
        open.insert(name.clone(), Value::Unknown);
        let config = ProviderConfig::from_object(&open).unwrap();
        let problems = read_in(&config, &[]).unwrap_err();
        assert_eq!(problems, Diagnostics::new(), "{name}");
    }
}

#[test]
fn half_a_pair_of_keys_is_fine_while_the_other_half_is_unknown() {
    let config = with(|c| {
        c.access_key = text("AKIA");
        c.secret_key = Attr::Unknown;
    });
    assert_eq!(read_in(&config, &[]).unwrap_err(), Diagnostics::new());
}

fn names(attributes: &[Attribute]) -> BTreeSet<&str> {
    attributes.iter().map(|attribute| attribute.name).collect()
}

#[test]
fn the_model_has_the_attributes_and_blocks_of_the_schema() {
    let block = schema::schema().block;
    let mut expected = names(&block.attributes);
    expected.extend(block.blocks.iter().map(|block| block.name));
    let object = ProviderConfig::default().to_object();
    assert_eq!(
        object.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        expected
    );
    let objects = [
        ("assume_role", AssumeRole::default().to_object()),
        (
            "assume_role_with_web_identity",
            WebIdentityBlock::default().to_object(),
        ),
        ("account_role", AssumeRole::default().to_object()),
        ("registry", RegistryBlock::default().to_object()),
        ("endpoints", EndpointsBlock::default().to_object()),
        ("default_tags", DefaultTagsBlock::default().to_object()),
    ];
    for (name, object) in objects {
        let nested = block
            .blocks
            .iter()
            .find(|block| block.name == name)
            .unwrap();
        let members: BTreeSet<&str> = object.keys().map(String::as_str).collect();
        assert_eq!(names(&nested.block.attributes), members, "{name}");
    }
}

#[test]
fn secrets_are_marked() {
    let block = schema::schema().block;
    let nested = block
        .blocks
        .iter()
        .flat_map(|block| &block.block.attributes);
    let all = block.attributes.iter().chain(nested);
    let marked: Vec<&str> = all
        .filter(|each| each.sensitive)
        .map(|each| each.name)
        .collect();
    assert_eq!(
        marked,
        [
            "secret_key",
            "token",
            "web_identity_token",
            "password",
            "token"
        ]
    );
}

#[test]
fn the_proxy_of_the_block_carries_https_for_registries_as_it_does_for_aws() {
    let http = |change: fn(&mut ProviderConfig), variables: &[(&str, &str)]| {
        let settings = read_in(&with(change), variables).unwrap();
        settings.http.https_proxy
    };
    let ours = |config: &mut ProviderConfig| config.http_proxy = text("http://proxy:3128");
    let switched_off = |config: &mut ProviderConfig| {
        config.http_proxy = text("http://proxy:3128");
        config.https_proxy = text("");
    };
    assert_eq!(http(ours, &[]).as_deref(), Some("http://proxy:3128"));
    assert_eq!(http(switched_off, &[]).as_deref(), Some(""));
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        // Left to the environment.
        assert_eq!(http(ours, &[(variable, "http://other:1")]), None);
    }
}

#[test]
fn the_bundle_of_the_environment_holds_for_registries_and_may_start_at_home() {
    let variables = [("HOME", "/home/me"), ("AWS_CA_BUNDLE", "~/ca.pem")];
    let http = read_in(&ProviderConfig::default(), &variables)
        .unwrap()
        .http;
    assert_eq!(http.ca_bundle.as_deref(), Some("/home/me/ca.pem".as_ref()));
    let block = with(|config| config.custom_ca_bundle = text("~/ours.pem"));
    let http = read_in(&block, &variables).unwrap().http;
    assert_eq!(
        http.ca_bundle.as_deref(),
        Some("/home/me/ours.pem".as_ref())
    );
}
