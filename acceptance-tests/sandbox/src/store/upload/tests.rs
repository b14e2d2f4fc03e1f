use std::io;

use super::*;
use crate::clock::Clock;
use crate::space::Space;
use crate::store::NewRepository;

fn store(space: Space) -> (Store, AccountId) {
    let store = Store::with_space(Clock::default(), space).unwrap();
    let account: AccountId = "111111111111".parse().unwrap();
    let new = NewRepository::default();
    store.create_repository(&account, "app", new).unwrap();
    (store, account)
}

fn part(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

#[tokio::test]
async fn a_part_that_breaks_off_leaves_the_upload_as_it_was() {
    let (store, account) = store(Space::default());
    let upload = store.initiate_upload(&account, "app").unwrap().id;
    store
        .upload_part(&account, "app", &upload, (0, 3), part("head"))
        .await
        .unwrap();
    let broken = [Ok(part("ta")), Err(io::Error::other("gone"))];
    let refused = store
        .receive_part(&account, "app", &upload, (4, 7), stream::iter(broken))
        .await;
    assert_eq!(refused.unwrap_err().exception(), "ServerException");
    store
        .upload_part(&account, "app", &upload, (4, 7), part("tail"))
        .await
        .unwrap();
    // Four bytes are below the least for a part that is not the last.
    let digests = [Digest::of(b"headtail").to_string()];
    let refused = store.complete_upload(&account, "app", &upload, &digests);
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.exception(), "LayerPartTooSmallException");
}

#[tokio::test]
async fn a_part_out_of_order_names_the_last_valid_byte() {
    let (store, account) = store(Space::default());
    let upload = store.initiate_upload(&account, "app").unwrap().id;
    for (expected, range) in [(None, (4, 7)), (Some(3), (0, 3)), (Some(3), (8, 11))] {
        let refused = store
            .upload_part(&account, "app", &upload, range, part("part"))
            .await
            .unwrap_err();
        match refused {
            StoreError::InvalidLayerPart {
                last_valid_byte, ..
            } => assert_eq!(last_valid_byte, expected),
            other => panic!("{other}"),
        }
        if expected.is_none() {
            store
                .upload_part(&account, "app", &upload, (0, 3), part("head"))
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn the_thousand_and_first_part_is_over_the_limit() {
    let (store, account) = store(Space::default());
    let upload = store.initiate_upload(&account, "app").unwrap().id;
    for place in 0..1000 {
        store
            .upload_part(&account, "app", &upload, (place, place), part("x"))
            .await
            .unwrap();
    }
    let refused = store
        .upload_part(&account, "app", &upload, (1000, 1000), part("x"))
        .await
        .unwrap_err();
    assert_eq!(refused.exception(), "LimitExceededException");
}

#[tokio::test]
async fn of_two_that_complete_the_same_layer_one_is_told_that_it_exists() {
    let (store, account) = store(Space::default());
    let digests = [Digest::of(b"layer").to_string()];
    let push = || async {
        let upload = store.initiate_upload(&account, "app")?.id;
        store
            .upload_part(&account, "app", &upload, (0, 4), part("layer"))
            .await?;
        store
            .complete_upload(&account, "app", &upload, &digests)
            .await
    };
    let (one, two) = tokio::join!(push(), push());
    let refused = one.and(two).unwrap_err();
    assert_eq!(refused.exception(), "LayerAlreadyExistsException");
    assert_eq!(store.layers(&account, "app").unwrap().len(), 1);
    assert_eq!(store.open_uploads(&account, "app").unwrap(), 0);
}

#[tokio::test]
async fn an_upload_is_forgotten_after_a_day() {
    let (store, account) = store(Space::default());
    let old = store.initiate_upload(&account, "app").unwrap().id;
    store.shared.clock.advance(LIFE);
    store.initiate_upload(&account, "app").unwrap();
    let refused = store
        .upload_part(&account, "app", &old, (0, 4), part("layer"))
        .await
        .unwrap_err();
    assert_eq!(refused.exception(), "UploadNotFoundException");
    assert_eq!(store.open_uploads(&account, "app").unwrap(), 1);
}

#[tokio::test]
async fn a_full_store_refuses_and_keeps_what_it_has() {
    let (store, account) = store(Space::new(5, 0, 0));
    let digests = [Digest::of(b"layer").to_string()];
    let first = store.initiate_upload(&account, "app").unwrap().id;
    store
        .upload_part(&account, "app", &first, (0, 4), part("layer"))
        .await
        .unwrap();
    let second = store.initiate_upload(&account, "app").unwrap().id;
    let refused = store
        .upload_part(&account, "app", &second, (0, 4), part("other"))
        .await
        .unwrap_err();
    assert_eq!(refused.exception(), "ServerException");
    assert!(refused.to_string().contains("at most"), "{refused}");
    store
        .complete_upload(&account, "app", &first, &digests)
        .await
        .unwrap();
    store.delete_repository(&account, "app", true).unwrap();
    assert_eq!(store.space().memory.taken(), 0, "and gives its room back");
}
