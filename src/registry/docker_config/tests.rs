use std::io::Write as _;

use super::*;
use crate::content;
use crate::content::ErrorKind;
use crate::net::Secret;
use crate::task::Context;

fn load(json: &str) -> Result<DockerConfig, InvalidDockerConfig> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(json.as_bytes()).unwrap();
    DockerConfig::load(Some(file.path()))
}

fn repository(registry: &str, path: &str) -> Repository {
    Repository::new(registry, path).unwrap()
}

/// A credential in words that a row can hold.
fn words(credential: &Credential) -> String {
    match credential {
        Credential::Anonymous => "anonymous".to_owned(),
        Credential::Basic { username, password } => format!("{username}:{}", password.reveal()),
        Credential::Bearer(token) => format!("bearer {}", token.reveal()),
        Credential::Identity(token) => format!("identity {}", token.reveal()),
    }
}

async fn found(config: &DockerConfig, registry: &str, path: &str) -> String {
    let source = config.credentials(&repository(registry, path));
    words(&source.credential(&Context::new()).await.unwrap())
}

#[tokio::test]
async fn docker_hub_is_found_under_each_of_its_names() {
    for key in [
        "https://index.docker.io/v1/",
        "index.docker.io",
        "docker.io",
        "https://registry-1.docker.io",
        "registry-1.docker.io/v2/",
        "DOCKER.IO",
    ] {
        let json = format!(r#"{{"auths":{{"{key}":{{"auth":"YWRhOnh5OnM="}}}}}}"#);
        let config = load(&json).unwrap();
        assert_eq!(
            found(&config, "docker.io", "library/nginx").await,
            "ada:xy:s",
            "{key}"
        );
        assert_eq!(found(&config, "ghcr.io", "a/b").await, "anonymous", "{key}");
    }
}

#[tokio::test]
async fn the_longest_key_wins_and_keys_end_at_slashes() {
    let config = load(
        r#"{"auths":{
            "quay.io":{"username":"all","password":"1"},
            "quay.io/team":{"username":"team","password":"2"},
            "quay.io/team/app":{"username":"app","password":"3"},
            "https://host.example:5000/anything":{"username":"port","password":"4"}
        }}"#,
    )
    .unwrap();
    let rows = [
        ("quay.io", "other/x", "all:1"),
        ("quay.io", "team/x", "team:2"),
        ("quay.io", "team", "team:2"),
        ("quay.io", "teamwork/x", "all:1"),
        ("quay.io", "team/app/x", "app:3"),
        ("host.example:5000", "x", "port:4"),
        ("host.example", "x", "anonymous"),
    ];
    for (registry, path, expected) in rows {
        assert_eq!(
            found(&config, registry, path).await,
            expected,
            "{registry}/{path}"
        );
    }
}

