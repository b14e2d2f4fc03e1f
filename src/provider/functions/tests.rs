use crate::tf::{DynFunction, Function, FunctionError, Model as _, Value, ValueFunction};

use super::*;

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn call<F: Function>(function: F, arguments: &[Value]) -> Result<Value, FunctionError> {
    ValueFunction(function).call(arguments.to_vec())
}

fn parsed(reference: &str) -> [Option<String>; 5] {
    let Ok(Value::Map(parts)) = call(ParseReference, &[text(reference)]) else {
        panic!("{reference} is a reference");
    };
    ["registry", "repository", "tag", "digest", "normalized"].map(|name| match &parts[name] {
        Value::String(text) => Some(text.clone()),
        other => {
            assert_eq!(*other, Value::Null);
            None
        }
    })
}

#[test]
fn what_is_left_out_of_a_reference_is_filled_in_as_docker_does_it() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let rows = [
        (
            "nginx".to_owned(),
            ["docker.io", "library/nginx", "latest", ""],
            "docker.io/library/nginx:latest".to_owned(),
        ),
        (
            "index.docker.io/grafana/grafana:11".to_owned(),
            ["docker.io", "grafana/grafana", "11", ""],
            "docker.io/grafana/grafana:11".to_owned(),
        ),
        (
            format!("localhost:5000/app@{digest}"),
            ["localhost:5000", "app", "", &digest],
            format!("localhost:5000/app@{digest}"),
        ),
        (
            format!("ghcr.io/org/app:1@{digest}"),
            ["ghcr.io", "org/app", "1", &digest],
            format!("ghcr.io/org/app:1@{digest}"),
        ),
    ];
    for (reference, parts, normalized) in rows {
        let wanted = parts
            .into_iter()
            .chain([normalized.as_str()])
            .map(|part| Some(part.to_owned()).filter(|part| !part.is_empty()));
        let found = parsed(&reference);
        assert!(found.iter().cloned().eq(wanted), "{reference}: {found:?}");
        // A reference with nothing left out stays what it is.
        assert_eq!(parsed(&normalized), found);
    }
}

#[test]
fn a_copy_goes_by_default_where_the_function_says() {
    let rows = [
        ("nginx:1.27", "nginx"),
        ("ghcr.io/org/app", "org/app"),
        ("docker.io/library/alpine", "alpine"),
    ];
    for (source, name) in rows {
        assert_eq!(call(DefaultRepository, &[text(source)]), Ok(text(name)));
    }
}

#[test]
fn an_address_ends_with_a_tag_a_digest_or_neither() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let rows = [
        (Value::Null, String::new()),
        (text("1.27"), ":1.27".to_owned()),
        (text(&digest), format!("@{digest}")),
    ];
    for (version, end) in rows {
        let uri = call(PublicUri, &[text("a1b2c3d4"), text("team/app"), version]);
        let wanted = format!("public.ecr.aws/a1b2c3d4/team/app{end}");
        assert_eq!(uri, Ok(text(&wanted)));
    }
}

#[test]
fn an_error_says_which_argument_is_wrong_and_why() {
    let uri = |alias, repository, version| {
        let arguments = [text(alias), text(repository), text(version)];
        call(PublicUri, &arguments)
    };
    let errors = [
        call(ParseReference, &[text("https://nginx")]),
        call(ParseReference, &[text("Nginx")]),
        call(ParseReference, &[text("")]),
        call(DefaultRepository, &[text("app:v 1")]),
        call(DefaultRepository, &[text("ghcr.io/org/a__b")]),
        uri("team/a1b2", "app", "1"),
        uri("", "app", "1"),
        uri("a1b2", "a--b", "1"),
        uri("a1b2", "app", "-1"),
        uri("a1b2", "app", "sha256:short"),
    ];
    let told = errors.map(|error| {
        let error = error.unwrap_err();
        assert!(!error.text.ends_with('.'), "{}", error.text);
        format!("{}: {}", error.parameter.unwrap(), error.text)
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn each_parameter_is_a_field_of_the_arguments() {
    fn is_so<F: Function>(function: &F)
    where
        F::Arguments: Default,
    {
        let fields = F::Arguments::default().to_object();
        let mut names: Vec<_> = function.signature().parameters;
        names.sort_by_key(|parameter| parameter.name);
        let names = names.iter().map(|parameter| parameter.name);
        assert!(names.eq(fields.keys().map(String::as_str)), "{fields:?}");
    }
    is_so(&ParseReference);
    is_so(&DefaultRepository);
    is_so(&PublicUri);
}
