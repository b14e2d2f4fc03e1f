//! The schema of the resource. Its descriptions are the published documentation.

use crate::tf::{
    Attribute, Block, IdentityAttribute, IdentitySchema, NestedBlock, Nesting, Schema, Type,
};

use super::super::role;
use super::verify;

/// The schema of `ecrpublic_mirrored_image`.
pub(crate) fn schema() -> Schema {
    let mut attributes = what_and_where();
    attributes.extend(how());
    attributes.extend(computed());
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks: vec![NestedBlock {
                name: "verify",
                nesting: Nesting::Single,
                max_items: 0,
                block: Block {
                    attributes: verify::attributes(),
                    blocks: Vec::new(),
                    description: VERIFY.to_owned(),
                },
            }],
            description: DESCRIPTION.to_owned(),
        },
    }
}

/// What identifies a mirrored image for ever.
pub(crate) fn identity_schema() -> IdentitySchema {
    let attribute = |name, description| IdentityAttribute {
        name,
        kind: Type::String,
        required_for_import: true,
        description,
    };
    IdentitySchema {
        version: 0,
        attributes: vec![
            attribute("account_id", "AWS account that the image is in."),
            attribute("repository", "Name of the ECR Public repository."),
            attribute(
                "tag",
                "First of the tags that the image had when it was created.",
            ),
        ],
    }
}

const DESCRIPTION: &str = "\
Copies a container image into a repository of Amazon ECR Public and sets tags there.

The copy is byte for byte: digests, signatures that name them, and attestations stay what they \
are. When the tag of the source shows another image, the next plan updates the copy, unless \
`follow_source` is off. Tags that were moved or deleted at the destination by somebody else are set \
again by the next apply.

Destroying removes the tags that this resource set, as far as they still show the image that it \
put there, and with the last tag the image. The repository stays, unless `delete_repository` is on.

With `create_before_destroy`, the new instance takes over tags that show the image it brings; \
where they show another one, it needs `overwrite = true`.";

const VERIFY: &str = "\
Copy the image only if it carries a valid signature by one of these keys or identities, as cosign and \
skopeo make them: under the tag `sha256-<digest>.sig` beside the image, or as a Sigstore bundle that \
refers to it; with certificates in place of keys (keyless) only as a bundle. \
This is checked during the apply, before anything is written and before a repository is created, for \
exactly the image that is copied then; also when the image is there already, and again when `verify` \
changes, which moves nothing. A plan and a refresh do not look at signatures. A signature of the whole \
image covers every choice of `platforms`; where that is missing, a signature of each image that is \
chosen will do, which does not cover the attestations beside them. A bundle has to hold cosign's \
statement that the image is signed; attestations do not count. Everything is checked with what is in \
the configuration: no log and no service is asked. Costs, for each image and set of signers once per \
run: four requests, one of which counts as a pull where pulls are counted. A bundle costs two requests \
more, and a pull more at registries that keep no list of what refers to an image, such as Docker Hub. \
Each further signature that has to be read costs as much again, up to 32.";

const REFERRERS: &str = "\
What of that which refers to the image comes along. `all`: signatures, attestations and bills of \
materials, and what refers to those in turn, wherever the source lists them: in its referrers API, \
under the tag `sha256-<hex>` that stands in for it, or under the tags `sha256-<hex>.sig`, `.att` and \
`.sbom` of cosign. `none`: nothing; what came along before stays where it is. Default: `none`. \
All of it is in place before a tag of the image moves. Where ECR Public keeps no list of its own, \
the tag `sha256-<hex>` leads to it; others may add to the same list, and a tag of cosign that \
somebody else has set stays unless `overwrite` is on. With several `platforms` the index is a new \
one, so what refers to the index of the source stays there, and what refers to the images of the \
platforms comes along. What is missing at the destination shows as a planned update, and, unless \
`follow_source` is off, so does what is new at the source. For the image and for the image of each \
platform that costs up to five requests to the source at each refresh and no pull, and one question \
to ECR Public. A copy costs a pull for everything that comes along, and one for each list under a \
tag. An image for two platforms at Docker Hub whose index is signed with cosign, for example: 13 \
requests for each plan, and one pull more for the first copy. It goes when the image goes.";

fn what_and_where() -> Vec<Attribute> {
    vec![
        Attribute::required(
            "source",
            Type::String,
            "Image to copy, as `docker pull` takes it: `nginx:1.27-alpine`, \
             `ghcr.io/org/app@sha256:…`. Without a tag or digest the tag is `latest`; with both, \
             the digest decides. Any OCI registry will do.",
        ),
        Attribute::optional_computed(
            "repository",
            Type::String,
            "Name of the ECR Public repository, without the alias. Default: the path of `source` \
             without its host, and without `library/` for Docker's official images. Another name \
             replaces the instance. Where `source` is known only during the apply, the plan keeps \
             the repository; if the source then implies another one, Terraform stops with \
             \"Provider produced inconsistent final plan\" before anything is touched, and the \
             next apply replaces the instance.",
        ),
        Attribute::optional_computed(
            "image_tags",
            Type::set(Type::String),
            "Tags that the image shall have in ECR Public. Default: the tag of `source`. Required \
             when `source` has only a digest. A tag of a repository belongs to one instance: two \
             that want it for different images are an error; two that want it for the same image \
             are not noticed, and whichever is destroyed first takes it along.",
        ),
        Attribute::optional(
            "platforms",
            Type::set(Type::String),
            "Platforms to copy, as `os/architecture` or `os/architecture/variant`. Default: the \
             whole image, byte for byte. One platform: the image of that platform by itself. \
             Several: a new index with their images and attestations, which has a digest of its \
             own.",
        ),
        Attribute::optional_computed("referrers", Type::String, REFERRERS),
        Attribute::nested(
            "assume_role",
            Nesting::List,
            role::attributes(),
            "IAM roles to assume, one after the other, after those of the provider block. The \
             last one has to be in the account that the image goes into. Another path into the \
             same account changes nothing else; a role in another account replaces the instance. \
             Refresh and destroy use the roles that the last apply stored.",
        ),
        Attribute::optional_computed(
            "account_id",
            Type::String,
            "AWS account that the image goes into; it is checked before anything is written. \
             Without `assume_role`, and where it is not the account of the provider's own \
             credentials, the provider's `account_role` leads there. Default: the account of the \
             last role, or the provider's own. Another account replaces the instance.",
        ),
    ]
}

