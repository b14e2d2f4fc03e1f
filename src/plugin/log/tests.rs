use std::sync::Arc;

use serde_json::{Value, json};
use tracing_subscriber::registry;

use super::*;

#[derive(Clone, Default)]
struct Stderr(Arc<Mutex<Vec<Vec<u8>>>>);

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that `speak` causes; each must come in one write.
fn lines(level: LevelFilter, speak: impl FnOnce()) -> Vec<Value> {
    let out = Stderr::default();
    let subscriber = registry().with(Lines::new(out.clone(), level));
    tracing::subscriber::with_default(subscriber, speak);
    let writes = out.0.lock().unwrap();
    let parsed = writes.iter().map(|write| {
        assert!(write.len() <= line::MAX_LINE_BYTES, "{} bytes", write.len());
        let text = std::str::from_utf8(write).unwrap();
        let line = text.strip_suffix('\n').expect("a line ends");
        assert!(!line.contains('\n'), "one line per write");
        serde_json::from_str(line).unwrap()
    });
    parsed.collect()
}

#[track_caller]
fn check_level(variables: &[(&str, &str)], expected: LevelFilter) {
    let variable = |wanted: &str| {
        let found = variables.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| (*value).to_owned())
    };
    assert_eq!(level("ecr-public", variable), expected, "{variables:?}");
}

#[test]
fn the_most_specific_variable_gives_the_level() {
    check_level(&[], LevelFilter::WARN);
    check_level(&[("TF_LOG", "debug")], LevelFilter::DEBUG);
    check_level(&[("TF_LOG", "JSON")], LevelFilter::TRACE);
    check_level(&[("TF_LOG", "")], LevelFilter::WARN);
    check_level(
        &[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "INFO")],
        LevelFilter::INFO,
    );
    check_level(
        &[
            ("TF_LOG_PROVIDER_ECR_PUBLIC", "off"),
            ("TF_LOG_PROVIDER", "INFO"),
        ],
        LevelFilter::OFF,
    );
}

#[test]
fn a_line_has_the_keys_of_the_host_and_the_fields_of_its_spans() {
    let lines = lines(LevelFilter::TRACE, || {
        let outer = tracing::info_span!("rpc", tf_rpc = "ReadResource", attempt = 1);
        let _outer = outer.enter();
        let inner = tracing::debug_span!("http", attempt = 2, status = tracing::field::Empty);
        inner.record("status", 200);
        let _inner = inner.enter();
        tracing::trace!(bytes = 7_u64, ok = true, "answer received");
    });
    let line = lines.first().unwrap();
    let stamp = line["@timestamp"].as_str().unwrap();
    assert_eq!(stamp.len(), "2026-01-02T03:04:05.123456Z".len());
    let expected = json!({
        "@level": "trace",
        "@message": "answer received",
        "@module": "plugin.log.tests",
        "@timestamp": stamp,
        "tf_rpc": "ReadResource",
        "attempt": 2,
        "status": 200,
        "bytes": 7,
        "ok": true,
    });
    assert_eq!(*line, expected);
}

#[test]
fn an_error_says_what_it_is_about_although_nothing_else_is_asked_for() {
    let lines = lines(LevelFilter::ERROR, || {
        let call = tracing::info_span!("rpc", tf_rpc = "ReadResource");
        let _call = call.enter();
        let request = tracing::trace_span!("http", attempt = 2);
        let _request = request.enter();
        tracing::warn!("not asked for");
        tracing::error!("refused");
    });
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["tf_rpc"], "ReadResource");
    assert_eq!(lines[0]["attempt"], 2);
}

#[test]
fn nothing_is_said_when_nothing_is_asked_for() {
    let lines = lines(LevelFilter::OFF, || {
        let call = tracing::error_span!("rpc", tf_rpc = "ReadResource");
        let _call = call.enter();
        tracing::error!("refused");
    });
    assert_eq!(lines, [Value::Null; 0]);
}

#[test]
fn every_level_has_the_name_the_host_knows() {
    let lines = lines(LevelFilter::TRACE, || {
        tracing::trace!("1");
        tracing::debug!("2");
        tracing::info!("3");
        tracing::warn!("4");
        tracing::error!("5");
    });
    let levels: Vec<_> = lines
        .iter()
        .map(|line| line["@level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["trace", "debug", "info", "warn", "error"]);
}

#[test]
fn no_field_can_take_the_place_of_a_key_of_the_host() {
    let lines = lines(LevelFilter::TRACE, || {
        tracing::info!("@level" = 5, "@message" = 1, timestamp = 3, "text");
    });
    let line = lines.first().unwrap();
    assert_eq!(line["@level"], "info");
    assert_eq!(line["@message"], "text");
    assert_eq!(line["level"], 5);
    assert_eq!(line["time"], 3);
}

#[test]
fn a_line_stays_short_and_whole_whatever_it_carries() {
    for filler in ["a", "\"", "\u{1}", "\n", "é", "🦀"] {
        let long = filler.repeat(200_000);
        let lines = lines(LevelFilter::TRACE, || {
            tracing::info!(
                a = long.as_str(),
                b = long.as_str(),
                c = long.as_str(),
                d = long.as_str(),
                e = long.as_str(),
                f = 1,
                "{long}"
            );
        });
        let line = lines.first().unwrap();
        assert_eq!(line["truncated"], true);
        assert_eq!(line["@level"], "info");
        assert!(line["@message"].is_string() && line["@timestamp"].is_string());
        assert!(line["a"].as_str().unwrap().starts_with(filler));
    }
}

#[test]
fn libraries_are_heard_at_info_and_above_only() {
    let lines = lines(LevelFilter::TRACE, || {
        tracing::debug!(target: "aws_smithy_runtime::client", token = "secret", "response");
        tracing::trace!(target: "terraform_provider_ecrpublic_other", token = "secret", "no");
        let span = tracing::info_span!(target: "aws_config", "load", access_key = "secret");
        let _inside = span.enter();
        tracing::info!(target: "aws_config::profile", "profile loaded");
        tracing::debug!("ours");
    });
    let messages: Vec<_> = lines
        .iter()
        .map(|line| line["@message"].as_str().unwrap())
        .collect();
    assert_eq!(messages, ["profile loaded", "ours"]);
    assert!(!serde_json::to_string(&lines).unwrap().contains("secret"));
}

#[test]
fn an_error_is_written_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    let lines = lines(LevelFilter::TRACE, || {
        let error = Outer(io::Error::other("inner"));
        let error: &(dyn std::error::Error + 'static) = &error;
        tracing::warn!(error, "failed");
    });
    assert_eq!(lines[0]["error"], "outer: inner");
}

#[test]
fn a_panic_is_told_in_plain_lines_behind_the_word_the_host_looks_for() {
    let text = panic::report(
        "index out of range\n{\"@level\":5}",
        "src/a.rs:1:2",
        "0: main\n1: x",
    );
    assert_eq!(
        text,
        "panic: index out of range\n\t{\"@level\":5}\n\tsrc/a.rs:1:2\n\t0: main\n\t1: x\n"
    );
}
