//! Calls of AWS through a proxy that is there.

use super::mock::{Mock, connect};
use crate::aws::{Config, Environment, ErrorKind, Notice};
use crate::net::proxy_stand_in::ProxyStandIn;

/// No resolver knows this name, and none is asked: a label may have 63 characters.
fn unknown_host() -> String {
    format!("{}.example", "x".repeat(64))
}

/// A provider whose STS is at `sts.example`, which only a proxy knows.
fn behind(mock: &Mock, scheme: &str, variables: &[(&str, &str)]) -> Config {
    Config {
        sts_endpoint: Some(format!("{scheme}://sts.example")),
        environment: Environment::of(variables),
        ..mock.config()
    }
}

#[tokio::test]
async fn a_forward_proxy_is_taken_from_the_block_and_from_the_environment_in_both_cases() {
    let mock = Mock::start().await;
    let proxy = ProxyStandIn::to(mock.address()).await;
    let bare = proxy.url.trim_start_matches("http://");
    let in_block = Config {
        http_proxy: Some(proxy.url.clone()),
        ..behind(&mock, "http", &[("HTTP_PROXY", "http://127.0.0.1:9")])
    };
    for config in [
        behind(&mock, "http", &[("HTTP_PROXY", &proxy.url)]),
        behind(&mock, "http", &[("http_proxy", &proxy.url)]),
        behind(&mock, "http", &[("http_proxy", bare)]),
        in_block,
    ] {
        connect(config).await.unwrap();
        assert_eq!(proxy.taken(), ["POST http://sts.example/"]);
    }
    assert_eq!(mock.count("GetCallerIdentity"), 4);
}

#[tokio::test]
async fn a_tunnel_is_taken_from_the_block_and_from_the_environment_in_both_cases() {
    let (mock, certificate) = Mock::start_tls().await;
    let proxy = ProxyStandIn::to(mock.address()).await;
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, certificate).unwrap();
    let in_block = |https: Option<&str>, http: Option<&str>| Config {
        https_proxy: https.map(str::to_owned),
        http_proxy: http.map(str::to_owned),
        ..behind(&mock, "https", &[])
    };
    for (config, is_noted) in [
        (
            behind(&mock, "https", &[("HTTPS_PROXY", &proxy.url)]),
            false,
        ),
        (
            behind(&mock, "https", &[("https_proxy", &proxy.url)]),
            false,
        ),
        (
            in_block(Some(&proxy.url), Some("http://127.0.0.1:9")),
            false,
        ),
        // As with hashicorp/aws, which warns about it.
        (in_block(None, Some(&proxy.url)), true),
    ] {
        let config = Config {
            ca_bundle: Some(bundle.clone()),
            ..config
        };
        let aws = connect(config).await.unwrap();
        assert_eq!(proxy.taken(), ["CONNECT sts.example:443"]);
        assert_eq!(
            aws.notices().contains(&Notice::HttpProxyCarriesHttps),
            is_noted
        );
    }
    assert_eq!(mock.count("GetCallerIdentity"), 4);
}

#[tokio::test]
async fn the_password_of_a_proxy_goes_to_the_proxy_and_not_beyond() {
    let mock = Mock::start().await;
    let proxy = ProxyStandIn::to(mock.address()).await;
    let with_password = proxy.url.replace("http://", "http://user:hidden@");
    let variables = [("HTTP_PROXY", with_password.as_str())];
    connect(behind(&mock, "http", &variables)).await.unwrap();
    assert_eq!(proxy.passwords(), ["Basic dXNlcjpoaWRkZW4="]);

    let https = [("HTTPS_PROXY", with_password.as_str())];
    let error = connect(behind(&mock, "https", &https)).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(!text.contains("hidden"), "{text}");
    // The tunnel leads to a server without TLS.
    let ErrorKind::Unreachable { proxy: named, .. } = error.kind() else {
        panic!("{text}");
    };
    assert_eq!(*named, Some(format!("{}/", proxy.url)));
    assert_eq!(proxy.passwords().len(), 2);
}

#[tokio::test]
async fn hosts_without_proxy_are_taken_from_the_block_and_from_the_environment_in_both_cases() {
    let mock = Mock::start().await;
    let proxy = ProxyStandIn::to(mock.address()).await;
    let endpoint = format!("http://{}", unknown_host());
    let through = ("HTTP_PROXY", proxy.url.as_str());
    let to_unknown = |variables: &[(&str, &str)]| Config {
        sts_endpoint: Some(endpoint.clone()),
        ..behind(&mock, "http", variables)
    };
    connect(to_unknown(&[through])).await.unwrap();
    let in_block = Config {
        no_proxy: Some("elsewhere.example, .example".to_owned()),
        ..to_unknown(&[through])
    };
    for config in [
        to_unknown(&[through, ("NO_PROXY", ".example")]),
        to_unknown(&[through, ("no_proxy", "example")]),
        in_block,
    ] {
        let error = connect(config).await.unwrap_err();
        let ErrorKind::Unreachable { proxy, .. } = error.kind() else {
            panic!("{error:?}");
        };
        assert_eq!(*proxy, None);
    }
    assert_eq!(proxy.taken().len(), 1);
    let emptied = Config {
        no_proxy: Some(String::new()),
        ..to_unknown(&[through, ("NO_PROXY", ".example")])
    };
    connect(emptied).await.unwrap();
}
