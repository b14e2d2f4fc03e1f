//! What people do in ECR Public besides Terraform, and what they find there.

use std::collections::{BTreeMap, BTreeSet};

use ecr_public_sandbox::accounts::RoleSeed;
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::store::{ImageId, NewImage};
use serde_json::Value;

use super::scenario::{FIRST, Scenario, TOOLING};
use super::sts;

impl Scenario {
    /// Pushes an image of somebody else under a tag, and returns its digest.
    pub(crate) fn push_by_hand(&self, account: &str, repository: &str, tag: &str) -> String {
        let manifest = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\
             \"manifests\":[],\"annotations\":{{\"by\":\"hand as {tag}\"}}}}"
        );
        let new = NewImage {
            manifest: manifest.into(),
            tag: Some(tag.to_owned()),
            ..NewImage::default()
        };
        let store = self.sandbox.store();
        let image = store.put_image(&account.parse().unwrap(), repository, new);
        image.unwrap().digest.to_string()
    }

    /// Sets a tag to an image that is in the repository already.
    pub(crate) fn tag_by_hand(&self, account: &str, repository: &str, tag: &str, digest: &str) {
        let (store, account) = (self.sandbox.store(), account.parse().unwrap());
        let id = ImageId {
            digest: Some(digest.to_owned()),
            tag: None,
        };
        let image = store.image(&account, repository, &id).unwrap();
        let new = NewImage {
            manifest: image.manifest,
            media_type: Some(image.media_type),
            tag: Some(tag.to_owned()),
            digest: None,
        };
        store.put_image(&account, repository, new).unwrap();
    }

    /// Removes a tag, and with the last one the image.
    pub(crate) fn untag_by_hand(&self, account: &str, repository: &str, tag: &str) {
        let id = ImageId {
            digest: None,
            tag: Some(tag.to_owned()),
        };
        let store = self.sandbox.store();
        let deleted = store.delete_images(&account.parse().unwrap(), repository, &[id]);
        assert_eq!(deleted.unwrap().deleted.len(), 1);
    }

    /// Removes a repository with everything in it.
    pub(crate) fn delete_repository_by_hand(&self, account: &str, repository: &str) {
        let store = self.sandbox.store();
        let deleted = store.delete_repository(&account.parse().unwrap(), repository, true);
        deleted.unwrap();
    }

    /// Gives the role that writes into the first account these permissions and no others.
    pub(crate) fn publisher_may(&self, actions: &[&str]) {
        let tooling = format!("arn:aws:iam::{TOOLING}:role/tooling");
        let role = RoleSeed::new("ecr-publisher", PolicyDocument::trust(&[&tooling]))
            .policy(PolicyDocument::allow(actions, "*").unwrap());
        let accounts = self.sandbox.accounts();
        accounts.put_role(&FIRST.parse().unwrap(), role).unwrap();
    }

    /// Gives that role everything it may need.
    pub(crate) fn publisher_may_publish(&self) {
        self.publisher_may(&["ecr-public:*", "sts:GetServiceBearerToken"]);
    }

    /// The digests of all manifests of a repository, those without tags as well.
    pub(crate) fn manifests(&self, account: &str, repository: &str) -> BTreeSet<String> {
        let store = self.sandbox.store();
        let digests = store.image_digests(&account.parse().unwrap(), repository);
        let digests = digests.unwrap().into_iter();
        digests.map(|digest| digest.to_string()).collect()
    }

    /// A manifest as it is stored, read as JSON.
    pub(crate) fn manifest(&self, account: &str, repository: &str, digest: &str) -> Value {
        let id = ImageId {
            digest: Some(digest.to_owned()),
            tag: None,
        };
        let store = self.sandbox.store();
        let image = store.image(&account.parse().unwrap(), repository, &id);
        serde_json::from_slice(&image.unwrap().manifest).unwrap()
    }

    /// Asserts that a repository of the first account has one tag, that this one shows what
    /// `alpine:3.22` does at the Hub, and that the image is complete and alone.
    #[track_caller]
    pub(crate) fn stands(&self, repository: &str, tag: &str) {
        self.stands_as(repository, tag, "3.22");
    }

    /// The same for another tag of `alpine`.
    #[track_caller]
    pub(crate) fn stands_as(&self, repository: &str, tag: &str, version: &str) {
        let digest = self.at_hub("alpine", version);
        let expected = BTreeMap::from([(tag.to_owned(), digest.clone())]);
        assert_eq!(self.tags(FIRST, repository), expected);
        let index = self.hub_manifest("alpine", &digest);
        let children = index["manifests"].as_array().unwrap().iter();
        let mut complete: BTreeSet<String> = children
            .map(|child| child["digest"].as_str().unwrap().to_owned())
            .collect();
        complete.insert(digest);
        assert_eq!(self.manifests(FIRST, repository), complete);
    }

    /// The AWS tags of a repository.
    pub(crate) fn aws_tags(&self, account: &str, repository: &str) -> BTreeMap<String, String> {
        let store = self.sandbox.store();
        let repository = store.repository(&account.parse().unwrap(), repository);
        repository.unwrap().tags
    }

    /// The primary alias of an account.
    pub(crate) fn alias(&self, account: &str) -> String {
        let accounts = self.sandbox.accounts();
        accounts.primary_alias(&account.parse().unwrap()).unwrap()
    }

    /// A manifest of an official image at the stand-in for Docker Hub, read as JSON.
    pub(crate) fn hub_manifest(&self, image: &str, digest: &str) -> Value {
        let hub = self.sandbox.hub();
        let found = hub.manifest(&format!("library/{image}"), &digest.parse().unwrap());
        serde_json::from_slice(&found.unwrap().1).unwrap()
    }

    /// Everything that was written to ECR Public so far: uploads, manifests, and changes by its
    /// API.
    pub(crate) fn writes(&self) -> Vec<String> {
        sts::writes(&self.sandbox)
    }
}
