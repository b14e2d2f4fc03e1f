//! Credentials that the machinery around a container hands out: ECS, and EKS Pod Identity.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use url::{Host, Url};

use crate::net::Secret;
use crate::net::address::is_loopback;

use super::asking::{Asking, Question};
use super::error::{
    CredentialOrigin, Error, ErrorKind, NamedBy, Setting, SettingName, SettingProblem,
    SourceProblem,
};
use super::http::{Http, http_url};
use super::{AccountId, Environment};

/// Where they are handed out, and what has to be shown there.
#[derive(Debug)]
pub(super) struct Container {
    asking: Asking,
    url: Url,
    token: Token,
}

#[derive(Debug)]
enum Token {
    None,
    /// Read anew each time, because whoever writes it also replaces it.
    File(PathBuf),
    Text(Secret<String>),
}

/// What is handed out. It has no debug form: there are keys in it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    token: Option<String>,
    expiration: Option<String>,
    account_id: Option<String>,
}

impl Container {
    /// What the environment says about it, if it says something.
    ///
    /// # Errors
    ///
    /// It names no place where credentials may be asked for.
    pub(super) fn of_environment(
        environment: &Environment,
        http: &Http,
    ) -> Result<Option<Self>, Error> {
        let Some((variable, text)) = environment.first(&VARIABLES) else {
            return Ok(None);
        };
        let url = address(variable, &text).map_err(|problem| {
            Error::from(ErrorKind::InvalidSetting {
                setting: Setting {
                    name: SettingName::ContainerCredentials,
                    named_by: NamedBy::Environment(variable),
                },
                problem,
            })
        })?;
        Ok(Some(Self {
            asking: Asking::new(http)?,
            url,
            token: Token::of_environment(environment),
        }))
    }

    /// Asks for them.
    ///
    /// # Errors
    ///
    /// None came.
    pub(super) async fn issue(&self) -> Result<Credentials, Error> {
        let origin = CredentialOrigin::Container;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = self.token.header().await? {
            headers.insert(AUTHORIZATION, token);
        }
        let question = Question {
            url: self.url.clone(),
            headers,
            body: None,
        };
        let said = self.asking.ask(&origin, &question).await?;
        if !said.is_success() {
            return Err(SourceProblem::Refused(said.answer()).of(&origin));
        }
        read(said.body()).map_err(|problem| {
            SourceProblem::NotUnderstood(format!("in its answer, {problem}")).of(&origin)
        })
    }
}

impl Token {
    fn of_environment(environment: &Environment) -> Self {
        let file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        let text = || environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        match file {
            Some(file) => Self::File(environment.expand(Path::new(&file))),
            None => text().map_or(Self::None, |text| Self::Text(Secret::new(text))),
        }
    }

    async fn header(&self) -> Result<Option<HeaderValue>, Error> {
        let (text, path) = match self {
            Self::None => return Ok(None),
            Self::Text(text) => (text.reveal().clone(), None),
            Self::File(path) => match tokio::fs::read_to_string(path).await {
                Ok(text) => (text, Some(path)),
                Err(error) => return Err(token_problem(Some(path), &error.to_string())),
            },
        };
        // Editors and shells end files with a line break, which is no part of the token.
        match HeaderValue::from_str(text.trim_end()) {
            Ok(value) if value.is_empty() => Err(token_problem(path, "it is empty")),
            Ok(mut value) => {
                value.set_sensitive(true);
                Ok(Some(value))
            }
            Err(_) => Err(token_problem(
                path,
                "it has characters that a header cannot have",
            )),
        }
    }
}

fn token_problem(path: Option<&PathBuf>, problem: &str) -> Error {
    SourceProblem::Token {
        path: path.cloned(),
        problem: problem.to_owned(),
    }
    .of(&CredentialOrigin::Container)
}

