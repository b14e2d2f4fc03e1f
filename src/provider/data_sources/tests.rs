use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::provider::authorization_token::{AuthorizationTokenModel, AuthorizationTokens};
use crate::provider::connection::Connection;
use crate::tf::{
    Attr, Attribute, AttributeType, Block, DataSource, Diagnostics, EphemeralResource as _, Field,
    Mode, Model, Schema, Value,
};

use super::*;

fn names(block: &Block) -> BTreeSet<&str> {
    block.attributes.iter().map(|each| each.name).collect()
}

fn is_shaped<M: Model + Default>(schema: &Schema) {
    let object = M::default().to_object();
    let fields = object.keys().map(String::as_str).collect();
    assert_eq!(names(&schema.block), fields);
}

fn connection() -> Arc<Connection> {
    Arc::default()
}

#[test]
fn each_model_has_the_attributes_of_its_schema() {
    let connection = connection();
    let tags = SourceTags {
        connection: Arc::clone(&connection),
    };
    let image = SourceImage {
        connection: Arc::clone(&connection),
    };
    let registry = RegistrySource {
        connection: Arc::clone(&connection),
    };
    let budget = PullBudgetSource {
        connection: Arc::clone(&connection),
    };
    let tokens = AuthorizationTokens { connection };
    is_shaped::<<SourceTags as DataSource>::Model>(&tags.schema());
    is_shaped::<<SourceImage as DataSource>::Model>(&image.schema());
    is_shaped::<<RegistrySource as DataSource>::Model>(&registry.schema());
    is_shaped::<<PullBudgetSource as DataSource>::Model>(&budget.schema());
    is_shaped::<AuthorizationTokenModel>(&tokens.schema());
    // What opens a registry is hidden wherever it is shown.
    let secret = |attribute: &&Attribute| attribute.sensitive;
    let block = tokens.schema().block;
    let secrets: Vec<_> = block.attributes.iter().filter(secret).collect();
    let secrets = secrets.iter().map(|attribute| attribute.name);
    assert!(secrets.eq(["password", "authorization_token"]));
    let nested = |attribute: &Attribute| matches!(attribute.kind, AttributeType::Nested(..));
    assert!(block.attributes.iter().any(nested));
    let way = way_attributes();
    assert_eq!(way[0].mode, Mode::OptionalComputed);
}

fn told(diagnostics: &Diagnostics) -> String {
    let mut text = String::new();
    for each in diagnostics {
        assert!(each.summary().len() <= 60, "{}", each.summary());
        let place = each.path().map(|path| format!(" [{path}]"));
        let place = place.unwrap_or_default();
        writeln!(text, "{}{place}\n\n{}\n", each.summary(), each.text()).unwrap();
    }
    text
}

/// What is said about tags that are wanted like this.
fn tags(written: &[(&str, Value)]) -> String {
    type Tags = <SourceTags as DataSource>::Model;
    let mut object = Tags::default().to_object();
    object.extend(
        written
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    let config = Tags::from_object(&object).unwrap();
    let source = SourceTags {
        connection: connection(),
    };
    told(&source.validate(&config))
}

fn text(text: &str) -> Value {
    text.to_owned().write()
}

#[test]
fn what_cannot_be_wanted_is_refused_with_its_place() {
    let nginx = || ("source", text("nginx"));
    let digest = format!("nginx@sha256:{}", "0".repeat(64));
    let all = [
        tags(&[("source", text("https://nginx"))]),
        tags(&[("source", text("localhost:5000/nginx:latest"))]),
        tags(&[("source", text(&digest))]),
        tags(&[nginx(), ("matches", text("(alpine"))]),
        tags(&[nginx(), ("semver", text("1.27"))]),
        tags(&[nginx(), ("semver", text(">=latest"))]),
        tags(&[nginx(), ("newest", 3_i64.write())]),
        tags(&[nginx(), ("include_prereleases", true.write())]),
        tags(&[nginx(), ("semver", text("*")), ("newest", 0_i64.write())]),
    ];
    insta::assert_snapshot!(all.join("---\n\n"));
}

#[test]
fn what_is_not_known_yet_is_not_refused() {
    for name in [
        "source",
        "matches",
        "semver",
        "newest",
        "include_prereleases",
    ] {
        let mut written = vec![
            ("source", text("localhost:5000/nginx")),
            ("matches", text("alpine")),
            ("semver", text("~> 1.27")),
            ("newest", 3_i64.write()),
        ];
        written.push((name, Attr::<String>::Unknown.write()));
        assert_eq!(tags(&written), "", "{name}");
    }
}
