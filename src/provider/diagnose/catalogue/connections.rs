//! Certificates and proxies on the way, and what works if not as it reads.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{KEYS, World, one, words};
use crate::net::proxy_stand_in::ProxyStandIn;
use crate::provider::ProviderConfig;
use crate::provider::config::{EndpointsBlock, RegistryBlock};
use crate::tf::Attr;

fn sts_at(url: &str) -> impl FnOnce(&mut ProviderConfig) {
    let endpoints = EndpointsBlock {
        sts: words(url),
        ..EndpointsBlock::default()
    };
    move |config| config.endpoints = one(endpoints)
}

fn certificate() -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    made.cert.pem()
}

/// Shakes hands with everybody who takes its certificate. It ends with the second value.
async fn tls_server() -> (String, JoinSet<()>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The refusal of the certificate ends it.
            acceptor.accept(stream).await.ok();
        }
    });
    (url, server)
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for() {
    let world = World::new().await;
    let (url, _server) = tls_server().await;
    world.check("certificate", &KEYS, sts_at(&url)).await;
    let bundle = world.write("ca.pem", &certificate());
    let bundle = ("AWS_CA_BUNDLE", bundle.to_str().unwrap());
    let variables = [KEYS[0], KEYS[1], bundle];
    world
        .check("certificate_with_bundle", &variables, sts_at(&url))
        .await;
}

#[tokio::test]
async fn a_ca_bundle_that_cannot_be_used() {
    let world = World::new().await;
    let broken = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let absent = world.home.path().join("absent.pem");
    let text = world.write("text.pem", "no certificates here");
    let broken = world.write("broken.pem", &format!("{}{broken}", certificate()));
    for (name, path) in [
        ("bundle_missing", &absent),
        ("bundle_without_certificate", &text),
        ("bundle_broken", &broken),
    ] {
        let named = words(path.to_str().unwrap());
        world
            .check(name, &KEYS, |config| config.custom_ca_bundle = named)
            .await;
    }
    let variable = ("AWS_CA_BUNDLE", absent.to_str().unwrap());
    let variables = [KEYS[0], KEYS[1], variable];
    world
        .check("bundle_of_the_environment", &variables, |_| {})
        .await;
}

#[tokio::test]
async fn a_ca_bundle_of_a_registry_that_cannot_be_used() {
    let world = World::new().await;
    let broken = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    world.write("text.pem", "no certificates here");
    world.write("broken.pem", &format!("{}{broken}", certificate()));
    for (name, file) in [
        ("registry_bundle_missing", "~/absent.pem"),
        ("registry_bundle_without_certificate", "~/text.pem"),
        ("registry_bundle_broken", "~/broken.pem"),
    ] {
        let registry = |host: &str, bundle: Attr<String>| {
            Attr::Known(RegistryBlock {
                host: words(host),
                ca_bundle: bundle,
                ..RegistryBlock::default()
            })
        };
        let blocks = vec![
            registry("docker.io", Attr::Null),
            registry("registry.example.com", words(file)),
        ];
        world
            .check(name, &KEYS, |config| config.registry = Attr::Known(blocks))
            .await;
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_reached() {
    let world = World::new().await;
    let nowhere = sts_at("http://127.0.0.1:9");
    world.check("unreachable", &KEYS, nowhere).await;
    let unknown = format!("https://{}.example", "x".repeat(64));
    world.check("host_unknown", &KEYS, sts_at(&unknown)).await;
    // A proxy that leads to a server which does not speak TLS.
    let server = world.sandbox.sts_url();
    let server = server.trim_start_matches("http://").parse().unwrap();
    let proxy = ProxyStandIn::to(server).await;
    let proxy = proxy.url.replace("http://", "http://user:hidden@");
    world
        .check("proxy_in_between", &KEYS, |config| {
            sts_at("https://sts.example")(config);
            config.https_proxy = words(&proxy);
        })
        .await;
}

#[tokio::test]
async fn a_proxy_that_is_none() {
    let world = World::new().await;
    world
        .check("proxy_of_the_block", &KEYS, |config| {
            config.https_proxy = words("socks5://user:hidden@proxy.example");
        })
        .await;
    let variable = ("HTTPS_PROXY", "socks5://user:hidden@proxy.example");
    let variables = [KEYS[0], KEYS[1], variable];
    world
        .check("proxy_of_the_environment", &variables, |_| {})
        .await;
}

#[tokio::test]
async fn settings_that_work_if_not_as_they_read() {
    let world = World::new().await;
    let sts = world.sandbox.sts_url();
    let without_api = EndpointsBlock {
        sts: words(&sts),
        ..EndpointsBlock::default()
    };
    let fips = without_api.clone();
    world
        .check("fips", &KEYS, |config| {
            config.endpoints = one(fips);
            config.use_fips_endpoint = Attr::Known(true);
        })
        .await;
    let variable = ("AWS_USE_FIPS_ENDPOINT", "true");
    let variables = [KEYS[0], KEYS[1], variable];
    world
        .check("fips_of_the_environment", &variables, |config| {
            config.endpoints = one(without_api);
        })
        .await;
    let variable = ("AWS_STS_ENDPOINT", sts.as_str());
    let variables = [KEYS[0], KEYS[1], variable];
    world
        .check("deprecated_variable", &variables, |config| {
            config.endpoints = Attr::Null;
        })
        .await;
    world
        .check("http_proxy_for_https", &KEYS, |config| {
            config.http_proxy = words("http://127.0.0.1:9");
        })
        .await;
}
