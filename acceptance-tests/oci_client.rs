//! The crate `oci-client` as a second client: it reads what we wrote, and the stand-ins are
//! registries for it too.

use ecr_public_sandbox::Sandbox;
use ecr_public_sandbox::accounts::{Identity, Principal};
use ecr_public_sandbox::store::NewRepository;
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::{IMAGE_LAYER_MEDIA_TYPE, OciManifest};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

use crate::support::scenario::{FIRST, Scenario};

const ACCEPTED: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

fn client() -> Client {
    Client::new(ClientConfig {
        protocol: ClientProtocol::Http,
        ..ClientConfig::default()
    })
}

/// A reference at one of the stand-ins.
fn at(url: &str, path: &str) -> Reference {
    let host = url.trim_start_matches("http://");
    format!("{host}/{path}").parse().unwrap()
}

/// Reads an image with everything below it; the client compares every digest. Returns the digest
/// of the root and the number of blobs.
async fn read(client: &Client, reference: &Reference) -> (String, usize) {
    let anonymous = RegistryAuth::Anonymous;
    let (manifest, digest) = client.pull_manifest(reference, &anonymous).await.unwrap();
    let mut blobs = 0;
    let mut images = Vec::new();
    match manifest {
        OciManifest::Image(image) => images.push((reference.clone(), image)),
        OciManifest::ImageIndex(index) => {
            for child in index.manifests {
                let child = reference.clone_with_digest(child.digest);
                match client.pull_manifest(&child, &anonymous).await.unwrap().0 {
                    OciManifest::Image(image) => images.push((child, image)),
                    OciManifest::ImageIndex(_) => panic!("{child} is an index in an index"),
                }
            }
        }
    }
    for (image, manifest) in images {
        for blob in [&manifest.config].into_iter().chain(&manifest.layers) {
            let mut bytes = Vec::new();
            client.pull_blob(&image, blob, &mut bytes).await.unwrap();
            assert_eq!(i64::try_from(bytes.len()).unwrap(), blob.size);
            blobs += 1;
        }
    }
    (digest, blobs)
}

#[tokio::test]
async fn what_was_mirrored_reads_like_its_source() {
    let images = ["alpine:3.22", "nginx:1.27", "busybox:1.36"];
    let scenario = Scenario::with(&format!(
        "resource \"ecrpublic_mirrored_image\" \"all\" {{\n  for_each   = toset({images:?})\n  \
         source     = each.key\n  account_id = \"{FIRST}\"\n}}\n"
    ))
    .await;
    scenario.terraform.apply(&[]).await.succeeded();
    let client = client();
    for image in images {
        let address = format!("ecrpublic_mirrored_image.all[{image:?}]");
        let state = scenario.terraform.attributes(&address).await;
        let uri = state["image_uri"].as_str().unwrap();
        let path = uri.strip_prefix("public.ecr.aws/").unwrap();
        let mirrored = at(&scenario.sandbox.registry_url(), path);
        let source = at(&scenario.sandbox.hub_url(), &format!("library/{image}"));
        let anonymous = RegistryAuth::Anonymous;
        let here = client
            .pull_manifest_raw(&mirrored, &anonymous, &ACCEPTED)
            .await
            .unwrap();
        let there = client
            .pull_manifest_raw(&source, &anonymous, &ACCEPTED)
            .await
            .unwrap();
        assert_eq!(here, there, "{image}");
        let (digest, blobs) = read(&client, &mirrored).await;
        assert_eq!(state["digest"], digest);
        assert_eq!(read(&client, &source).await, (digest, blobs));
        assert!(blobs > 1);
    }
    scenario.was_clean().await;
}

#[tokio::test]
async fn another_client_can_write_to_ecr_public_and_read_it_back() {
    let sandbox = Sandbox::start(ecr_public_sandbox::Seed::demo())
        .await
        .unwrap();
    let account = FIRST.parse().unwrap();
    let new = NewRepository::default();
    sandbox
        .store()
        .create_repository(&account, "team/tool", new)
        .unwrap();
    sandbox.accounts().open_registry(&account);
    let alias = sandbox.accounts().primary_alias(&account).unwrap();
    let reference = at(&sandbox.registry_url(), &format!("{alias}/team/tool:1"));
    let login = sandbox.accounts().issue_login(&publisher());
    let auth = RegistryAuth::Basic("AWS".to_owned(), login.password);

    let client = client();
    let layer = ImageLayer::new(vec![7; 300_000], IMAGE_LAYER_MEDIA_TYPE.to_owned(), None);
    let config = Config::oci_v1(
        b"{\"architecture\":\"amd64\",\"os\":\"linux\"}".to_vec(),
        None,
    );
    client
        .push(&reference, &[layer], config, &auth, None)
        .await
        .unwrap();

    let tags = sandbox.store().tags(&account, "team/tool").unwrap();
    let (digest, blobs) = read(&self::client(), &reference).await;
    assert_eq!(tags["1"].to_string(), digest);
    assert_eq!(blobs, 2);
    assert_eq!(sandbox.journal().violations(), [""; 0]);
    sandbox.stop().await;
}

/// A session of the role that may publish.
fn publisher() -> Identity {
    Identity {
        account: FIRST.parse().unwrap(),
        arn: format!("arn:aws:sts::{FIRST}:assumed-role/ecr-publisher/another-client"),
        user_id: "AROAANOTHERCLIENT000:another-client".to_owned(),
        principal: Principal::AssumedRole {
            role: "ecr-publisher".to_owned(),
            role_arn: format!("arn:aws:iam::{FIRST}:role/ecr-publisher"),
            session: "another-client".to_owned(),
        },
        expires_at: None,
        tags: Default::default(),
        transitive_tags: Default::default(),
        source_identity: None,
        is_chained: true,
        session_policies: Vec::new(),
    }
}
