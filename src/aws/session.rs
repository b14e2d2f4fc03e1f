/// One identity and what it may call. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Session {}

impl Session {
    /// Who this is, after all hops. Checked against the account lists and the target's account:
    /// the guard before every write.
    ///
    /// # Errors
    ///
    /// A hop was refused, or the account is not the one expected.
    pub async fn identity(&self, cx: &Context) -> Result<Identity, Error> {
        let _ = cx;
        todo!()
    }
    /// The registry of the account; asked once per session.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn registry(&self, cx: &Context) -> Result<PublicRegistry, Error> {
        let _ = cx;
        todo!()
    }
    /// A login for the registry, renewed before it ends.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn authorization_token(&self, cx: &Context) -> Result<AuthorizationToken, Error> {
        let _ = cx;
        todo!()
    }
    /// The registry refused the login; the next call gets a new one.
    pub async fn forget_authorization_token(&self) {
        todo!()
    }
    /// The repository, or `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn repository(
        &self,
        cx: &Context,
        name: &str,
    ) -> Result<Option<PublicRepository>, Error> {
        let _ = (cx, name);
        todo!()
    }
    /// Creates the repository, or finds that somebody else just did.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn create_repository(
        &self,
        cx: &Context,
        name: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<PublicRepository, Error> {
        let _ = (cx, name, tags);
        todo!()
    }
    /// Adds and removes AWS tags of a repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn retag_repository(
        &self,
        cx: &Context,
        arn: &str,
        set: &BTreeMap<String, String>,
        remove: &BTreeSet<String>,
    ) -> Result<(), Error> {
        let _ = (cx, arn, set, remove);
        todo!()
    }
    /// The AWS tags of a repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn repository_tags(
        &self,
        cx: &Context,
        arn: &str,
    ) -> Result<BTreeMap<String, String>, Error> {
        let _ = (cx, arn);
        todo!()
    }
    /// An image by tag or digest; `None` when it, or its repository, does not exist.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn image(
        &self,
        cx: &Context,
        repository: &str,
        id: &ImageId,
    ) -> Result<Option<ImageDetail>, Error> {
        let _ = (cx, repository, id);
        todo!()
    }
    /// Which of these layer digests are in the repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn available_layers(
        &self,
        cx: &Context,
        repository: &str,
        digests: &[String],
    ) -> Result<HashSet<String>, Error> {
        let _ = (cx, repository, digests);
        todo!()
    }
    /// Deletes images, at most 100. What was not there counts as deleted.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn delete_images(
        &self,
        cx: &Context,
        repository: &str,
        images: &[ImageId],
    ) -> Result<Vec<DeleteFailure>, Error> {
        let _ = (cx, repository, images);
        todo!()
    }
}
