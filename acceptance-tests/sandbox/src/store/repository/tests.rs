use super::*;

fn store() -> (Store, AccountId) {
    (
        Store::new(Clock::default()).unwrap(),
        "111111111111".parse().unwrap(),
    )
}

#[test]
fn names_that_only_oci_allows_are_refused() {
    let (store, account) = store();
    for bad in [
        "a__b",
        "a--b",
        "A/b",
        "/ab",
        "ab/",
        "a",
        "ab//c",
        ".ab",
        &"a".repeat(206),
    ] {
        let refused = store.create_repository(&account, bad, NewRepository::default());
        assert_eq!(
            refused.unwrap_err().exception(),
            "InvalidParameterException",
            "{bad}"
        );
    }
    for good in ["ab", "library/nginx", "a.b/c-d/e_f"] {
        store
            .create_repository(&account, good, NewRepository::default())
            .unwrap();
    }
}

#[test]
fn a_repository_exists_once_per_account() {
    let (store, account) = store();
    let other = "222222222222".parse().unwrap();
    store
        .create_repository(&account, "nginx", NewRepository::default())
        .unwrap();
    let again = store.create_repository(&account, "nginx", NewRepository::default());
    assert_eq!(
        again.unwrap_err().exception(),
        "RepositoryAlreadyExistsException"
    );
    assert!(!store.has_registry(&other));
    store
        .create_repository(&other, "nginx", NewRepository::default())
        .unwrap();
    store.delete_repository(&account, "nginx", false).unwrap();
    assert!(store.repository(&account, "nginx").is_err());
    assert!(store.repository(&other, "nginx").is_ok());
}

#[test]
fn tags_with_a_reserved_key_and_the_fifty_first_are_refused() {
    let (store, account) = store();
    store
        .create_repository(&account, "nginx", NewRepository::default())
        .unwrap();
    let reserved = BTreeMap::from([("aws:x".to_owned(), String::new())]);
    let refused = store.tag_repository(&account, "nginx", reserved);
    assert_eq!(
        refused.unwrap_err().exception(),
        "InvalidTagParameterException"
    );
    let many = (0..51).map(|n| (n.to_string(), String::new())).collect();
    let refused = store.tag_repository(&account, "nginx", many);
    assert_eq!(refused.unwrap_err().exception(), "TooManyTagsException");
}
