//! A process in a debugger: one host after the other, and several at once.

use ecr_public_sandbox::{Sandbox, Seed};
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use tokio::net::UnixStream;

use super::support::dial;
use super::support::host::{Launch, Plugin};
use super::support::session::{Session, provider_block};
use crate::support::packages::ADDRESS;
use crate::support::scenario::{FIRST, Scenario};

/// What the process tells the person who started it, for use where Terraform runs.
async fn announced(plugin: &mut Plugin) -> String {
    let variable = |line: &str| {
        let (_, rest) = line.split_once("TF_REATTACH_PROVIDERS='")?;
        Some(rest.strip_suffix('\'')?.to_owned())
    };
    plugin.stdout.line(variable).await
}

fn entry(announced: &str, address: &str) -> Json {
    let mut all: Json = serde_json::from_str(announced).unwrap();
    all[address].take()
}

async fn attach(entry: &Json) -> Session {
    let socket = entry["Addr"]["String"].as_str().unwrap();
    let stream = UnixStream::connect(socket).await.unwrap();
    Session::over(dial::channel(stream).await).await
}

#[tokio::test]
async fn the_variable_to_set_is_complete() {
    let address = "example.com/acme/ecrpublic";
    let mut plugin = Launch::by_hand(&["--debug", "example.com/acme/ecrpublic"]).start();
    let announced = announced(&mut plugin).await;
    let entry = entry(&announced, address);
    assert_eq!(entry["Protocol"], "grpc");
    assert_eq!(entry["ProtocolVersion"], 6);
    assert_eq!(entry["Test"], true);
    assert!(entry["Pid"].is_u64());
    assert_eq!(entry["Addr"]["Network"], "unix");
    plugin.signal(Signal::INT);
    plugin.ended().await.orderly();
}

#[tokio::test]
async fn hosts_come_and_go_and_each_configures_the_provider_anew() {
    let first = Sandbox::start(Seed::demo()).await.unwrap();
    let second = Sandbox::start(Seed::demo()).await.unwrap();
    let launch = Launch::by_hand(&["--debug"]).set_all(first.environment());
    let mut plugin = launch.start();
    let entry = entry(&announced(&mut plugin).await, ADDRESS);

    let written = json!({"source": "alpine:3.22", "account_id": "222222222222"});
    let account = "222222222222".parse().unwrap();
    for sandbox in [&first, &second] {
        // Hosts try the socket before they use it.
        let socket = entry["Addr"]["String"].as_str().unwrap();
        drop(UnixStream::connect(socket).await.unwrap());
        let mut session = attach(&entry).await;
        session.configure(&provider_block(sandbox)).await;
        assert_eq!(session.create(&written).await.diagnostics, []);
        let tags = sandbox.store().tags(&account, "alpine").unwrap();
        assert_eq!(tags.len(), 1, "it went where the last configuration says");
    }

    let (mut one, mut other) = tokio::join!(attach(&entry), attach(&entry));
    let plans = tokio::join!(one.plan(&written, None), other.plan(&written, None));
    assert_eq!(plans.0.state, plans.1.state);
    drop((one, other));
    plugin.signal(Signal::INT);
    plugin.ended().await.orderly();
}

#[tokio::test]
async fn an_interrupt_ends_it_although_a_host_is_connected() {
    let mut plugin = Launch::by_hand(&["--debug"]).start();
    let entry = entry(&announced(&mut plugin).await, ADDRESS);
    let session = attach(&entry).await;
    plugin.signal(Signal::INT);
    plugin.ended().await.orderly();
    drop(session);
}

#[tokio::test]
async fn real_terraform_works_with_it() {
    let mut scenario = Scenario::with(
        "resource \"ecrpublic_mirrored_image\" \"it\" {\n  source     = \"alpine:3.22\"\n  \
         account_id = \"222222222222\"\n}\n",
    )
    .await;
    let launch = Launch::by_hand(&["--debug"]).set_all(scenario.sandbox.environment());
    let mut plugin = launch.start();
    let variable = announced(&mut plugin).await;
    scenario.terraform.set("TF_REATTACH_PROVIDERS", variable);
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    assert_eq!(scenario.tags(FIRST, "alpine").len(), 1);
    scenario.terraform.destroy().await.succeeded();
    scenario.was_clean().await;
    plugin.signal(Signal::INT);
    plugin.ended().await.orderly();
}
