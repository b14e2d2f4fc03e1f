//! The AWS part of the provider block.

use std::path::{Path as FilePath, PathBuf};

use url::Url;

use crate::aws::{self, AccountRole, Environment, HopPlace, WebIdentity, WebIdentityToken};
use crate::net::Secret;
use crate::tf::{Attr, Diagnostic, Diagnostics, Path};

use super::config::{ProviderConfig, WebIdentityBlock, known_blocks};
use super::known;
use super::role::{self, AssumeRole};
use super::settings;

/// Reads it, and tells what is wrong with what is known. `None` when something is.
pub(super) fn read(
    config: &ProviderConfig,
    environment: &Environment,
    problems: &mut Diagnostics,
) -> Option<aws::Config> {
    check_keys(config, problems);
    check_account_lists(config, problems);
    check_texts(config, problems);
    let max_retries = settings::whole(
        config.max_retries.known(),
        "max_retries",
        1..=1000,
        problems,
    );
    let retry_budget = settings::whole(
        config.token_bucket_rate_limiter_capacity.known(),
        "token_bucket_rate_limiter_capacity",
        0..=MAX_RETRY_BUDGET,
        problems,
    );
    let web_identity = web_identity(config, problems);
    let assume_role = assume_role(config, problems);
    let account_role = account_role(config, problems);
    let allowed = settings::accounts(&config.allowed_account_ids, "allowed_account_ids", problems);
    let forbidden = settings::accounts(
        &config.forbidden_account_ids,
        "forbidden_account_ids",
        problems,
    );
    let ecrpublic_endpoint = endpoint(config, "ecrpublic", problems);
    let sts_endpoint = endpoint(config, "sts", problems);
    Some(aws::Config {
        region: text(&config.region),
        sts_region: text(&config.sts_region),
        profile: text(&config.profile),
        access_key: text(&config.access_key),
        secret_key: secret(&config.secret_key),
        token: secret(&config.token),
        shared_config_files: files(&config.shared_config_files),
        shared_credentials_files: files(&config.shared_credentials_files),
        web_identity,
        assume_role,
        account_role,
        sts_endpoint,
        ecrpublic_endpoint,
        max_retries: max_retries?,
        retry_budget: retry_budget?,
        adaptive_retries: text(&config.retry_mode).map(|mode| mode == "adaptive"),
        ca_bundle: text(&config.custom_ca_bundle)
            .map(|path| environment.expand(FilePath::new(&path))),
        // An empty proxy is a statement: none.
        http_proxy: config.http_proxy.known().cloned(),
        https_proxy: config.https_proxy.known().cloned(),
        no_proxy: config.no_proxy.known().cloned(),
        use_fips: is_set(&config.use_fips_endpoint),
        use_dualstack: is_set(&config.use_dualstack_endpoint),
        ec2_metadata_endpoint: text(&config.ec2_metadata_service_endpoint),
        ec2_metadata_endpoint_mode: text(&config.ec2_metadata_service_endpoint_mode),
        skip_metadata: text(&config.skip_metadata_api_check).map(|text| text == "true"),
        skip_credentials_validation: is_set(&config.skip_credentials_validation),
        skip_requesting_account_id: is_set(&config.skip_requesting_account_id),
        skip_region_validation: is_set(&config.skip_region_validation),
        allowed_account_ids: allowed,
        forbidden_account_ids: forbidden,
        user_agent_suffix: environment.get("TF_APPEND_USER_AGENT"),
        environment: environment.clone(),
    })
}

/// Text that is there. An empty one counts as absent, as hashicorp/aws has it.
fn text(attr: &Attr<String>) -> Option<String> {
    attr.known().filter(|text| !text.is_empty()).cloned()
}

fn secret(attr: &Attr<Secret<String>>) -> Option<Secret<String>> {
    attr.known()
        .filter(|secret| !secret.reveal().is_empty())
        .cloned()
}

fn is_set(attr: &Attr<bool>) -> bool {
    attr.known() == Some(&true)
}

fn files(attr: &known::Texts) -> Vec<PathBuf> {
    let paths = known::some_texts(attr).filter(|path| !path.is_empty());
    paths.map(PathBuf::from).collect()
}

