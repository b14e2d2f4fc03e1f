//! The published pages are made from the schema and the examples.
//!
//! `UPDATE_DOCS=1 cargo test --test acceptance docs` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use terraform_provider_ecrpublic::provider::EcrPublic;
use terraform_provider_ecrpublic::tf::{
    Attribute, AttributeType, Block, DynProvider, Mode, NestedBlock, Nesting, Schema, Type,
};

#[test]
fn the_provider_page_says_what_the_schema_says() {
    let provider: &dyn DynProvider = &EcrPublic::new();
    let page = Page {
        title: "ecrpublic Provider",
        description: "Mirrors container images into Amazon ECR Public.",
        heading: "ecrpublic Provider",
        example: "examples/provider/provider.tf",
        import: None,
    };
    agrees("docs/index.md", &page.render(&provider.schema()));
}

#[test]
fn every_resource_has_a_page_that_says_what_its_schema_says() {
    let provider: &dyn DynProvider = &EcrPublic::new();
    for (name, resource) in provider.resources() {
        let schema = resource.schema();
        let title = format!("{name} Resource - ecrpublic");
        let heading = format!("{name} (Resource)");
        let summary = schema.block.description.split("\n\n").next().unwrap_or_default();
        let page = Page {
            title: &title,
            description: summary,
            heading: &heading,
            example: &format!("examples/resources/{name}/resource.tf"),
            import: Some(&format!("examples/resources/{name}/import.sh")),
        };
        let short = name.trim_start_matches("ecrpublic_");
        agrees(&format!("docs/resources/{short}.md"), &page.render(&schema));
    }
}

struct Page<'a> {
    title: &'a str,
    description: &'a str,
    heading: &'a str,
    example: &'a str,
    import: Option<&'a str>,
}

impl Page<'_> {
    fn render(&self, schema: &Schema) -> String {
        let mut text = format!(
            "---\npage_title: \"{}\"\ndescription: |-\n  {}\n---\n\n# {}\n\n{}\n\n\
             ## Example Usage\n\n```terraform\n{}\n```\n\n## Schema\n",
            self.title,
            self.description.replace('\n', " "),
            self.heading,
            schema.block.description,
            example(self.example),
        );
        let mut later = Vec::new();
        block(&mut text, &schema.block, "", &mut later);
        while !later.is_empty() {
            for (path, inner) in std::mem::take(&mut later) {
                write!(text, "\n<a id=\"nested--{}\"></a>\n### `{path}`\n", anchor(&path)).unwrap();
                match inner {
                    Inner::Attributes(attributes) => {
                        group(&mut text, &attributes, &[], &path, &mut later);
                    }
                    Inner::Block(inner) => block(&mut text, &inner, &path, &mut later),
                }
            }
        }
        if let Some(import) = self.import {
            write!(text, "\n## Import\n\n```shell\n{}\n```\n", example(import)).unwrap();
        }
        text
    }
}

enum Inner {
    Attributes(Vec<Attribute>),
    Block(Block),
}

fn block(text: &mut String, block: &Block, path: &str, later: &mut Vec<(String, Inner)>) {
    group(text, &block.attributes, &block.blocks, path, later);
}

fn group(
    text: &mut String,
    attributes: &[Attribute],
    blocks: &[NestedBlock],
    path: &str,
    later: &mut Vec<(String, Inner)>,
) {
    let headings = [
        ("Required", [Mode::Required, Mode::Required]),
        ("Optional", [Mode::Optional, Mode::OptionalComputed]),
        ("Read-Only", [Mode::Computed, Mode::Computed]),
    ];
    for (heading, modes) in headings {
        let mut lines: Vec<(&str, String)> = Vec::new();
        for each in attributes.iter().filter(|each| modes.contains(&each.mode)) {
            lines.push((each.name, attribute(each, path, later)));
        }
        if heading == "Optional" {
            for each in blocks {
                lines.push((each.name, nested(each, path, later)));
            }
        }
        lines.sort();
        if !lines.is_empty() {
            write!(text, "\n**{heading}**\n\n").unwrap();
            for (_, line) in lines {
                writeln!(text, "{line}").unwrap();
            }
        }
    }
}

fn attribute(each: &Attribute, path: &str, later: &mut Vec<(String, Inner)>) -> String {
    let sensitive = if each.sensitive { ", Sensitive" } else { "" };
    let (kind, link) = match &each.kind {
        AttributeType::Plain(kind) => (type_name(kind), String::new()),
        AttributeType::Nested(nesting, inner) => {
            let place = join(path, each.name);
            later.push((place.clone(), Inner::Attributes(inner.clone())));
            let kind = match nesting {
                Nesting::Single => "Object",
                Nesting::List => "List of objects",
                Nesting::Set => "Set of objects",
                Nesting::Map => "Map of objects",
            };
            (kind.to_owned(), see(&place))
        }
    };
    format!("- `{}` ({kind}{sensitive}) {}{link}", each.name, each.description)
}

fn nested(each: &NestedBlock, path: &str, later: &mut Vec<(String, Inner)>) -> String {
    let place = join(path, each.name);
    later.push((place.clone(), Inner::Block(each.block.clone())));
    let many = if each.max_items == 1 { "at most one" } else { "any number" };
    format!("- `{}` (Block, {many}) {}{}", each.name, each.block.description, see(&place))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn see(place: &str) -> String {
    format!(" (see [below](#nested--{}))", anchor(place))
}

fn anchor(place: &str) -> String {
    place.replace('.', "--")
}

fn type_name(kind: &Type) -> String {
    match kind {
        Type::String => "String".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Dynamic => "Any".to_owned(),
        Type::List(of) => format!("List of {}", type_name(of)),
        Type::Set(of) => format!("Set of {}", type_name(of)),
        Type::Map(of) => format!("Map of {}", type_name(of)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn example(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("the example exists").trim_end().to_owned()
}

#[track_caller]
fn agrees(path: &str, rendered: &str) {
    let file: &Path = &root().join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(file.parent().expect("a page is in a folder")).expect("docs are writable");
        fs::write(file, rendered).expect("docs are writable");
    }
    let committed = fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == rendered,
        "{path} does not follow the schema; run UPDATE_DOCS=1 cargo test --test acceptance docs"
    );
}
