use super::*;

fn parse(text: &str) -> Result<ImportId, InvalidImportId> {
    text.parse()
}

fn texts<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

#[test]
fn an_image_is_named_by_account_repository_and_tags() {
    let id = parse("111111111111/team/app:1.2,latest").unwrap();
    assert_eq!(id.owner, Owner::Account("111111111111".parse().unwrap()));
    assert_eq!(id.repository.as_str(), "team/app");
    assert_eq!(texts(&id.tags), ["1.2", "latest"]);
    assert_eq!(id.source, None);
}

#[test]
fn an_image_is_named_by_its_address() {
    let id = parse("public.ecr.aws/a1b2c3/nginx:1").unwrap();
    assert_eq!(id.owner, Owner::Alias("a1b2c3".to_owned()));
    assert_eq!(id.repository.as_str(), "nginx");
}

#[test]
fn parameters_are_decoded_and_roles_keep_their_order() {
    let id = parse(
        "111111111111/nginx:1?source=docker.io%2Flibrary%2Fnginx%3A1&platform=linux/amd64\
         &role_arn=arn:aws:iam::222222222222:role/hub&role_arn=arn:aws:iam::111111111111:role/a+b",
    )
    .unwrap();
    assert_eq!(id.source.as_deref(), Some("docker.io/library/nginx:1"));
    assert_eq!(texts(&id.platforms), ["linux/amd64"]);
    let roles = [
        "arn:aws:iam::222222222222:role/hub",
        "arn:aws:iam::111111111111:role/a+b",
    ];
    assert_eq!(texts(&id.roles), roles);
}

#[test]
fn what_names_nothing_is_refused_with_its_reason() {
    use InvalidImportId as Invalid;
    let rows = [
        ("111111111111/nginx", Invalid::NoTag),
        ("nginx:1", Invalid::NoOwner),
        ("docker.io/nginx:1", Invalid::NoOwner),
        ("public.ecr.aws/nginx:1", Invalid::NoOwner),
        (
            "111111111111/a__b:1",
            Invalid::Repository("a__b".to_owned()),
        ),
        ("111111111111/nginx:1,", Invalid::Tag(String::new())),
        (
            "111111111111/nginx:1?source=A",
            Invalid::Source("A".to_owned()),
        ),
        (
            "111111111111/nginx:1?platform=linux",
            Invalid::Platform("linux".to_owned()),
        ),
        (
            "111111111111/nginx:1?role_arn=x",
            Invalid::Role("x".to_owned()),
        ),
        (
            "111111111111/nginx:1?region=x",
            Invalid::Parameter("region".to_owned()),
        ),
    ];
    for (text, error) in rows {
        assert_eq!(parse(text), Err(error), "{text}");
    }
}

#[test]
fn the_identity_of_an_instance_names_it() {
    let known = identity(&Attr::Known("111111111111/team/app:1".to_owned()));
    assert_eq!(
        ImportId::of_identity(&known),
        parse("111111111111/team/app:1")
    );
    let open = identity(&Attr::Unknown);
    assert!(open.has_unknown());
    assert_eq!(
        ImportId::of_identity(&open),
        Err(InvalidImportId::Identity("account_id"))
    );
}
