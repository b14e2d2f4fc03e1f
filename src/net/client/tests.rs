use super::*;

#[test]
fn the_user_agent_names_the_program_and_ends_with_the_suffix() {
    let plain = user_agent(None).unwrap();
    assert!(
        plain
            .to_str()
            .unwrap()
            .starts_with("terraform-provider-ecrpublic/")
    );
    let suffixed = user_agent(Some("landing-zone/7")).unwrap();
    assert!(suffixed.to_str().unwrap().ends_with(" landing-zone/7"));
    assert!(matches!(
        user_agent(Some("a\r\nHost: b")),
        Err(InvalidSettings::UserAgent)
    ));
}
