//! Endpoints, regions, certificates, proxies.

use std::path::PathBuf;

use tokio::net::TcpListener;

use super::mock::{Mock, connect};
use crate::aws::error::{CaBundleProblem, ConnectFailure, NamedBy, SettingName, SettingProblem};
use crate::aws::{Config, Environment, Error, ErrorKind, Notice, Target};
use crate::net::proxy_stand_in::ProxyStandIn;
use crate::task::Context;

/// Somewhere nobody listens; asking there fails at once.
const NOWHERE: &str = "http://127.0.0.1:9";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn bare(mock: &Mock, variables: &[(&str, &str)]) -> Config {
    Config {
        sts_endpoint: None,
        ecrpublic_endpoint: None,
        environment: Environment::of(variables),
        ..mock.config()
    }
}

async fn refused(config: Config) -> Error {
    connect(config).await.unwrap_err()
}

#[tokio::test]
async fn endpoints_are_taken_from_the_most_specific_place() {
    let mock = Mock::start().await;
    let here = mock.url.as_str();
    let folder = Folder::new();
    let services = folder.file(
        "services",
        &format!(
            "[default]\nservices = local\nendpoint_url = {NOWHERE}\n\
             [services local]\nsts =\n  endpoint_url = {here}\necr_public =\n  endpoint_url = {here}\n"
        ),
    );
    let dashed = std::fs::read_to_string(&services)
        .unwrap()
        .replace('_', "-");
    let dashed = dashed.replace("endpoint-url", "endpoint_url");
    let dashed = folder.file("dashed", &dashed);
    let general = folder.file("general", &format!("[default]\nendpoint_url = {here}\n"));
    let block = Config {
        sts_endpoint: Some(here.to_owned()),
        ecrpublic_endpoint: Some(here.to_owned()),
        ..bare(
            &mock,
            &[
                ("AWS_ENDPOINT_URL_STS", NOWHERE),
                ("AWS_ENDPOINT_URL", NOWHERE),
            ],
        )
    };
    let own = bare(
        &mock,
        &[
            ("AWS_ENDPOINT_URL_STS", here),
            ("AWS_ENDPOINT_URL_ECR_PUBLIC", here),
            ("AWS_ENDPOINT_URL", NOWHERE),
        ],
    );
    let former = bare(
        &mock,
        &[
            ("AWS_STS_ENDPOINT", here),
            ("AWS_ENDPOINT_URL_ECR_PUBLIC", here),
            ("AWS_ENDPOINT_URL", NOWHERE),
        ],
    );
    let every = bare(
        &mock,
        &[
            ("AWS_ENDPOINT_URL", here),
            ("AWS_CONFIG_FILE", general.to_str().unwrap()),
        ],
    );
    let section = bare(&mock, &[("AWS_CONFIG_FILE", services.to_str().unwrap())]);
    let other_spelling = bare(&mock, &[("AWS_CONFIG_FILE", dashed.to_str().unwrap())]);
    let profile = bare(&mock, &[("AWS_CONFIG_FILE", general.to_str().unwrap())]);
    for (count, config) in [block, own, former, every, section, other_spelling, profile]
        .into_iter()
        .enumerate()
    {
        let session = connect(config).await.unwrap().session(&Target::default());
        session.authorization_token(&Context::new()).await.unwrap();
        assert_eq!(mock.count("GetAuthorizationToken"), count + 1);
    }
}

