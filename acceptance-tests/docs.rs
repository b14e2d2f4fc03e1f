//! The published pages say what the schema and the guides say.
//!
//! `UPDATE_DOCS=1 cargo test docs::` writes them anew.

mod functions;

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use crate::support::tables;
use terraform_provider_ecrpublic::provider::EcrPublic;
use terraform_provider_ecrpublic::tf::{
    Attribute, AttributeType, Block, DynProvider, Mode, NestedBlock, Nesting, Type,
};

#[test]
fn the_pages_are_what_the_schema_makes_them() {
    let update = env::var_os("UPDATE_DOCS").is_some();
    for (name, text) in pages() {
        let path = root().join("docs").join(&name);
        if update {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        let hint = "run `UPDATE_DOCS=1 cargo test docs::` and commit the result";
        assert!(
            committed == text,
            "docs/{name} is not what the schema says: {hint}"
        );
    }
}

#[test]
fn there_is_no_page_without_an_object() {
    let expected: BTreeSet<String> = pages().into_iter().map(|(name, _)| name).collect();
    assert_eq!(files_below("docs"), expected);
}

#[test]
fn every_attribute_and_block_is_described() {
    for (name, text) in pages() {
        for line in text.lines().filter(|line| line.starts_with("- `")) {
            let described = line
                .split_once(") ")
                .is_some_and(|(_, words)| words.ends_with('.') || words.contains(". "));
            assert!(described, "docs/{name}: {line}");
        }
    }
}

/// Pages of the repository, which are read there and not in a registry.
#[test]
fn links_to_files_lead_somewhere() {
    let mut links = 0;
    for page in [
        "README.md",
        ".github/CONTRIBUTING.md",
        ".github/SECURITY.md",
        "examples/landing-zone/README.md",
    ] {
        let text = tables::read(page);
        let folder = root().join(page);
        let folder = folder.parent().unwrap();
        let targets = text.split("](").skip(1);
        for target in targets.map(|rest| rest.split(')').next().unwrap()) {
            let file = target.split('#').next().unwrap();
            if target.starts_with("https://") {
                continue;
            }
            assert!(folder.join(file).exists(), "{page} links to {target}");
            links += 1;
        }
    }
    assert!(links > 20, "only {links} were found");
}

/// Every page by its name below `docs`.
fn pages() -> Vec<(String, String)> {
    let provider = EcrPublic::default();
    let provider: &dyn DynProvider = &provider;
    let mut pages = vec![("index.md".to_owned(), index(&provider.schema().block))];
    for (kind, resource) in provider.resources() {
        let short = kind.trim_start_matches("ecrpublic_");
        pages.push((
            format!("resources/{short}.md"),
            page(kind, &resource.schema().block),
        ));
    }
    for (kind, data_source) in provider.data_sources() {
        let block = data_source.schema().block;
        pages.push(lookup_page("data-source", "Data Source", kind, &block));
    }
    for (kind, ephemeral) in provider.ephemeral_resources() {
        let block = ephemeral.schema().block;
        pages.push(lookup_page(
            "ephemeral-resource",
            "Ephemeral Resource",
            kind,
            &block,
        ));
    }
    for (kind, list) in provider.list_resources() {
        let block = list.schema().block;
        pages.push(lookup_page("list-resource", "List Resource", kind, &block));
    }
    for (kind, action) in provider.actions() {
        let block = action.schema().block;
        pages.push(lookup_page("action", "Action", kind, &block));
    }
    pages.extend(functions::pages(provider));
    pages.extend(crate::guides::pages());
    pages.push(crate::errors::page());
    pages
}

fn index(block: &Block) -> String {
    let example = example("examples/provider/provider.tf");
    let mut page = front_matter("ecrpublic Provider", "", &block.description);
    page += "# ecrpublic Provider\n\n";
    page += &format!("{}\n\n{}\n", block.description, GUIDE.trim());
    page += &differences();
    page += &format!("\n## Example Usage\n\n```terraform\n{example}```\n");
    page + &schema(block)
}

/// Where hashicorp/aws does something else, from the manual.
fn differences() -> String {
    let mut section = DIFFERENCES.to_owned();
    for cells in tables::cells_of("src/manual/differences.rs") {
        section += &format!("| {} |\n", cells[1..].join(" | "));
    }
    section
}

/// What behaviours cost, from the manual.
fn prices() -> String {
    let mut section = PRICES.to_owned();
    for cells in tables::cells_of("src/manual/prices.rs") {
        let (_counted_by, cells) = cells.split_last().unwrap();
        section += &format!("| {} |\n", cells.join(" | "));
    }
    section
}

fn page(kind: &str, block: &Block) -> String {
    let folder = format!("examples/resources/{kind}");
    let mut page = opening("Resource", kind, block, &format!("{folder}/resource.tf"));
    let usage = example(&format!("{folder}/lifecycle.tf"));
    page += &format!("\n{LIFECYCLE}\n\n```terraform\n{usage}```\n");
    page += &prices();
    page += &schema(block);
    let command = example(&format!("{folder}/import.sh"));
    let declared = example(&format!("{folder}/import.tf"));
    page += &format!("\n## Import\n\n{IMPORT}\n\n```shell\n{command}```\n");
    page + &format!("\nOr in the configuration:\n\n```terraform\n{declared}```\n")
}

/// The page of what is not managed, by its name below `docs`.
fn lookup_page(file: &str, noun: &str, kind: &str, block: &Block) -> (String, String) {
    let extension = match file {
        "list-resource" => "tfquery.hcl",
        _ => "tf",
    };
    let usage = format!("examples/{file}s/{kind}/{file}.{extension}");
    let short = kind.trim_start_matches("ecrpublic_");
    (
        format!("{file}s/{short}.md"),
        opening(noun, kind, block, &usage) + &schema(block),
    )
}

/// Title, description and example.
fn opening(noun: &str, kind: &str, block: &Block, usage: &str) -> String {
    let title = format!("{kind} {noun} - ecrpublic");
    let mut page = front_matter(&title, "", &block.description);
    page += &format!("# {kind} ({noun})\n\n{}\n", block.description);
    page += match noun {
        "Ephemeral Resource" => {
            "\nTerraform has ephemeral resources since version 1.10, OpenTofu since 1.11.\n"
        }
        "List Resource" => "\nTerraform has queries since version 1.14.\n",
        "Action" => "\nTerraform has actions since version 1.14.\n",
        _ => "",
    };
    let usage = example(usage);
    page + &format!("\n## Example Usage\n\n```terraform\n{usage}```\n")
}

fn front_matter(title: &str, subcategory: &str, description: &str) -> String {
    let first = description.split("\n\n").next().unwrap_or_default();
    format!(
        "---\npage_title: \"{title}\"\nsubcategory: \"{subcategory}\"\ndescription: |-\n  {first}\n---\n\n"
    )
}

/// One level of the schema; what nests is described below it, each under a heading of its own.
fn schema(block: &Block) -> String {
    let mut text = "\n## Schema\n".to_owned();
    let mut nested = Vec::new();
    for (heading, modes) in SECTIONS {
        let section = section(block, modes, "", &mut nested);
        if !section.is_empty() {
            text += &format!("\n### {heading}\n\n{section}");
        }
    }
    while let Some((path, block)) = nested.pop() {
        text += &format!(
            "\n<a id=\"{}\"></a>\n### Nested Schema for `{path}`\n",
            anchor(&path)
        );
        let mut deeper = Vec::new();
        for (heading, modes) in SECTIONS {
            let section = section(&block, modes, &path, &mut deeper);
            if !section.is_empty() {
                text += &format!("\n{heading}:\n\n{section}");
            }
        }
        nested.extend(deeper.into_iter().rev());
    }
    text
}

const SECTIONS: [(&str, &[Mode]); 3] = [
    ("Required", &[Mode::Required]),
    ("Optional", &[Mode::Optional, Mode::OptionalComputed]),
    ("Read-Only", &[Mode::Computed]),
];

fn section(block: &Block, modes: &[Mode], path: &str, nested: &mut Vec<(String, Block)>) -> String {
    let mut lines = Vec::new();
    let mut below = Vec::new();
    for attribute in block
        .attributes
        .iter()
        .filter(|each| modes.contains(&each.mode))
    {
        lines.push(attribute_line(attribute, path));
        if let AttributeType::Nested(_, attributes) = &attribute.kind {
            let attributes = attributes.clone();
            let block = Block {
                attributes,
                ..Block::default()
            };
            below.push((join(path, attribute.name), block));
        }
    }
    if modes.contains(&Mode::Optional) {
        for each in &block.blocks {
            lines.push(block_line(each, path));
            below.push((join(path, each.name), each.block.clone()));
        }
    }
    lines.sort_by_key(|line| line.replace('`', " "));
    below.sort_by(|one, other| other.0.cmp(&one.0)); // taken from the end
    nested.extend(below);
    lines.concat()
}

fn attribute_line(attribute: &Attribute, path: &str) -> String {
    let name = attribute.name;
    let secret = if attribute.sensitive {
        ", Sensitive"
    } else {
        ""
    };
    let (kind, see) = match &attribute.kind {
        AttributeType::Plain(kind) => (type_name(kind), String::new()),
        AttributeType::Nested(nesting, _) => {
            let kind = match nesting {
                Nesting::Single => "Attributes".to_owned(),
                other => format!("Attributes {other:?}"),
            };
            (kind, see_below(path, name))
        }
    };
    format!(
        "- `{name}` ({kind}{secret}) {}{see}\n",
        attribute.description
    )
}

fn block_line(nested: &NestedBlock, path: &str) -> String {
    let kind = match (nested.nesting, nested.max_items) {
        (Nesting::Single, _) => "Block".to_owned(),
        (nesting, 0) => format!("Block {nesting:?}"),
        (nesting, max) => format!("Block {nesting:?}, Max: {max}"),
    };
    let see = see_below(path, nested.name);
    format!(
        "- `{}` ({kind}) {}{see}\n",
        nested.name, nested.block.description
    )
}

fn see_below(path: &str, name: &str) -> String {
    format!(" (see [below](#{}))", anchor(&join(path, name)))
}

fn anchor(path: &str) -> String {
    format!("nested--{}", path.replace('.', "--"))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn type_name(kind: &Type) -> String {
    match kind {
        Type::String => "String".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(of) => format!("List of {}", type_name(of)),
        Type::Set(of) => format!("Set of {}", type_name(of)),
        Type::Map(of) => format!("Map of {}", type_name(of)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

fn example(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn files_below(folder: &str) -> BTreeSet<String> {
    let base = root().join(folder);
    let mut found = BTreeSet::new();
    let mut folders = vec![base.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(&base).unwrap().display().to_string());
            }
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const GUIDE: &str = "
New here? [*Getting started*](guides/getting-started.md) goes from an empty folder to an image. There are
guides to [many accounts](guides/many-accounts.md), to [pull limits](guides/pull-limits.md), to
[signatures](guides/signatures.md) and to [moving from other tools](guides/migrating.md); the
[error catalogue](guides/errors.md) has every message.

## Roles and accounts

Credentials are found as `hashicorp/aws` finds them. From there on the way into an account has up
to three parts, each of them optional:

1. `assume_role` in the provider block: one role, or a chain of several blocks. This is who the
   provider is.
2. `account_role` in the provider block: how to get from there into the account that a resource
   names with `account_id`. One provider block thus serves any number of accounts, and `for_each`
   over accounts needs no aliases.
3. `assume_role` in a resource: further roles after those of the provider block, for accounts whose
   role has a name of its own. It takes the place of `account_role`.

Whoever the provider has become in the end is compared with `account_id`, with
`allowed_account_ids` and with `forbidden_account_ids` before the first byte is written.

A plan, and again its apply, assumes each role once, however many resources need it, and renews it
before it expires. A role that is assumed with another role lasts at most one hour; longer copies are not disturbed by
the renewal.

Keys that nobody can renew, such as temporary ones that were copied into the environment or a profile,
end a copy with a message that says where they came from. The next apply, with new ones, copies only
what is missing.

The roles of a resource are kept in state, and refresh and destroy go by them. When one of them was
renamed or removed, correct the configuration and run `terraform apply -refresh=false` once. Nothing of
`account_role` is in state: there, correcting the provider block is enough.

The guide [*Mirroring into many accounts*](guides/many-accounts.md) goes through all of this, from the trust
policies to the plan.

## Permissions

The last role needs, for everything that the provider can do:

| For | Actions | Resource |
|---|---|---|
| signing in | `ecr-public:GetAuthorizationToken`, `sts:GetServiceBearerToken` | `*` |
| the address of the registry | `ecr-public:DescribeRegistries` | `*` |
| reading | `ecr-public:DescribeRepositories`, `ecr-public:DescribeImages`, `ecr-public:ListTagsForResource` | the repositories |
| pushing | `ecr-public:BatchCheckLayerAvailability`, `ecr-public:InitiateLayerUpload`, `ecr-public:UploadLayerPart`, `ecr-public:CompleteLayerUpload`, `ecr-public:PutImage` | the repositories |
| creating repositories | `ecr-public:CreateRepository`, `ecr-public:TagResource`, `ecr-public:UntagResource` | the repositories |
| destroying | `ecr-public:BatchDeleteImage` | the repositories |
| `delete_repository` | `ecr-public:DeleteRepository` | the repositories |

A repository has the ARN `arn:aws:ecr-public::<account>:repository/<name>`.

## Watching a copy

Terraform prints *Still creating…* and nothing else while an image is copied. With the environment
variable `ECRPUBLIC_PROGRESS=1` the provider draws a bar for each copy on the terminal: what has been
moved, what there is to move, and what is waited for when nothing moves. The bars are below
Terraform's own lines and go away when the copy ends. They never go to stdout or stderr, and where
there is no terminal, such as in a pipeline, nothing is drawn. Each provider block is a process of
its own and draws its own bars, over those of the others.

With `TF_LOG_PROVIDER=INFO` each copy, failed or not, ends with one line: bytes moved and reused,
pulls spent, requests, retries, and milliseconds. A copy without progress for twenty seconds says once,
at the level `WARN`, what it waits for: an answer of which host, the bytes of which layer, another
copy, a permit, or a pause that a registry asked for.
";

const DIFFERENCES: &str = "
## Differences from hashicorp/aws

The arguments that both providers have mean the same, and so do environment variables and shared
configuration files, except for this. It was compared with version 5.100.0.

| Where | `hashicorp/aws` | `ecrpublic` | Because |
|---|---|---|---|
";

const LIFECYCLE: &str = "\
### Over the years

By default an image follows its tag, and nothing that it has left behind is deleted: others may have \
pinned it, and ECR Public cannot tell.";

const PRICES: &str = "
## What it costs

Docker Hub counts a pull for each manifest that is read, and none for looking at a tag or reading a
layer; a plan, a refresh and a destroy spend none. *M* is the number of manifests below the index of
an image, two for each platform where there are attestations, and *B* the number of its layers and
configurations: only those that the destination lacks. Role sessions and logins, one for each account
and run, come on top.

| What | With | Pulls | Requests to the source | Requests to AWS and ECR Public |
|---|---|---|---|---|
";

const IMPORT: &str = "\
The ID is `<account>/<repository>:<tag>[,<tag>…]`, or the public address \
`public.ecr.aws/<alias>/<repository>:<tag>[,<tag>…]`. Optional parameters make the plan after \
the import empty: `source` and `platform` as the configuration has them, which ECR Public does \
not know, and `role_arn` when the image is read through roles of the resource. `platform` may be \
repeated, and so may `role_arn`, in the order of the chain.";
