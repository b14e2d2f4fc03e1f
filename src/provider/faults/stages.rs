//! Every request that a copy of an index into an empty repository makes, in order.

use ecr_public_sandbox::{Effect, Face, Fault};

/// A kind of request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub(super) name: &'static str,
    pub(super) face: Face,
    method: &'static str,
    path: &'static str,
    operation: Option<&'static str>,
    /// So many requests of this kind belong to earlier stages.
    after: u32,
}

impl Stage {
    const fn of(
        name: &'static str,
        face: Face,
        method: &'static str,
        path: &'static str,
        after: u32,
    ) -> Self {
        Self {
            name,
            face,
            method,
            path,
            operation: None,
            after,
        }
    }

    const fn api(name: &'static str, operation: &'static str) -> Self {
        Self {
            name,
            face: Face::Api,
            method: "POST",
            path: "",
            operation: Some(operation),
            after: 0,
        }
    }

    /// A fault at this stage.
    pub(super) fn fault(&self, effect: Effect) -> Fault {
        let fault = Fault::on(self.face, effect)
            .method(self.method)
            .path(self.path)
            .after(self.after);
        match self.operation {
            Some(operation) => fault.operation(operation),
            None => fault,
        }
    }

    /// Whether the destination is asked.
    pub(super) fn is_at_destination(&self) -> bool {
        matches!(self.face, Face::Api | Face::Registry)
    }

    /// Whether a registry is asked, and not its token service, its object storage or an API.
    pub(super) fn is_registry(&self) -> bool {
        matches!(self.face, Face::Hub | Face::Registry) && !self.path.contains("/token")
    }

    /// Whether it comes with a token that was fetched for it. A refusal of that one is final.
    pub(super) fn is_with_new_token(&self) -> bool {
        self.name.starts_with("looking up the tag")
    }

    /// Whether something is written.
    pub(super) fn is_write(&self) -> bool {
        matches!(self.method, "PUT" | "POST") && self.face == Face::Registry
    }

    /// Whether a refusal of ECR Public comes without words.
    pub(super) fn is_mute(&self) -> bool {
        self.method == "HEAD" && self.face == Face::Registry
    }

    /// Whether the answer has a body that matters.
    pub(super) fn is_read(&self) -> bool {
        self.method == "GET"
    }
}

/// All of them. The very first question to a registry is answered with a challenge, and asked again.
pub(super) const STAGES: &[Stage] = &[
    Stage::of(
        "looking up the tag of the source",
        Face::Hub,
        "HEAD",
        "/manifests/1",
        1,
    ),
    Stage::of(
        "getting a token for the source",
        Face::HubAuth,
        "GET",
        "/token",
        0,
    ),
    Stage::api("getting a login", "GetAuthorizationToken"),
    Stage::of(
        "getting a token for the destination",
        Face::Registry,
        "GET",
        "/token/",
        0,
    ),
    Stage::of(
        "looking up the tag of the destination",
        Face::Registry,
        "HEAD",
        "/manifests/1",
        1,
    ),
    Stage::of(
        "looking for the root at the destination",
        Face::Registry,
        "HEAD",
        "/manifests/sha256:",
        0,
    ),
    Stage::of(
        "reading the root",
        Face::Hub,
        "GET",
        "/manifests/sha256:",
        0,
    ),
    Stage::of(
        "looking for an image at the destination",
        Face::Registry,
        "HEAD",
        "/manifests/sha256:",
        1,
    ),
    Stage::of(
        "reading an image",
        Face::Hub,
        "GET",
        "/manifests/sha256:",
        1,
    ),
    Stage::api("looking for layers", "BatchCheckLayerAvailability"),
    Stage::of("asking for a layer", Face::Hub, "GET", "/blobs/sha256:", 0),
    Stage::of("reading a layer", Face::HubCdn, "GET", "", 0),
    Stage::of(
        "opening an upload",
        Face::Registry,
        "POST",
        "/blobs/uploads/",
        0,
    ),
    Stage::of(
        "sending a layer",
        Face::Registry,
        "PUT",
        "/blobs/uploads/",
        0,
    ),
    Stage::of(
        "storing an image",
        Face::Registry,
        "PUT",
        "/manifests/sha256:",
        0,
    ),
    Stage::of(
        "looking at the tag again",
        Face::Registry,
        "HEAD",
        "/manifests/1",
        2,
    ),
    Stage::of("setting the tag", Face::Registry, "PUT", "/manifests/1", 0),
    Stage::of(
        "verifying the tag",
        Face::Registry,
        "HEAD",
        "/manifests/1",
        3,
    ),
];
