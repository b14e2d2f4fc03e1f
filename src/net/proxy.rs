//! Which proxy a request goes through: settings first, then the environment.

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::settings::{HttpSettings, InvalidSettings};

/// Requests to this machine never go through a proxy, whatever the configuration says: no proxy
/// could reach them.
const NEVER: &str = "localhost,127.0.0.0/8,::1";

/// The proxies in force. An empty text means none.
#[derive(Debug, Default, PartialEq, Eq)]
struct Proxies {
    http: Setting,
    https: Setting,
    without: String,
}

/// A proxy and who asked for it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Setting {
    name: &'static str,
    url: String,
}

/// The proxies to use, from the settings or the environment.
///
/// # Errors
///
/// One of them is no URL.
pub(super) fn proxies(
    settings: &HttpSettings,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Matcher, InvalidSettings> {
    let chosen = choose(settings, environment);
    let mut proxies = Matcher::builder().no(chosen.without.as_str());
    if let Some(url) = chosen.http.parse()? {
        proxies = proxies.http(url.to_string());
    }
    if let Some(url) = chosen.https.parse()? {
        proxies = proxies.https(url.to_string());
    }
    Ok(proxies.build())
}

fn choose(settings: &HttpSettings, environment: impl Fn(&str) -> Option<String>) -> Proxies {
    let first = |names: &[&'static str]| {
        names.iter().find_map(|name| {
            environment(name)
                .filter(|value| !value.is_empty())
                .map(|url| Setting { name, url })
        })
    };
    let choose = |name, setting: &Option<String>, names: &[&'static str]| match setting {
        Some(url) => Setting {
            name,
            url: url.clone(),
        },
        None => first(names).unwrap_or_default(),
    };
    // Upper-case `HTTP_PROXY` is what Terraform itself reads; curl reads only the lower-case form.
    let all = ["ALL_PROXY", "all_proxy"];
    let [all_upper, all_lower] = all;
    let without = settings
        .no_proxy
        .clone()
        .or_else(|| environment("NO_PROXY"))
        .or_else(|| environment("no_proxy"))
        .unwrap_or_default();
    Proxies {
        http: choose(
            "http_proxy",
            &settings.http_proxy,
            &["HTTP_PROXY", "http_proxy", all_upper, all_lower],
        ),
        https: choose(
            "https_proxy",
            &settings.https_proxy,
            &["HTTPS_PROXY", "https_proxy", all_upper, all_lower],
        ),
        without: if without.is_empty() {
            NEVER.to_owned()
        } else {
            format!("{NEVER},{without}")
        },
    }
}

impl Setting {
    /// `proxy:3128` without a scheme is an HTTP proxy, as everywhere else.
    fn parse(&self) -> Result<Option<Url>, InvalidSettings> {
        if self.url.is_empty() {
            return Ok(None);
        }
        let text = if self.url.contains("://") {
            self.url.clone()
        } else {
            format!("http://{}", self.url)
        };
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
            _ => Err(invalid(self.name)),
        }
    }
}

fn invalid(name: &'static str) -> InvalidSettings {
    InvalidSettings::Proxy { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(rows: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| {
            rows.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn settings_win_over_the_environment_one_by_one() {
        let settings = HttpSettings {
            https_proxy: Some("https://ours:3128".to_owned()),
            ..HttpSettings::default()
        };
        let chosen = choose(
            &settings,
            environment(&[
                ("HTTP_PROXY", "http://theirs:3128"),
                ("HTTPS_PROXY", "http://theirs:3129"),
                ("no_proxy", ".corp"),
            ]),
        );
        assert_eq!(chosen.http.url, "http://theirs:3128");
        assert_eq!(chosen.https.url, "https://ours:3128");
        assert_eq!(chosen.without, "localhost,127.0.0.0/8,::1,.corp");
    }

    #[test]
    fn the_environment_is_read_in_both_cases_and_upper_case_wins() {
        const LOWER: &[(&str, &str)] = &[
            ("http_proxy", "http://lower:1"),
            ("https_proxy", "http://lower:2"),
            ("no_proxy", "lower.corp"),
        ];
        const BOTH: &[(&str, &str)] = &[
            ("http_proxy", "http://lower:1"),
            ("HTTP_PROXY", "http://upper:1"),
            ("https_proxy", "http://lower:2"),
            ("HTTPS_PROXY", "http://upper:2"),
            ("no_proxy", "lower.corp"),
            ("NO_PROXY", "upper.corp"),
        ];
        for (rows, case) in [(LOWER, "lower"), (BOTH, "upper")] {
            let chosen = choose(&HttpSettings::default(), environment(rows));
            assert_eq!(chosen.http.url, format!("http://{case}:1"));
            assert_eq!(chosen.https.url, format!("http://{case}:2"));
            assert_eq!(chosen.without, format!("{NEVER},{case}.corp"));
        }
    }

    #[test]
    fn an_empty_setting_switches_the_environment_off() {
        let settings = HttpSettings {
            http_proxy: Some(String::new()),
            ..HttpSettings::default()
        };
        let proxies = proxies(&settings, environment(&[("HTTP_PROXY", "http://theirs:1")]));
        let target = http::Uri::from_static("http://registry.example/v2/");
        assert!(proxies.unwrap().intercept(&target).is_none());
    }

    #[test]
    fn all_proxy_stands_in_for_both() {
        let chosen = choose(
            &HttpSettings::default(),
            environment(&[("all_proxy", "proxy:3128"), ("https_proxy", "")]),
        );
        assert_eq!(chosen.http.url, "proxy:3128");
        assert_eq!(chosen.https.url, "proxy:3128");
    }

    #[test]
    fn a_proxy_that_is_no_url_is_named_without_its_password() {
        for value in [
            "ftp://proxy",
            "http://",
            "http://user:hunter2@:99999",
            "socks5://p:1",
        ] {
            let settings = HttpSettings {
                https_proxy: Some(value.to_owned()),
                ..HttpSettings::default()
            };
            let error = proxies(&settings, environment(&[])).unwrap_err();
            assert_eq!(
                error.to_string(),
                "`https_proxy` is not the URL of an HTTP proxy",
                "{value}"
            );
        }
    }
}