#[tokio::test]
async fn each_form_of_a_credential_is_read() {
    let rows = [
        (r"{}", "anonymous"),
        (r#"{"auth":""}"#, "anonymous"),
        (r#"{"auth":"!!"}"#, "anonymous"),
        (r#"{"auth":"YWRhOnB3AAA="}"#, "ada:pw"),
        (r#"{"auth":"YWRhOnB3eA"}"#, "ada:pwx"),
        (r#"{"identitytoken":"t","auth":"YWRhOg=="}"#, "identity t"),
        (r#"{"registrytoken":"t"}"#, "bearer t"),
        (r#"{"username":"ada","password":"pw"}"#, "ada:pw"),
        (r#"{"username":"ada"}"#, "anonymous"),
        (r#"{"email":"a@b","auth":"YWRhOnB3"}"#, "ada:pw"),
    ];
    for (entry, expected) in rows {
        let config = load(&format!(r#"{{"auths":{{"ghcr.io":{entry}}}}}"#)).unwrap();
        assert_eq!(found(&config, "ghcr.io", "a/b").await, expected, "{entry}");
    }
}

#[test]
fn helpers_win_over_the_store_and_the_store_over_the_file() {
    let json = r#"{
        "auths":{"ghcr.io":{"auth":"YWRhOnB3"}},
        "credHelpers":{"https://index.docker.io/v1/":"hub","gcr.io":"gcloud"},
        "credsStore":"desktop"
    }"#;
    let config = load(json).unwrap();
    let chosen = |registry: &str| match config.0.files[0]
        .choose(&repository(registry, "a/b"))
        .unwrap()
    {
        Choice::Helper {
            name,
            server,
            otherwise,
        } => format!("{name} {server} {}", words(&otherwise)),
        Choice::Stored(credential) => words(&credential),
    };
    assert_eq!(
        chosen("docker.io"),
        "hub https://index.docker.io/v1/ anonymous"
    );
    assert_eq!(chosen("gcr.io"), "gcloud gcr.io anonymous");
    assert_eq!(chosen("ghcr.io"), "desktop ghcr.io ada:pw");
}

#[test]
fn a_broken_file_is_named_by_place_and_not_by_content() {
    let broken = [
        r#"{"auths":{"ghcr.io":"hunter2"}}"#,
        r#"{"auths":[{"auth":"hunter2"}]}"#,
        r#"{"auths":{"ghcr.io":{"auth":"hunter2"}"#,
    ];
    for json in broken {
        let error = load(json).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("is broken in line 1, column "), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(load("").is_ok());
    assert!(matches!(
        load(&" ".repeat(1024 * 1024 + 1)),
        Err(InvalidDockerConfig::TooLarge { .. })
    ));
}

#[test]
fn a_file_that_was_asked_for_must_be_there_and_others_need_not() {
    let error = DockerConfig::load(Some(Path::new("no/such.json"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the Docker configuration `no/such.json` cannot be read"
    );
    assert!(read_present(&["no/such.json".into()]).unwrap().is_empty());
}

#[test]
fn default_files_follow_the_environment() {
    let paths = |rows: &'static [(&str, &str)]| {
        default_paths(move |name| {
            let row = rows.iter().find(|(key, _)| *key == name);
            row.map(|(_, value)| PathBuf::from(value))
        })
    };
    assert_eq!(
        paths(&[
            ("HOME", "/h"),
            ("XDG_RUNTIME_DIR", "/r"),
            ("DOCKER_CONFIG", "")
        ]),
        [
            PathBuf::from("/h/.docker/config.json"),
            PathBuf::from("/r/containers/auth.json"),
            PathBuf::from("/h/.config/containers/auth.json"),
        ]
    );
    assert_eq!(
        paths(&[("REGISTRY_AUTH_FILE", "/a.json"), ("DOCKER_CONFIG", "/d")]),
        [PathBuf::from("/a.json"), PathBuf::from("/d/config.json")]
    );
    assert!(paths(&[]).is_empty());
}

#[test]
fn debug_shows_no_secret() {
    let config = load(r#"{"auths":{"ghcr.io":{"username":"ada","password":"hunter2"}}}"#).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[cfg(unix)]
mod helpers {
    use super::*;

    fn stored() -> Credential {
        Credential::Basic {
            username: "stored".to_owned(),
            password: Secret::new("pw".to_owned()),
        }
    }

    async fn ask(script: &str) -> Result<String, content::Error> {
        let helper = Helper::script(script, "https://index.docker.io/v1/", stored());
        let credential = helper.credential(&Context::new()).await?;
        Ok(words(&credential))
    }

    /// The error with its cause.
    async fn complaint(script: &str) -> (ErrorKind, String) {
        let error = ask(script).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        (error.kind().clone(), cause)
    }

    #[tokio::test]
    async fn a_helper_is_told_the_server_and_its_login_is_used() {
        let script = r#"test "$0" = get && read server
            echo "{\"ServerURL\":\"$server\",\"Username\":\"ada\",\"Secret\":\"$server\"}""#;
        assert_eq!(
            ask(script).await.unwrap(),
            "ada:https://index.docker.io/v1/"
        );
    }

    #[tokio::test]
    async fn a_helper_can_answer_with_an_identity_token_or_nothing() {
        let token = r#"echo '{"Username":"<token>","Secret":"t"}'"#;
        assert_eq!(ask(token).await.unwrap(), "identity t");
        let nothing = "echo credentials not found in native keychain; exit 1";
        assert_eq!(ask(nothing).await.unwrap(), "stored:pw");
    }

    #[tokio::test]
    async fn a_helper_that_fails_is_quoted_in_one_line() {
        let (kind, cause) = complaint("printf 'store is \\033locked\\nsecond'; exit 3").await;
        assert_eq!(kind, ErrorKind::Denied);
        assert_eq!(
            cause,
            "the credential helper `test` failed: store is locked"
        );
    }

    #[tokio::test]
    async fn an_answer_that_is_no_login_is_not_quoted() {
        let (_, cause) = complaint("echo hunter2").await;
        assert_eq!(
            cause,
            "the credential helper `test` answered something that is no login"
        );
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_off() {
        let (_, cause) = complaint("yes").await;
        assert_eq!(
            cause,
            "the credential helper `test` wrote more than 65536 bytes"
        );
    }

    #[tokio::test]
    async fn a_missing_helper_and_a_name_that_is_a_path_are_misconfigured() {
        for (name, expected) in [
            ("surely-not-installed", "could not be run"),
            ("../evil", "is not the name of a credential helper"),
        ] {
            let helper = Helper::new(name, "ghcr.io".to_owned(), Credential::Anonymous);
            let error = helper.credential(&Context::new()).await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Misconfigured, "{name}");
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains(expected), "{cause}");
        }
    }

    #[tokio::test]
    async fn a_helper_is_run_once_and_again_after_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let count = folder.path().join("count");
        let script = format!(
            r#"echo x >> '{0}'; echo "{{\"Username\":\"u\",\"Secret\":\"$(wc -l < '{0}' | tr -d ' ')\"}}""#,
            count.display()
        );
        let helper = Helper::script(&script, "s", Credential::Anonymous);
        let cx = Context::new();
        let (one, two) = tokio::join!(helper.credential(&cx), helper.credential(&cx));
        assert_eq!(words(&one.unwrap()), "u:1");
        assert_eq!(words(&two.unwrap()), "u:1");
        helper.refused().await;
        assert_eq!(words(&helper.credential(&cx).await.unwrap()), "u:2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_helper_that_hangs_is_given_up_after_thirty_seconds_or_with_the_context() {
        let helper = Helper::script("exec sleep 600", "s", stored());
        let started = crate::task::monotonic();
        let error = helper.credential(&Context::new()).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Denied);
        assert_eq!(started.elapsed().as_secs(), 30);

        let cx = Context::new().within(std::time::Duration::from_secs(5));
        let error = helper.credential(&cx).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Stopped(_)));
    }
}