/// Half of a pair of keys would be ignored in favour of credentials that nobody thought of.
fn check_keys(config: &ProviderConfig, problems: &mut Diagnostics) {
    let (key, secret_key) = (&config.access_key, &config.secret_key);
    let (has_key, has_secret) = (text(key).is_some(), secret(secret_key).is_some());
    let has_token = secret(&config.token).is_some();
    let missing = match (has_key, has_secret) {
        (true, false) if !secret_key.is_unknown() => "secret_key",
        (false, true) if !key.is_unknown() => "access_key",
        (false, false) if has_token && !key.is_unknown() => "access_key",
        _ => return,
    };
    problems.push(
        Diagnostic::error("Incomplete static credentials")
            .at(Path::root(missing))
            .detail(format!(
                "Static credentials are `access_key` and `secret_key`, and `token` for temporary \
                 ones. `{missing}` is missing."
            ))
            .hint(
                "Set all of them, or none, so that the environment or a profile provides the \
                 credentials.",
            ),
    );
}

fn check_account_lists(config: &ProviderConfig, problems: &mut Diagnostics) {
    let is_used = |list: &known::Texts| list.known().is_some_and(|ids| !ids.is_empty());
    if is_used(&config.allowed_account_ids) && is_used(&config.forbidden_account_ids) {
        problems.push(
            Diagnostic::error("Conflicting account lists")
                .at(Path::root("forbidden_account_ids"))
                .detail(
                    "`allowed_account_ids` and `forbidden_account_ids` are both set. With the \
                     first, every account that is not in it is forbidden already.",
                )
                .hint("Remove one of them."),
        );
    }
}

/// Texts of which only some make sense.
fn check_texts(config: &ProviderConfig, problems: &mut Diagnostics) {
    one_of(
        &config.retry_mode,
        "retry_mode",
        &["standard", "adaptive"],
        problems,
    );
    one_of(
        &config.ec2_metadata_service_endpoint_mode,
        "ec2_metadata_service_endpoint_mode",
        &["IPv4", "IPv6"],
        problems,
    );
    one_of(
        &config.skip_metadata_api_check,
        "skip_metadata_api_check",
        &["true", "false"],
        problems,
    );
    for (attr, name) in [
        (&config.http_proxy, "http_proxy"),
        (&config.https_proxy, "https_proxy"),
    ] {
        // `proxy:3128` without a scheme is an HTTP proxy, as everywhere else.
        let is_proxy = |text: &str| match text.contains("://") {
            true => is_http_url(text),
            false => is_http_url(&format!("http://{text}")),
        };
        if text(attr).is_some_and(|text| !is_proxy(&text)) {
            problems.push(invalid_url(name, Path::root(name)));
        }
    }
    let name = "ec2_metadata_service_endpoint";
    if text(&config.ec2_metadata_service_endpoint).is_some_and(|text| !is_http_url(&text)) {
        problems.push(invalid_url(name, Path::root(name)));
    }
}

fn one_of(attr: &Attr<String>, name: &str, choices: &[&str], problems: &mut Diagnostics) {
    let Some(text) = text(attr) else {
        return;
    };
    if !choices.contains(&text.as_str()) {
        problems.push(
            Diagnostic::error("Invalid value")
                .at(Path::root(name))
                .detail(format!(
                    "`{name}` is `{}`, not `{}`.",
                    choices.join("` or `"),
                    role::excerpt(&text)
                )),
        );
    }
}

fn endpoint(config: &ProviderConfig, name: &str, problems: &mut Diagnostics) -> Option<String> {
    let (_, block) = known_blocks(&config.endpoints).next()?;
    let attr = if name == "sts" {
        &block.sts
    } else {
        &block.ecrpublic
    };
    let text = text(attr)?;
    if !is_http_url(&text) {
        problems.push(invalid_url(
            &format!("{name}` in `endpoints"),
            // The elements of a set have no address.
            Path::root("endpoints"),
        ));
    }
    Some(text)
}