fn how() -> Vec<Attribute> {
    vec![
        Attribute::optional_computed(
            "follow_source",
            Type::Bool,
            "Look at the tag of `source` at each refresh, which costs no pull, and plan an update \
             when it shows another image. The update copies what the plan says, also if the tag \
             has moved again by then. When the source cannot be asked, that is a warning, and \
             nothing changes. With `false` the image is copied once. A `source` with a digest never \
             moves. Default: `true`.",
        ),
        Attribute::optional_computed(
            "create_repository",
            Type::Bool,
            "Create the repository when it does not exist. It gets the tag \
             `ecrpublic:created-by`. Default: `true`.",
        ),
        Attribute::optional(
            "repository_tags",
            Type::map(Type::String),
            "AWS tags for a repository that this resource creates, over the `default_tags` of the \
             provider. A repository that this provider created before, which its tag tells, gets \
             them too, and changes are applied to it; tags of any other repository are left \
             alone, with a warning, and tags that others change are not noticed.",
        ),
        Attribute::optional_computed(
            "overwrite",
            Type::Bool,
            "Take over tags that exist already and show another image. Without it, that is an \
             error; a tag that shows the right image is taken over in any case. Default: `false`.",
        ),
        Attribute::optional_computed(
            "keep_on_destroy",
            Type::Bool,
            "Leave the tags and the image in place when the resource is destroyed or replaced. \
             The value in state counts, so it has to be applied first. Default: `false`.",
        ),
        Attribute::optional_computed(
            "delete_superseded",
            Type::Bool,
            "Delete images that this resource has put there and that its tags have moved away from, \
             once no tag and no index shows them. ECR Public has no lifecycle policies, so they \
             stay for ever otherwise; but whoever has pinned one of their digests cannot pull it \
             any more. An apply that switches it on deletes those of before as well. The value in \
             state counts on destroy. Default: `false`.",
        ),
        Attribute::optional_computed(
            "delete_repository",
            Type::Bool,
            "Delete the repository too when the resource is destroyed or replaced, if this provider \
             created it, which its tag `ecrpublic:created-by` tells, and if nothing is left in it. \
             Needs the permissions `ecr-public:DeleteRepository` and \
             `ecr-public:ListTagsForResource`. The value in state counts. Default: `false`.",
        ),
        Attribute::nested(
            "timeouts",
            Nesting::Single,
            vec![
                timeout(
                    "create",
                    "How long the first copy may take. Default: `60m`.",
                ),
                timeout("read", "How long a refresh may take. Default: `10m`."),
                timeout("update", "How long later copies may take. Default: `60m`."),
                timeout("delete", "How long a destroy may take. Default: `20m`."),
            ],
            "How long operations may take, as Go durations such as `90m` or `1h30m`.",
        ),
    ]
}

fn timeout(name: &'static str, description: &str) -> Attribute {
    Attribute::optional(name, Type::String, description)
}

fn computed() -> Vec<Attribute> {
    let text = |name, description| Attribute::computed(name, Type::String, description);
    let map = |name, description| Attribute::computed(name, Type::map(Type::String), description);
    vec![
        text(
            "id",
            "`<account>/<repository>:<tag>` with the first of the tags at creation. Stable for \
             the life of the instance.",
        ),
        text("digest", "Digest of what the tags show in ECR Public."),
        text(
            "source_digest",
            "Digest that the source showed when it was copied. Differs from `digest` when \
             `platforms` is set. Null after an import with `platforms`, until the image is copied \
             again; until then a tag that moves is not noticed.",
        ),
        text(
            "media_type",
            "Media type of the manifest that the tags show.",
        ),
        Attribute::computed(
            "size_bytes",
            Type::Number,
            "Size of the image in bytes: every distinct layer and configuration once.",
        ),
        map("images", "Digest of the image for each platform."),
        Attribute::computed(
            "referrer_digests",
            Type::set(Type::String),
            "Digests of the signatures, attestations and bills of materials that came along and \
             that are there. Empty unless `referrers` is `all`.",
        ),
        text("repository_arn", "ARN of the repository."),
        text(
            "repository_uri",
            "`public.ecr.aws/<alias>/<repository>`. Follows the primary alias of the registry.",
        ),
        text("registry_alias", "Primary alias of the account's registry."),
        text(
            "image_uri",
            "`<repository_uri>@<digest>`: what workloads should use.",
        ),
        map("tag_uris", "`<repository_uri>:<tag>` for each tag."),
    ]
}