#[tokio::test]
async fn configured_endpoints_can_be_switched_off_but_not_those_of_the_block() {
    let mock = Mock::start().await;
    let off = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let config = Config {
        sts_endpoint: Some(mock.url.clone()),
        ..bare(&mock, &[off, ("AWS_ENDPOINT_URL", "not looked at")])
    };
    connect(config).await.unwrap();
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_refused_with_its_origin() {
    let mock = Mock::start().await;
    for (text, expected) in [
        ("localhost:4566", SettingProblem::Scheme),
        ("ftp://host", SettingProblem::Scheme),
        ("http://", SettingProblem::NotUrl),
        ("//host", SettingProblem::NotUrl),
    ] {
        let error = refused(bare(&mock, &[("AWS_ENDPOINT_URL_ECR_PUBLIC", text)])).await;
        let ErrorKind::InvalidSetting { setting, problem } = error.kind() else {
            panic!("{text}: {error:?}");
        };
        assert_eq!(setting.name, SettingName::EcrPublicEndpoint);
        assert_eq!(
            setting.named_by,
            NamedBy::Environment("AWS_ENDPOINT_URL_ECR_PUBLIC")
        );
        assert_eq!(*problem, expected, "{text}");
    }
}

#[tokio::test]
async fn regions_come_from_block_environment_and_profile_and_must_exist() {
    let mock = Mock::start().await;
    let folder = Folder::new();
    let file = folder.file("config", "[default]\nregion = eu-west-3\n");
    let file = ("AWS_CONFIG_FILE", file.to_str().unwrap());
    let at = |variables: &[(&str, &str)]| Config {
        sts_endpoint: Some(mock.url.clone()),
        ..bare(&mock, variables)
    };
    let named = |region: &str, config| Config {
        region: Some(region.to_owned()),
        ..config
    };
    let rows = [
        (at(&[]), "us-east-1/sts"),
        (at(&[file]), "eu-west-3/sts"),
        (
            at(&[file, ("AWS_DEFAULT_REGION", "eu-west-2")]),
            "eu-west-2/sts",
        ),
        (
            at(&[
                ("AWS_REGION", "eu-west-1"),
                ("AWS_DEFAULT_REGION", "eu-west-2"),
            ]),
            "eu-west-1/sts",
        ),
        (
            named("eu-north-1", at(&[("AWS_REGION", "eu-west-1")])),
            "eu-north-1/sts",
        ),
        (
            Config {
                sts_region: Some("sa-east-1".to_owned()),
                ..named("eu-north-1", at(&[]))
            },
            "sa-east-1/sts",
        ),
        (
            Config {
                skip_region_validation: true,
                ..named("zz-new-9", at(&[]))
            },
            "zz-new-9/sts",
        ),
    ];
    for (config, scope) in rows {
        connect(config).await.unwrap();
        assert_eq!(mock.seen("GetCallerIdentity").pop().unwrap().scope, scope);
    }
    for wrong in ["zz-new-9", "us east", "EU-WEST-1", "evil.example/"] {
        let error = refused(named(wrong, at(&[]))).await;
        assert!(
            matches!(error.kind(), ErrorKind::InvalidSetting { .. }),
            "{error:?}"
        );
    }
    let error = refused(Config {
        skip_region_validation: true,
        ..named("evil.example/", at(&[]))
    })
    .await;
    assert!(
        matches!(error.kind(), ErrorKind::InvalidSetting { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn settings_of_the_environment_are_read_and_checked() {
    let mock = Mock::start().await;
    for (variable, value) in [
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_RETRY_MODE", "eager"),
        ("AWS_USE_FIPS_ENDPOINT", "yes"),
        ("HTTPS_PROXY", "ftp://proxy.example"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "nowhere"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5"),
    ] {
        let config = Config {
            max_retries: None,
            environment: Environment::of(&[(variable, value)]),
            ..mock.config()
        };
        let error = refused(config).await;
        let ErrorKind::InvalidSetting { setting, .. } = error.kind() else {
            panic!("{variable}: {error:?}");
        };
        assert_eq!(setting.named_by, NamedBy::Environment(variable));
    }
}

#[tokio::test]
async fn a_broken_ca_bundle_is_an_error_and_not_a_crash() {
    let mock = Mock::start().await;
    let folder = Folder::new();
    let good = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let good = good.cert.pem();
    let truncated = good.lines().take(3).collect::<Vec<_>>().join("\n");
    let garbage = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let text = folder.file("text", "no certificates here");
    let broken = folder.file("broken", &format!("{good}{garbage}"));
    let cut = folder.file("cut", &truncated);
    let fine = folder.file("fine", &good);
    let absent = folder.0.path().join("absent");
    for (path, expected) in [
        (text, CaBundleProblem::NoCertificate),
        (broken, CaBundleProblem::BrokenCertificate { index: 2 }),
        (cut, CaBundleProblem::BrokenCertificate { index: 1 }),
    ] {
        let error = refused(Config {
            ca_bundle: Some(path.clone()),
            ..mock.config()
        })
        .await;
        let ErrorKind::CaBundle { problem, .. } = error.kind() else {
            panic!("{error:?}");
        };
        assert_eq!(*problem, expected, "{}", path.display());
    }
    let error = refused(Config {
        environment: Environment::of(&[("AWS_CA_BUNDLE", absent.to_str().unwrap())]),
        ..mock.config()
    })
    .await;
    let ErrorKind::CaBundle {
        named_by, problem, ..
    } = error.kind()
    else {
        panic!("{error:?}");
    };
    assert_eq!(*named_by, NamedBy::Environment("AWS_CA_BUNDLE"));
    assert!(matches!(problem, CaBundleProblem::Unreadable(_)));
    connect(Config {
        ca_bundle: Some(fine),
        ..mock.config()
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_ca_bundle_decides_alone_whom_to_trust() {
    let (mock, certificate) = Mock::start_tls().await;
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = Folder::new();
    let right = folder.file("right", &format!("{}{certificate}", other.cert.pem()));
    let wrong = folder.file("wrong", &other.cert.pem());
    let with = |bundle: Option<&PathBuf>| Config {
        ca_bundle: bundle.cloned(),
        ..mock.config()
    };
    connect(with(Some(&right))).await.unwrap();
    for bundle in [None, Some(&wrong)] {
        let error = refused(with(bundle)).await;
        let ErrorKind::Certificate {
            host,
            bundle: loaded,
        } = error.kind()
        else {
            panic!("{error:?}");
        };
        assert!(mock.url.ends_with(host));
        assert_eq!(loaded.as_ref(), bundle);
    }
}

#[tokio::test]
async fn an_endpoint_that_nobody_answers_is_named() {
    let mock = Mock::start().await;
    let error = refused(Config {
        sts_endpoint: Some(NOWHERE.to_owned()),
        ..mock.config()
    })
    .await;
    let ErrorKind::Unreachable {
        host,
        proxy,
        failure,
        ..
    } = error.kind()
    else {
        panic!("{error:?}");
    };
    assert_eq!(host, "127.0.0.1:9");
    assert_eq!(*proxy, None);
    assert_eq!(*failure, ConnectFailure::Connection);
}

#[tokio::test]
async fn a_proxy_is_used_for_other_hosts_and_its_password_is_not_shown() {
    // A proxy that hangs up on whoever connects.
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = proxy.local_addr().unwrap();
    let mock = Mock::start().await;
    let config = Config {
        sts_endpoint: Some("https://sts.example".to_owned()),
        http_proxy: Some(format!("http://user:hidden@{address}")),
        ..mock.config()
    };
    let (error, connected) = tokio::join!(refused(config), async {
        drop(proxy.accept().await.unwrap());
        true
    });
    assert!(connected);
    let text = format!("{error:?}");
    let ErrorKind::Unreachable { proxy, .. } = error.kind() else {
        panic!("{text}");
    };
    assert_eq!(*proxy, Some(format!("http://{address}/")));
    assert!(!text.contains("hidden"), "{text}");
}

#[tokio::test]
async fn deprecated_variables_say_where_sts_is_and_are_noted() {
    let mock = Mock::start().await;
    let here = mock.url.as_str();
    for name in ["TF_AWS_STS_ENDPOINT", "AWS_STS_ENDPOINT"] {
        let variables = [
            (name, here),
            ("AWS_ENDPOINT_URL_STS", NOWHERE),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
        ];
        let aws = connect(bare(&mock, &variables)).await.unwrap();
        let instead = "AWS_ENDPOINT_URL_STS";
        assert_eq!(
            aws.notices(),
            [Notice::DeprecatedVariable { name, instead }]
        );
        let both = [(name, NOWHERE), ("AWS_ENDPOINT_URL_STS", here)];
        let aws = connect(bare(&mock, &both)).await.unwrap();
        assert_eq!(aws.notices(), []);
        let in_block = Config {
            sts_endpoint: Some(mock.url.clone()),
            ..bare(&mock, &[(name, NOWHERE)])
        };
        assert_eq!(connect(in_block).await.unwrap().notices(), []);
    }
}

#[tokio::test]
async fn fips_is_noted_once_where_ecr_public_has_none_and_says_who_asks_for_it() {
    let mock = Mock::start().await;
    let folder = Folder::new();
    let file = folder.file("config", "[default]\nuse_fips_endpoint = true\n");
    let at = |variables: &[(&str, &str)]| Config {
        sts_endpoint: Some(mock.url.clone()),
        ..bare(&mock, variables)
    };
    let in_block = Config {
        use_fips: true,
        ..at(&[("AWS_USE_FIPS_ENDPOINT", "true")])
    };
    for (config, named_by) in [
        (in_block, NamedBy::Configuration),
        (
            at(&[("AWS_USE_FIPS_ENDPOINT", "TRUE")]),
            NamedBy::Environment("AWS_USE_FIPS_ENDPOINT"),
        ),
        (
            at(&[("AWS_CONFIG_FILE", file.to_str().unwrap())]),
            NamedBy::Profile("default".to_owned()),
        ),
    ] {
        let aws = connect(config).await.unwrap();
        assert_eq!(aws.notices(), [Notice::NoFipsForEcrPublic { named_by }]);
    }
    let elsewhere = Config {
        ecrpublic_endpoint: Some(mock.url.clone()),
        ..at(&[("AWS_USE_FIPS_ENDPOINT", "true")])
    };
    assert_eq!(connect(elsewhere).await.unwrap().notices(), []);
    let off = at(&[("AWS_USE_FIPS_ENDPOINT", "false")]);
    assert_eq!(connect(off).await.unwrap().notices(), []);
}

/// A proxy that refuses is asked for the host, so that nobody resolves or reaches a name of AWS.
#[tokio::test]
async fn fips_and_dual_stack_choose_the_hosts_that_exist() {
    let mock = Mock::start().await;
    for (use_fips, use_dualstack, sts, ecr_public) in [
        (
            false,
            false,
            "sts.eu-west-1.amazonaws.com",
            "api.ecr-public.us-east-1.amazonaws.com",
        ),
        (
            true,
            false,
            "sts-fips.eu-west-1.amazonaws.com",
            "api.ecr-public.us-east-1.amazonaws.com",
        ),
        (
            false,
            true,
            "sts.eu-west-1.api.aws",
            "ecr-public.us-east-1.api.aws",
        ),
    ] {
        let proxy = ProxyStandIn::to(mock.address()).await;
        let config = Config {
            region: Some("eu-west-1".to_owned()),
            use_fips,
            use_dualstack,
            https_proxy: Some(proxy.url.clone()),
            skip_credentials_validation: true,
            ..bare(&mock, &[])
        };
        let session = connect(config).await.unwrap().session(&Target::default());
        let cx = Context::new();
        let error = session.identity(&cx).await.unwrap_err();
        check_unreachable(&error, sts);
        assert_eq!(proxy.taken(), [format!("CONNECT {sts}:443")]);
        let error = session.authorization_token(&cx).await.unwrap_err();
        check_unreachable(&error, ecr_public);
        assert_eq!(proxy.taken(), [format!("CONNECT {ecr_public}:443")]);
    }
}

#[track_caller]
fn check_unreachable(error: &Error, expected: &str) {
    let ErrorKind::Unreachable { host, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(host, expected);
}

#[tokio::test]
async fn this_machine_is_never_reached_through_a_proxy() {
    let mock = Mock::start().await;
    let config = Config {
        http_proxy: Some(NOWHERE.to_owned()),
        ..mock.config()
    };
    connect(config).await.unwrap();
}