fn is_http_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The value is not shown: proxies may have a password in it.
fn invalid_url(name: &str, at: Path) -> Diagnostic {
    Diagnostic::error("Invalid URL").at(at).detail(format!(
        "`{name}` is not a URL that begins with `http://` or `https://` and a host."
    ))
}

fn assume_role(config: &ProviderConfig, problems: &mut Diagnostics) -> Vec<aws::Hop> {
    let is_first = config.assume_role_with_web_identity.is_null()
        || known_blocks(&config.assume_role_with_web_identity)
            .next()
            .is_none();
    let hops = known_blocks(&config.assume_role).filter_map(|(position, block)| {
        let at = Path::root("assume_role").index(position);
        let place = if position == 0 && is_first {
            HopPlace::First
        } else {
            HopPlace::Chained
        };
        block.read(&at, place, problems)
    });
    hops.collect()
}

fn account_role(config: &ProviderConfig, problems: &mut Diagnostics) -> Option<AccountRole> {
    let block = config.account_role.known()?;
    let at = Path::root("account_role");
    let session = block.session(&at, HopPlace::Chained, problems);
    let template = template(block, &at, problems);
    Some(AccountRole {
        template: template?,
        session: session?,
    })
}

fn template(block: &AssumeRole, at: &Path, problems: &mut Diagnostics) -> Option<String> {
    let template = match &block.role_arn {
        Attr::Unknown => return None,
        Attr::Null => "",
        Attr::Known(text) => text.as_str(),
    };
    let role = AccountRole {
        template: template.to_owned(),
        session: aws::HopSession::default(),
    };
    let any_account = "000000000000".parse().ok()?;
    if let Err(error) = role.hop(&any_account) {
        problems.push(
            Diagnostic::error("Invalid account role")
                .at(at.clone().attribute("role_arn"))
                .detail(format!(
                    "`{}` does not lead into every account: {error}.",
                    role::excerpt(template)
                ))
                .hint(
                    "Write the ARN of a role with `{account_id}` in place of the account, such \
                     as `arn:aws:iam::{account_id}:role/ecr-publisher`.",
                ),
        );
        return None;
    }
    Some(template.to_owned())
}

fn web_identity(config: &ProviderConfig, problems: &mut Diagnostics) -> Option<WebIdentity> {
    let (position, block) = known_blocks(&config.assume_role_with_web_identity).next()?;
    let at = Path::root("assume_role_with_web_identity").index(position);
    let token = web_identity_token(block, &at, problems);
    let role_arn = match &block.role_arn {
        Attr::Unknown => None,
        Attr::Null => role::role_arn("", &at, problems),
        Attr::Known(text) => role::role_arn(text, &at, problems),
    };
    let duration = role::read_duration(&block.duration, at.clone().attribute("duration"), problems);
    let identity = WebIdentity {
        role_arn: role_arn?,
        session_name: block.session_name.known().cloned(),
        duration: duration?,
        policy: block.policy.known().cloned(),
        policy_arns: known::some_texts(&block.policy_arns).cloned().collect(),
        token: token?,
    };
    let wrong = identity.check();
    problems.extend(wrong.iter().map(|each| role::invalid_member(each, &at)));
    Some(identity)
}

fn web_identity_token(
    block: &WebIdentityBlock,
    at: &Path,
    problems: &mut Diagnostics,
) -> Option<WebIdentityToken> {
    let (token, file) = (&block.web_identity_token, &block.web_identity_token_file);
    if token.is_unknown() || file.is_unknown() {
        return None;
    }
    match (secret(token), text(file)) {
        (Some(token), None) => Some(WebIdentityToken::Inline(token)),
        (None, Some(file)) => Some(WebIdentityToken::File(file.into())),
        (token, _) => {
            let what = if token.is_some() {
                "both are set"
            } else {
                "neither is set"
            };
            problems.push(
                Diagnostic::error("Invalid web identity token")
                    .at(at.clone().attribute("web_identity_token"))
                    .detail(format!(
                        "A web identity is proved by `web_identity_token` or by \
                         `web_identity_token_file`, and {what}."
                    )),
            );
            None
        }
    }
}

/// What the SDK can count.
const MAX_RETRY_BUDGET: u32 = 500_000_000;
