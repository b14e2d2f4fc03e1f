//! Many pushes at once, over the wire.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::JoinSet;

use super::*;
use crate::client;
use crate::store::NewRepository;
use crate::{Face, Seed};

/// Signs a call, sends it and returns the answer.
async fn call(url: String, operation: &'static str, input: Value) -> Value {
    let signed = signer("owner").sign(request(operation, &input));
    let (mut parts, body) = signed.into_parts();
    parts.uri = url.parse().unwrap();
    let answer = client::send(Request::from_parts(parts, body.into())).await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "{operation}: {}",
        answer.text()
    );
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_uploads_at_once_all_arrive() {
    let account = AccountSeed::new(OWNER)
        .unwrap()
        .user(user("owner").policy(PolicyDocument::administrator()));
    let seed = Seed {
        accounts: vec![account],
        ..Seed::default()
    };
    let sandbox = crate::Sandbox::start(seed).await.unwrap();
    let (owner, name) = (OWNER.parse().unwrap(), "team/app");
    let new = NewRepository::default();
    sandbox
        .store()
        .create_repository(&owner, name, new)
        .unwrap();
    let mut pushes = JoinSet::new();
    for number in 0..200_u32 {
        // Every other part is a large request, of which only a few are held at once.
        let length = if number % 2 == 0 { 60_000 } else { 2_000 };
        let mut bytes = number.to_be_bytes().to_vec();
        bytes.resize(length, 0x5a);
        let url = format!("{}/", sandbox.url(Face::Api));
        pushes.spawn(async move {
            let begun = json!({ "repositoryName": name });
            let begun = call(url.clone(), "InitiateLayerUpload", begun).await;
            let upload = begun["uploadId"].clone();
            let part = json!({
                "repositoryName": name,
                "uploadId": upload,
                "partFirstByte": 0,
                "partLastByte": bytes.len() - 1,
                "layerPartBlob": STANDARD.encode(&bytes),
            });
            call(url.clone(), "UploadLayerPart", part).await;
            let digest = Digest::of(&bytes).to_string();
            let end = json!({
                "repositoryName": name, "uploadId": upload, "layerDigests": [digest],
            });
            call(url, "CompleteLayerUpload", end).await;
            digest
        });
    }
    let pushed: BTreeSet<String> = pushes.join_all().await.into_iter().collect();
    let layers = sandbox.store().layers(&owner, name).unwrap();
    let layers: BTreeSet<String> = layers.iter().map(ToString::to_string).collect();
    assert_eq!(pushed.len(), 200);
    assert_eq!(layers, pushed);
    assert_eq!(sandbox.store().open_uploads(&owner, name).unwrap(), 0);
}