fn address(variable: &str, text: &str) -> Result<Url, SettingProblem> {
    if variable == RELATIVE {
        if !text.starts_with('/') {
            return Err(SettingProblem::NotPath);
        }
        return http_url(&format!("http://{ECS}{text}"));
    }
    let url = http_url(text)?;
    let is_local = is_loopback(&url)
        || match url.host() {
            Some(Host::Ipv4(host)) => AGENTS.contains(&host.to_string().as_str()),
            Some(Host::Ipv6(host)) => AGENTS.contains(&host.to_string().as_str()),
            Some(Host::Domain(_)) | None => false,
        };
    if url.scheme() == "https" || is_local {
        Ok(url)
    } else {
        let host = url.host_str().unwrap_or_default();
        Err(SettingProblem::ForeignHost(host.to_owned()))
    }
}

fn read(body: &[u8]) -> Result<Credentials, String> {
    // The error of the parser may quote the document.
    let document: Document =
        serde_json::from_slice(body).map_err(|_| "there is no JSON object".to_owned())?;
    let missing = |name: &str| format!("`{name}` is missing");
    let key = document
        .access_key_id
        .ok_or_else(|| missing("AccessKeyId"))?;
    let secret = document
        .secret_access_key
        .ok_or_else(|| missing("SecretAccessKey"))?;
    let mut credentials = Credentials::builder()
        .access_key_id(key)
        .secret_access_key(secret)
        .provider_name("Container");
    credentials.set_session_token(document.token);
    credentials.set_expiry(document.expiration.as_deref().map(moment).transpose()?);
    let account = document.account_id.and_then(|text| text.parse().ok());
    if let Some(account) = account.as_ref().map(AccountId::as_str) {
        credentials = credentials.account_id(account);
    }
    Ok(credentials.build())
}

/// When credentials end.
pub(super) fn moment(text: &str) -> Result<SystemTime, String> {
    DateTime::from_str(text, Format::DateTimeWithOffset)
        .ok()
        .and_then(|moment| SystemTime::try_from(moment).ok())
        .ok_or_else(|| "`Expiration` is no time".to_owned())
}

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

/// What says where the credentials are, the first that is set.
pub(super) const VARIABLES: [&str; 2] = [RELATIVE, "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

/// The agent of ECS. Amazon ECS Developer Guide, *Task IAM role*.
const ECS: &str = "169.254.170.2";

/// It, and the agent of EKS Pod Identity. AWS SDKs and Tools Reference Guide, *Container credential
/// provider*.
const AGENTS: [&str; 3] = [ECS, "169.254.170.23", "fd00:ec2::23"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variable: &str, text: &str, expected: Result<&str, SettingProblem>) {
        let address = address(variable, text).map(|url| url.to_string());
        assert_eq!(address, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn a_relative_uri_is_one_of_the_agent_of_ecs_and_of_nobody_else() {
        let check = |text, expected| check(RELATIVE, text, expected);
        check("/v2/id?x=1", Ok("http://169.254.170.2/v2/id?x=1"));
        check(
            "//evil.example/x",
            Ok("http://169.254.170.2//evil.example/x"),
        );
        check("@evil.example/x", Err(SettingProblem::NotPath));
        check(":80@evil.example/x", Err(SettingProblem::NotPath));
    }

    #[test]
    fn a_full_uri_without_tls_is_one_of_this_machine_or_of_an_agent() {
        let check = |text, expected| check(VARIABLES[1], text, expected);
        for text in [
            "http://127.0.0.1:1338/x",
            "http://localhost/x",
            "http://[::1]/x",
            "http://169.254.170.2/v2/x",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "https://credentials.example/x",
        ] {
            check(text, Ok(text));
        }
        for host in ["169.254.169.254", "192.168.0.1", "credentials.example"] {
            let problem = SettingProblem::ForeignHost(host.to_owned());
            self::check(VARIABLES[1], &format!("http://{host}/x"), Err(problem));
        }
        check("/v2/x", Err(SettingProblem::NotUrl));
        check("ftp://127.0.0.1/x", Err(SettingProblem::Scheme));
    }
}
