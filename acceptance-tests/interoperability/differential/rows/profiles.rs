//! Profiles, and the files they are in.

use serde_json::json;

use super::super::accounts::{keys, session, user};
use super::super::difference::Difference;
use super::super::row::{Row, fails, reaches};
use crate::support::landing_zone::{EXTERNAL_ID, HUB, WEB_TOKEN, role};
use crate::support::scenario::{FIRST, TOOLING};

pub(super) fn rows() -> Vec<Row> {
    [
        selected(),
        mistyped(),
        files(),
        roles(),
        sources(),
        processes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn team() -> String {
    format!("[profile team]\n{}", keys("profile"))
}

fn selected() -> Vec<Row> {
    let both = format!("{}[profile other]\n{}", team(), keys("other"));
    vec![
        Row::named("AWS_PROFILE")
            .variable("AWS_PROFILE", "team")
            .config(team())
            .reaches(user("profile")),
        Row::named("AWS_DEFAULT_PROFILE")
            .variable("AWS_DEFAULT_PROFILE", "team")
            .config(team())
            .reaches(user("profile")),
        Row::named("AWS_PROFILE before AWS_DEFAULT_PROFILE")
            .variable("AWS_PROFILE", "team")
            .variable("AWS_DEFAULT_PROFILE", "other")
            .config(&both)
            .reaches(user("profile")),
        Row::named("the profile of the block before AWS_PROFILE")
            .variable("AWS_PROFILE", "other")
            .config(&both)
            .block(json!({"profile": "team"}))
            .reaches(user("profile")),
        Row::named("the default profile")
            .credentials(format!("[default]\n{}", keys("default")))
            .reaches(user("default")),
        Row::named("one profile in both files")
            .variable("AWS_PROFILE", "team")
            .config(team())
            .credentials(format!("[team]\n{}", keys("other")))
            .reaches(user("other")),
        Row::named("a profile with half of its keys")
            .variable("AWS_PROFILE", "team")
            .config("[profile team]\naws_access_key_id = AKIAPROFILE000000000\n")
            .fails("team"),
        Row::named("a profile without anything")
            .variable("AWS_PROFILE", "team")
            .config("[profile team]\nregion = us-east-1\n")
            .fails("No valid"),
    ]
}

fn mistyped() -> Vec<Row> {
    vec![
        Row::named("a mistyped profile of the block")
            .config(team())
            .block(json!({"profile": "taem"}))
            .fails("taem"),
        Row::named("a mistyped profile of the block and keys of the environment")
            .environment_keys("environment")
            .config(team())
            .block(json!({"profile": "taem"}))
            .fails("taem"),
        Row::named("a mistyped AWS_PROFILE")
            .variable("AWS_PROFILE", "taem")
            .config(team())
            .fails("taem"),
        Row::named("a mistyped AWS_PROFILE and keys of the environment")
            .environment_keys("environment")
            .variable("AWS_PROFILE", "taem")
            .config(team())
            .fails("taem"),
        Row::named("a mistyped AWS_DEFAULT_PROFILE")
            .variable("AWS_DEFAULT_PROFILE", "taem")
            .config(team())
            .fails("taem")
            .but_theirs(Difference::DefaultProfile, fails("No valid")),
        Row::named("a mistyped AWS_DEFAULT_PROFILE and keys of the environment")
            .environment_keys("environment")
            .variable("AWS_DEFAULT_PROFILE", "taem")
            .config(team())
            .fails("taem")
            .but_theirs(Difference::DefaultProfile, reaches(user("environment"))),
        Row::named("a mistyped AWS_PROFILE and keys of the block")
            .static_keys()
            .variable("AWS_PROFILE", "taem")
            .config(team())
            .fails("taem"),
    ]
}

fn files() -> Vec<Row> {
    vec![
        Row::named("shared_config_files with a tilde")
            .file("elsewhere/config", team())
            .block(json!({"profile": "team", "shared_config_files": ["~/elsewhere/config"]}))
            .reaches(user("profile")),
        Row::named("shared_credentials_files with a tilde")
            .file(
                "elsewhere/credentials",
                format!("[team]\n{}", keys("profile")),
            )
            .block(json!({
                "profile": "team",
                "shared_credentials_files": ["~/elsewhere/credentials"],
            }))
            .reaches(user("profile")),
        Row::named("two shared_config_files, of which the second one counts")
            .file("one", team())
            .file("two", format!("[profile team]\n{}", keys("other")))
            .block(json!({
                "profile": "team",
                "shared_config_files": ["{home}/one", "{home}/two"],
            }))
            .reaches(user("other")),
        Row::named("shared_config_files that are missing")
            .environment_keys("environment")
            .block(json!({"shared_config_files": ["{home}/nothing-here"]}))
            .reaches(user("environment")),
        Row::named("a profile and shared_config_files that are missing")
            .environment_keys("environment")
            .block(json!({"profile": "team", "shared_config_files": ["{home}/nothing-here"]}))
            .fails("team"),
        Row::named("shared_credentials_files that are missing")
            .block(json!({"shared_credentials_files": ["{home}/nothing-here"]}))
            .fails("No valid"),
        Row::named("AWS_CONFIG_FILE")
            .variable("AWS_CONFIG_FILE", "{home}/elsewhere")
            .variable("AWS_PROFILE", "team")
            .file("elsewhere", team())
            .reaches(user("profile")),
        Row::named("AWS_SHARED_CREDENTIALS_FILE")
            .variable("AWS_SHARED_CREDENTIALS_FILE", "{home}/elsewhere")
            .file("elsewhere", format!("[default]\n{}", keys("other")))
            .credentials(format!("[default]\n{}", keys("default")))
            .reaches(user("other")),
        Row::named("AWS_CONFIG_FILE that is missing")
            .variable("AWS_CONFIG_FILE", "{home}/nothing-here")
            .environment_keys("environment")
            .reaches(user("environment")),
        Row::named("shared_config_files before AWS_CONFIG_FILE")
            .variable("AWS_CONFIG_FILE", "{home}/one")
            .file("one", format!("[profile team]\n{}", keys("other")))
            .file("two", team())
            .block(json!({"profile": "team", "shared_config_files": ["{home}/two"]}))
            .reaches(user("profile")),
    ]
}

fn roles() -> Vec<Row> {
    let tooling = role(TOOLING, "tooling");
    let hub = role(HUB, "hub");
    let chain = format!(
        "[profile a]\nrole_arn = {hub}\nsource_profile = b\n\
         [profile b]\nrole_arn = {tooling}\nsource_profile = team\n{}",
        team()
    );
    vec![
        Row::named("a role of a profile")
            .variable("AWS_PROFILE", "b")
            .config(&chain)
            .reaches(session(TOOLING, "tooling", "*")),
        Row::named("two roles of profiles")
            .variable("AWS_PROFILE", "a")
            .config(&chain)
            .reaches(session(HUB, "hub", "*")),
        Row::named("a role of a profile and one of the block")
            .config(&chain)
            .block(json!({"profile": "b", "assume_role": [{"role_arn": hub}]}))
            .reaches(session(HUB, "hub", "*")),
        Row::named("a role of a profile with everything a profile can say")
            .variable("AWS_PROFILE", "a")
            .config(format!(
                "[profile a]\nrole_arn = {}\nsource_profile = team\nexternal_id = {EXTERNAL_ID}\n\
                 role_session_name = landing-zone\nduration_seconds = 1200\n{}",
                role(FIRST, "partner"),
                team()
            ))
            .reaches(session(FIRST, "partner", "landing-zone")),
        Row::named("a profile that is its own source")
            .variable("AWS_PROFILE", "team")
            .config(format!(
                "{}role_arn = {tooling}\nsource_profile = team\n",
                team()
            ))
            .reaches(session(TOOLING, "tooling", "*")),
    ]
}

fn sources() -> Vec<Row> {
    let tooling = role(TOOLING, "tooling");
    let hub = role(HUB, "hub");
    vec![
        Row::named("profiles that lead back to each other")
            .variable("AWS_PROFILE", "a")
            .config(format!(
                "[profile a]\nrole_arn = {tooling}\nsource_profile = b\n\
                 [profile b]\nrole_arn = {hub}\nsource_profile = a\n"
            ))
            .fails("profile"),
        Row::named("a profile whose source is missing")
            .variable("AWS_PROFILE", "a")
            .config(format!(
                "[profile a]\nrole_arn = {tooling}\nsource_profile = gone\n"
            ))
            .fails("gone"),
        Row::named("a profile with a role and no source")
            .variable("AWS_PROFILE", "a")
            .config(format!("[profile a]\nrole_arn = {tooling}\n"))
            .fails("credential"),
        Row::named("a profile with both kinds of source")
            .variable("AWS_PROFILE", "a")
            .config(format!(
                "[profile a]\nrole_arn = {tooling}\nsource_profile = team\n\
                 credential_source = Environment\n{}",
                team()
            ))
            .fails("source"),
        Row::named("credential_source of the environment")
            .environment_keys("environment")
            .config(format!(
                "[profile a]\nrole_arn = {tooling}\ncredential_source = Environment\n"
            ))
            .block(json!({"profile": "a"}))
            .reaches(session(TOOLING, "tooling", "*")),
        Row::named("a profile with a web identity")
            .variable("AWS_PROFILE", "a")
            .file("token", WEB_TOKEN)
            .config(format!(
                "[profile a]\nrole_arn = {}\nweb_identity_token_file = {{home}}/token\n\
                 role_session_name = pipeline\n",
                role(TOOLING, "federated")
            ))
            .reaches(session(TOOLING, "federated", "pipeline")),
    ]
}

fn processes() -> Vec<Row> {
    let answer = |expiration: &str| {
        format!(
            r#"{{"Version": 1, "AccessKeyId": "{}", "SecretAccessKey": "{}"{expiration}}}"#,
            super::super::accounts::key("process"),
            super::super::accounts::secret("process"),
        )
    };
    let process = |command: &str| format!("[profile team]\ncredential_process = {command}\n");
    let row = |name| Row::named(name).variable("AWS_PROFILE", "team");
    vec![
        row("a process")
            .file("answer", answer(""))
            .config(process("cat {home}/answer"))
            .reaches(user("process")),
        row("a process that fails")
            .config(process("false"))
            .fails("process"),
        row("a process that answers something else")
            .config(process("echo no-json"))
            .fails("process"),
        row("a process whose credentials have expired")
            .file(
                "answer",
                answer(r#", "Expiration": "2020-01-01T00:00:00Z""#),
            )
            .config(process("cat {home}/answer"))
            .reaches(user("process")),
    ]
}
