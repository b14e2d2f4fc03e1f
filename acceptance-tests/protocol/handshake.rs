//! Starting: who may, and the one line that answers.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use super::support::host::{COOKIE, Launch};
use super::support::session::Session;

#[track_caller]
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn a_person_who_starts_it_is_told_what_it_is() {
    let (name, cookie) = COOKIE;
    let capitals = cookie.to_uppercase();
    for launch in [
        Launch::by_hand(&[]),
        Launch::by_host().unset(name),
        Launch::by_host().set(name, ""),
        Launch::by_host().set(name, &capitals),
    ] {
        let words = refused(&launch.output().await);
        assert!(
            words.starts_with(
                "This program is a Terraform provider. Terraform and OpenTofu start it by \
                 themselves; it is not meant to be run by hand."
            ),
            "{words}"
        );
    }
}

#[tokio::test]
async fn an_argument_that_nobody_knows_is_named() {
    let words = refused(&Launch::by_hand(&["serve", "--fast"]).output().await);
    assert!(
        words.starts_with("`serve --fast` is not an argument"),
        "{words}"
    );
    assert!(words.contains("--debug"), "{words}");
}

#[tokio::test]
async fn the_version_is_for_people_too() {
    let output = Launch::by_hand(&["--version"]).output().await;
    assert_eq!(output.status.code(), Some(0));
    let version = concat!(
        "terraform-provider-ecrpublic ",
        env!("CARGO_PKG_VERSION"),
        "\n"
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), version);
}

#[tokio::test]
async fn a_certificate_that_is_none_ends_the_start_with_its_variable() {
    for certificate in [
        "no certificate",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        let launch = Launch::by_host().set("PLUGIN_CLIENT_CERT", certificate);
        let words = refused(&launch.output().await);
        assert!(words.contains("PLUGIN_CLIENT_CERT"), "{words}");
    }
}

#[tokio::test]
async fn stdout_carries_the_handshake_and_nothing_before_or_after_it() {
    let mut plugin = Launch::by_host().set("TF_LOG", "TRACE").start();
    let handshake = plugin.handshake().await;
    let [core, protocol, network, socket, transport, certificate] = &handshake.fields[..] else {
        panic!("not six fields: {:?}", handshake.fields);
    };
    assert_eq!(
        [core, protocol, network, transport].map(String::as_str),
        ["1", "6", "unix", "grpc"]
    );
    assert!(certificate.len() > 50 && !certificate.contains('='));
    assert_eq!(plugin.sockets(), [Path::new(socket)]);
    let mode = Path::new(socket).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else may connect");

    let session = Session::over(plugin.connect().await).await;
    session.shut_down().await;
    let ended = plugin.ended().await.orderly();
    assert_eq!(ended.stdout, format!("{}\n", handshake.fields.join("|")));
}

#[tokio::test]
async fn a_host_that_speaks_another_protocol_reads_ours_in_the_handshake() {
    for versions in [Some("5"), None] {
        let launch = Launch::by_host().unset("PLUGIN_PROTOCOL_VERSIONS");
        let launch = match versions {
            Some(versions) => launch.set("PLUGIN_PROTOCOL_VERSIONS", versions),
            None => launch,
        };
        assert_eq!(launch.start().handshake().await.fields[1], "6");
    }
}

#[tokio::test]
async fn a_host_that_asks_about_multiplexing_reads_a_seventh_field() {
    let mut plugin = Launch::by_host()
        .set("PLUGIN_MULTIPLEX_GRPC", "true")
        .start();
    let handshake = plugin.handshake().await;
    assert_eq!(handshake.fields.len(), 7);
    assert_eq!(handshake.fields[6], "false");
}

#[tokio::test]
async fn the_socket_is_where_the_host_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = folder.path().to_str().unwrap();
    let mut plugin = Launch::by_host()
        .set("PLUGIN_UNIX_SOCKET_DIR", wanted)
        .start();
    let handshake = plugin.handshake().await;
    assert_eq!(Path::new(handshake.socket()).parent(), Some(folder.path()));
    let session = Session::over(plugin.connect().await).await;
    session.shut_down().await;
    plugin.ended().await.orderly();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
