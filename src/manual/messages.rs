//! What does a message mean, and what is to be done?
//!
//! The place of truth about every message that a person can read: its summary, which is its name and
//! never changes, what it means, and what helps. The published guide *Error catalogue* is made from these
//! tables. A test reads the code: it fails when a summary has no row, and when nothing says what is
//! in a row. The message itself adds which account, role, repository or file it is about.
//!
//! # Configuration
//!
//! | summary | meaning | remedy |
//! |---|---|---|
//! | `Invalid source reference` | `source` is not an image reference. | Write it as for `docker pull`: `nginx:1.27`, `ghcr.io/acme/app:v1`, or with a digest. |
//! | `Invalid ECR Public repository name` | The name breaks the rules of ECR Public, which are narrower than those of other registries. If you did not choose it, it was taken from `source`. | Set `repository`: lower case letters, digits, `-`, `_`, `.` and `/`. |
//! | `Invalid source repository` | `source` of `ecrpublic_source_tags` has a tag or a digest. | Write the repository alone: `nginx`, `ghcr.io/acme/app`. |
//! | `Invalid regular expression` | `matches` cannot be read as a regular expression. | Correct what the message names. |
//! | `Invalid range of versions` | `semver` cannot be read as a range of versions. | Write, for example, `>=1.26, <2`, `~> 1.26` or `=1.27.3`. |
//! | `Range of versions is missing` | `newest` and `include_prereleases` say something about versions, and without `semver` no tag is read as one. | Add `semver`; `*` is every version. |
//! | `No tag is left` | The source has tags, and none of them is wanted. An empty list is not handed on, because what is made from it with `for_each` would be destroyed. | Correct `source`, `matches` or `semver`. |
//! | `Content would cost a pull` | `read_content` of `ecrpublic_source_image` asks for what only a pull tells, because the registry counts pulls, or because ECR Public does not have this official image. A plan never consumes a pull, so nothing was read. | Remove `read_content`, or look up a copy that is at ECR Public. |
//! | `Image configuration too large` | The configuration of an image, or its labels, are larger than any image needs. They are not read into the state. | Remove `read_content`. |
//! | `Image tags are missing` | `image_tags` is empty, or `source` has only a digest, so that no tag can be taken from it. | Set `image_tags`. |
//! | `Invalid image tag` | A tag has characters that no registry accepts, or is too long. | Use letters, digits, `_`, `-` and `.`, up to 128 of them. |
//! | `Invalid choice of referrers` | `referrers` is neither `none` nor `all`. | Write one of them. |
//! | `Platforms are missing` | `platforms` is empty, so nothing would be copied. | Leave it out to copy all platforms. |
//! | `Invalid platform` | A platform is not written as `os/arch` or `os/arch/variant`. | Write, for example, `linux/amd64` or `linux/arm/v7`. |
//! | `Invalid duration` | A duration cannot be read, or would end before it begins. | Write, for example, `90m` or `1h30m`. |
//! | `Invalid number` | A number is outside of its range. | Choose one in the range that the message names. |
//! | `Invalid value` | A setting has a value that it does not know. | Choose one of those that the message lists. |
//! | `Invalid URL` | An address does not begin with `http://` or `https://` and a host. | Write the whole URL. |
//! | `Invalid AWS account ID` | An account is not a string of twelve digits. | Write it as a string: a number loses leading zeros. |
//! | `Conflicting account lists` | `allowed_account_ids` and `forbidden_account_ids` are both set. | Remove one of them. |
//! | `Invalid role ARN` | A role is empty, null, or not the ARN of a role. The provider does not go on with the credentials it has, since they belong to somebody else. | Write `arn:aws:iam::<account>:role/<name>`. |
//! | `Invalid account role` | The `role_arn` of `account_role` does not lead into every account. | Write `{account_id}` in place of the account. |
//! | `Invalid role session` | AWS would refuse the session: its name, a tag, its duration or a policy breaks a rule. | Correct what the message names. |
//! | `Role is in another account` | `account_id` and the last role of `assume_role` name different accounts. | Correct one of them, or leave `account_id` out. |
//! | `Invalid web identity token` | `web_identity_token` and `web_identity_token_file` are both set, or none of them. | Set exactly one. |
//! | `Incomplete static credentials` | Of an access key and its secret key, only one is there; half a pair is not passed over, because the next source may be somebody else. | Set both, with the session token of temporary ones, or none. |
//! | `Registry configured twice` | Two `registry` blocks are for the same host. | Merge them. |
//! | `Invalid registry host` | `host` of a `registry` block is not a host as references have it. | Write `docker.io`, `ghcr.io` or `registry.example.com:5000`; a URL goes into `endpoint`. |
//! | `Invalid registry credentials` | A `registry` block mixes ways to sign in, or has half of one. | Set `username` and `password`, or `token`, or nothing. |
//! | `Invalid registry endpoint` | `endpoint` of a `registry` block is no URL, or would send a password over plain HTTP to another machine. | Use `https://`; `plain_http` is for this machine only, unless `insecure` is set as well. |
//! | `Invalid pull budget` | `on_exhausted` has another value than `fail` and `wait`. | Choose one of them. |
//! | `Invalid repository tag` | A tag of AWS, in `default_tags` or `repository_tags`, breaks a rule of AWS. | Correct the tag that the message names. |
//! | `Too many repository tags` | There are more tags than a repository takes. | Remove some of `default_tags` or `repository_tags`. |
//! | `Repository tags without effect` | `repository_tags` are for a repository that the resource creates, and `create_repository` is `false`. | Remove one of them. |
//! | `Repository cannot be deleted` | `delete_repository` needs an empty repository, and `keep_on_destroy` leaves the image in it. | Remove one of them. |
//! | `Signers are missing` | `verify` names neither a key nor an identity, so no signature could count. | Name one, or remove `verify`. |
//! | `Invalid public key` | An element of `public_keys` is no public key in PEM, or one for another algorithm. A private key is never shown. | Give the content of a file such as `cosign.pub`: ECDSA on P-256, or Ed25519. |
//! | `Trusted root is missing` | `identities` are known by the word of a Sigstore instance, and nothing says of which. | Set `trusted_root` to the content of its `trusted_root.json`. |
//! | `Trusted root without effect` | `trusted_root` is for `identities`, and there are none. | Remove it, or set `identities`. |
//! | `Invalid trusted root` | `trusted_root` is not what a Sigstore instance publishes, or lacks an authority or a log. | Give the content of its `trusted_root.json`. |
//! | `Invalid annotation` | An annotation of `verify` has no value. | Say what it has to be, or remove it. |
//! | `Two instances have one tag` | Two instances want different images under one tag, and would take it from each other with every apply. | Give one of them other `image_tags` or another `repository`. |
//! | `Source is missing` | Terraform wrote the configuration of an import, and the import did not say where the image comes from. | Write `source` there, or `?source=…` into the ID of the import. |
//! | `Provider is not configured` | A value of the provider block is known only after something else has been applied. | Apply that first with `-target`, or write the value down. |
//!
//! # Credentials
//!
//! | summary | meaning | remedy |
//! |---|---|---|
//! | `No valid AWS credential sources found` | None of the places that the message lists has credentials. | Set `profile`, `assume_role_with_web_identity`, or the keys in the environment. |
//! | `AWS profile not found` | A profile is named, and no shared file has it. | Correct the name, or list the file in `shared_config_files`. |
//! | `Cannot read AWS shared configuration` | A shared file cannot be read, or contradicts itself. | Correct the file or profile that the message names. |
//! | `Invalid AWS setting` | A setting from the block, the environment or a profile cannot be used. | Correct or remove it where the message says that it comes from. |
//! | `AWS SSO sign-in required` | The profile takes a sign-in to IAM Identity Center, which is missing or over. | Run `aws sso login --profile <profile>`. |
//! | `AWS credential source failed` | A program, a container, a machine or the portal of IAM Identity Center was to hand out credentials, and did not. | Ask it by hand: the message has what it answered. |
//! | `AWS credentials expired` | The credentials have ended and cannot be renewed. | Get new ones and apply again; what was copied already is not copied again. |
//! | `AWS rejected the credentials` | AWS does not know the key, or the signature is wrong. | Check that the key is active, that the secret is complete, and that the clock of the machine is right. |
//! | `AWS account cannot be told` | AWS did not say which account the credentials belong to, so nothing was done. | Check what answers at the STS endpoint. |
//! | `ECR Public is not offered in this partition` | The credentials belong to China or GovCloud, where there is no ECR Public. | Use a commercial account. |
//!
//! # Roles and accounts
//!
//! | summary | meaning | remedy |
//! |---|---|---|
//! | `Cannot assume IAM role` | STS refuses the role that the message names, for the caller that it names. AWS says the same of a role that does not exist. | Check account and name; then the trust policy of the role, and whether a policy of the caller allows `sts:AssumeRole` on it. A new role takes up to a minute. |
//! | `Cannot assume IAM role with web identity` | The token of the pipeline is missing or over, or the trust policy asks for another issuer, audience or subject. | Compare the token with the trust policy; have the pipeline write a new one. |
//! | `Role session longer than the role allows` | `duration` is above the maximum of the role. | Lower it, or raise the maximum at the role. |
//! | `Role session too long for a chained role` | A role that is assumed with another role lasts one hour at most. | Set `duration` to `1h` or less. |
//! | `Session policy rejected` | STS refuses the session policy, or policies and tags are too large together. | Correct `policy`, or make them smaller. |
//! | `Role session rejected` | STS refuses another parameter of the session. | Correct the parameter that AWS names. |
//! | `Role leads into another account` | STS answered with a session in another account than that of the role. Nothing was done there. | AWS does not do that: check what answers at the STS endpoint. |
//! | `Credentials lead into another account` | The image belongs in one account, and the provider ended in another. Nothing was done there. | Check credentials and roles. Do not remove the resource from the state. |
//! | `No role leads into the account` | The resource names an account that is not the provider's own, and nothing says how to get there. | Add `account_role` to the provider, or `assume_role` to the resource. |
//! | `AWS account not allowed` | The account is not in `allowed_account_ids`, or is in `forbidden_account_ids`. Nothing was done there. | Correct the resource or the list. |
//!
//! # The way to AWS
//!
//! | summary | meaning | remedy |
//! |---|---|---|
//! | `Cannot reach AWS` | There was no connection, or no answer in time. | Check the network and the proxy, and whether the host belongs in `no_proxy`. |
//! | `Cannot verify the AWS endpoint certificate` | The certificate is signed by nobody who is trusted here, mostly because a proxy inspects TLS. | Name the certificate of the proxy in `custom_ca_bundle`. |
//! | `Invalid custom CA bundle` | The file with certificates cannot be read, or has none. | It takes certificates in PEM form. |
//! | `Invalid proxy` | The URL of a proxy cannot be used. | Write `http://<host>:<port>`. |
//! | `Missing HTTPS proxy` | `http_proxy` is set and carries HTTPS too, as with `hashicorp/aws`. | Set `https_proxy` to the same URL, or to `""`. |
//! | `Cannot set up HTTP` | The client for connections to registries cannot be made from these settings. | Correct the setting that the message names. |
//! | `ECR Public is not available at this endpoint` | The endpoint does not offer ECR Public, whose API is in `us-east-1` only. | Remove `ecrpublic` from `endpoints`, and `AWS_ENDPOINT_URL` from the environment. |
//! | `ECR Public has no FIPS endpoint` | FIPS endpoints are asked for, which holds for STS. ECR Public has none and is called as usual. | Where that is not acceptable, do not use ECR Public. |
//! | `AWS STS is disabled in this Region` | The account has not enabled STS in this Region. | Enable it, or set `sts_region`. |
//! | `Deprecated environment variable` | The address of STS comes from a variable that only `hashicorp/aws` knows, and that it calls deprecated. | Set the variable that the message names instead. |
//! | `AWS answer cannot be understood` | Something answered that is not AWS. | Check `endpoints` and proxies. |
//! | `AWS request rate limit reached` | AWS still refused after all attempts because of too many requests. | Apply again with a lower `-parallelism`, or raise `max_retries`. |
//! | `AWS request failed` | AWS failed to do what it was asked. | Apply again; the message has the ID of the request for AWS support. |
//! | `Operation timed out` | An operation took longer than its limit in `timeouts`. | Raise the limit; the next apply goes on where this one ended. |
//! | `Operation cancelled` | Terraform asked the provider to stop, as after Ctrl-C. | Apply again when you like: what was copied is not copied again. |
//!
//! # The source of a copy
//!
//! | summary | meaning | remedy |
//! |---|---|---|
//! | `Source image not found` | The repository has no such tag or digest. | Check the tag, or pin the image by digest. |
//! | `Source repository not found` | The registry has no such repository. | Check the name of the image. |
//! | `Source image missing or private` | The registry does not tell a repository that is missing from one that needs credentials. | Check the name; then give credentials in a `registry` block or the Docker configuration. |
//! | `Source registry needs credentials` | The registry lets nobody read without signing in. | Give credentials in a `registry` block or the Docker configuration. |
//! | `Source registry rejected the credentials` | User, password or token are wrong. | Correct them where the message says that they come from. |
//! | `Source registry denied access` | The credentials are good, but not for this repository. | Have them allowed to read it. |
//! | `Source image not checked` | While planning, the registry could not be asked whether the image has moved. What was copied stays; the rest of the plan is not disturbed. | Nothing, unless it comes with every plan. |
//! | `Not enough pulls left for this plan` | The plan needs more pulls than Docker Hub still allows. | Sign in, choose `platforms`, or set `on_exhausted = "wait"`. See the guide *Pull limits*. |
//! | `Pull limit of the source registry reached` | No pull is left, or only those that `pull_budget` leaves to others. Nothing of this image was written. | Apply again when the window is over, or sign in. |
//! | `Data limit of the source registry reached` | The registry counts bytes, and they are used up. | Sign in for a limit of your own, or wait until it is renewed. |
//! | `Source registry asks to slow down` | The registry limits requests, and waiting as long as it asked did not help. | Apply again in a few minutes, or with a lower `-parallelism`. |
//! | `Source registry not available` | The registry could not be reached, or failed, after all attempts. | Apply again. |
//! | `No secure connection to the source registry` | Its certificate is signed by nobody who is trusted here. | Name the certificate in `ca_bundle` of the `registry` block, or in `custom_ca_bundle`. |
//! | `Source registry refused` | The registry refused a request, and did not say why in a way that has a message of its own. | Read its answer in the message. |
//! | `Source registry broke the protocol` | Something answered that is no registry, such as a sign-in page, or it sent the provider to a place where it must not go. | Check the host, and any mirror or proxy for it. |
//! | `Source registry is configured wrongly` | The settings for this registry cannot work. | Correct its `registry` block. |
//! | `Source content is damaged` | The bytes are not those of the digest. They were not written anywhere. | Apply again; then look for a proxy or mirror that changes them. |
//! | `Source manifest too large` | The manifest is larger than the 4 MiB that ECR Public takes. | Ask the publisher for a smaller image. |
//! | `Source manifest cannot be copied` | The manifest contradicts itself, or is of no kind that registries share. | Have the image built anew. |
//! | `Source image has an old format` | Docker's schema 1 has no digests that could be verified. | Push the image anew with a current tool. |
//! | `Image index too complex` | The index is nested more deeply than any image needs, or contains itself. | Name one of its images by digest. |
//! | `Platform not in the image` | The index has no image for one of `platforms`. | Choose among those that the message lists. |
//! | `Image has no platforms to choose` | The image is a single one, not an index. | Remove `platforms`. |
//! | `Cannot read the Docker configuration` | The file in `docker_config`, or Docker's own, cannot be read. | Correct it, or switch it off with `docker_config = ""`. |
//!
//! # What refers to an image
//!
//! | summary | meaning | remedy |
//! |---|---|---|
//! | `Referrers of the source image not checked` | While planning, the registry could not be asked what refers to the image now. What was copied stays; the rest of the plan is not affected. | Plan again later. |
//! | `Signature tag left alone` | A tag of cosign shows something that this resource has not put there, so what the source has under it was not copied. | Set `overwrite = true` to replace it. |
//! | `Too much refers to the image` | More refers to the image than anybody attaches to one, or it goes on without end. | Set `referrers = "none"`, and find out what writes there. |
//!
//! # Signatures
//!
//! | summary | meaning | remedy |
//! |---|---|---|
//! | `Image is not signed` | `verify` is set, and the image has no signature, neither under cosign's tag nor as a bundle that refers to it. | Sign it, or copy it without `verify`. |
//! | `Image is not signed by these keys` | The image has signatures, and none is by one of `public_keys`. | Find out which key signs it now, and add that if you trust it. |
//! | `Image is signed by somebody else` | A signature with a certificate is in order, but its signer is not one of `identities`. | Add them if they may sign this image. |
//! | `Certificate of a signature is not trusted` | The certificate, the logs or the moment of a signature are not those of the instance that `trusted_root` describes. | Bring `trusted_root` up to date; if it is, do not trust the signature. |
//! | `Signature is for another image` | Somebody put the signature of one image beside another. | Find out who before anything else. |
//! | `Signature is for another purpose` | What one of the signers signed is an attestation, and does not say that the image is signed. | Sign the image with `cosign sign`. |
//! | `Signature has other annotations` | One of the signers signed the image, without an annotation that `verify` asks for, or with another value. | Pick another image, or sign this one with `cosign sign -a`. |
//! | `Signatures cannot be read` | There are signatures that are damaged, too large, or in a form that nobody knows. | Sign the image anew, or find out what else writes to its repository. |
//!
//! # ECR Public
//!
//! | summary | meaning | remedy |
//! |---|---|---|
//! | `Tag shows another image` | A tag is there already and shows another image. Nothing was changed. | Set `overwrite = true` to take it over, or choose another tag. |
//! | `Repository not found in ECR Public` | The repository is missing, and must not be created, or was deleted meanwhile. | Create it, or remove `create_repository = false`. |
//! | `Not found in ECR Public` | Something that AWS was asked about is not there. | Apply again if it was deleted a moment ago. |
//! | `AWS action not allowed` | The identity that the message names may not do what it names. | Grant the action. *Permissions* on the provider page lists all. |
//! | `ECR Public denied access` | The registry refused what the identity did with its login. | Grant the actions that the message names on the repository. |
//! | `Cannot obtain an ECR Public login` | The identity may not sign in to the registry. | Grant `ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken` on `*`. |
//! | `ECR Public did not accept its own login` | The login that AWS gave a moment ago was refused. | Check that `registry` and `ecrpublic` in `endpoints` belong together, and the clock of the machine. |
//! | `AWS quota exceeded` | An account has as many repositories or images as its quota allows. | Ask AWS for more, or make room. |
//! | `AWS refused a parameter` | AWS does not accept a value. | Read its answer in the message. |
//! | `Data limit of ECR Public reached` | The account has stored or moved as much as it may. | Look at the quotas of the account. |
//! | `ECR Public asks to slow down` | The registry limits requests, and waiting did not help. | Apply again in a few minutes, or with a lower `-parallelism`. |
//! | `ECR Public not available` | The registry could not be reached, or failed, after all attempts. | Apply again. |
//! | `No secure connection to ECR Public` | The certificate is signed by nobody who is trusted here. | Name the certificate of the proxy in `custom_ca_bundle`. |
//! | `ECR Public refused the content` | ECR Public does not take every manifest that the specification allows, and the provider does not change them. | Choose a single platform, or an image that was built with another tool. |
//! | `Manifest too large for ECR Public` | ECR Public takes manifests of up to 4 MiB. | Ask the publisher for a smaller image. |
//! | `ECR Public lost a part of the image` | Something removed a layer or an image while the copy was made. | Apply again. |
//! | `Content arrived damaged in ECR Public` | What arrived has another digest than what was sent. No tag shows it. | Apply again. |
//! | `Tag cannot be moved` | The registry does not let this tag move. | Choose another tag, or delete this one first. |
//! | `Tag was moved meanwhile` | Right after a tag was set it showed something else. | Find out who else sets it, then apply again. |
//! | `Tags were not verified` | All tags were set, and the provider was stopped before it could look at them again. | Run `terraform plan`: it shows tags that are missing. |
//! | `Image has another digest than planned` | The same choice of platforms made other bytes than the plan said, because another version of the provider had made the earlier ones. | Apply again: the next plan goes on from here. |
//! | `ECR Public broke the protocol` | Something answered that is not ECR Public. | Check `registry` in `endpoints`, and proxies. |
//! | `ECR Public is configured wrongly` | The address of the registry cannot be used. | Correct `registry` in `endpoints`. |
//! | `Registry has no alias` | AWS gives a registry its alias with the first repository, and has not done so yet. | Apply again in a minute. |
//! | `Registry alias cannot be used` | AWS names an alias that cannot be part of an address. | Look at the aliases of the registry in the console. |
//! | `Repository tags left alone` | The repository was not created by this provider, so `repository_tags` are not set. | Remove them, or set them where the repository is managed. |
//!
//! # Import and destroy
//!
//! | summary | meaning | remedy |
//! |---|---|---|
//! | `Invalid import ID` | The ID of the import cannot be read. | Write `<account>/<repository>:<tag>` or `public.ecr.aws/<alias>/<repository>:<tag>`, with `?source=…` and `?role_arn=…` if needed. |
//! | `Image to import not found` | The repository has no such tag. | Check account, repository and tag. |
//! | `Image to import cannot be read` | The image is there, and its manifest cannot be read. | Read the answer of the registry in the message. |
//! | `Tags show different images` | One resource stands for one image, and the tags of the import show several. | Import them one by one. |
//! | `Registry alias belongs to another account` | The alias in the ID is not one of the account that the credentials lead to. | Name the account instead, and the roles that lead there with `?role_arn=…`. |
//! | `Tag could not be removed` | A tag is still there after a destroy, and why is in the message. | Apply again, or apply `keep_on_destroy = true` first to leave the tags. |
//! | `Untagged images left behind` | The tags are gone; manifests without tags could not be looked for. | They cost storage only. Remove them in the console if it matters. |
//! | `Repository not pruned` | A manifest could not be read that may need others, so nothing was deleted by `ecrpublic_prune`. | Read the answer of the registry in the message, and try again. |
//! | `Image to complete not found` | `ecrpublic_resync` completes what a tag shows, and there is no such repository or tag. | Apply the resource that has the tag: that sets it again, and copies what it needs. |
//! | `Image cannot be completed` | `ecrpublic_resync` found that something is missing below a tag, and the repository of `source` does not have it any more. | Name a `source` that still has it, or copy another image. |
//! | `Repository left in place` | `delete_repository` is set, and the repository is not empty, not ours, or could not be deleted. | Delete it by hand if nobody needs it. |
//!
//! # Terraform and the provider
//!
//! | summary | meaning | remedy |
//! |---|---|---|
//! | `State cannot be read` | The state has a value that this version does not accept. | If the state was not edited, report it. |
//! | `State is empty` | Terraform handed over a state without content. | Restore the state from its backup. |
//! | `State is too old` | The state is of a Terraform before 0.12. | Apply once with Terraform 0.12 to 1.0, which rewrites it. |
//! | `State version not supported` | The state was written by a newer version of the provider. | Use that version, or a newer one. |
//! | `Value cannot be read` | Terraform sent a value that cannot be decoded. | Report it with the versions of both. |
//! | `Resource type not supported` | The provider has no such resource. | Check the name, and the version of the provider. |
//! | `Type not supported` | The provider has nothing of this name: the message says of which kind. | Check the name, and the version of the provider. |
//! | `Identity not supported` | An import names a resource by an identity, which this resource does not have. | Import by ID. |
//! | `Argument is missing` | Terraform called a function with fewer arguments than it has. | Report it with the versions of both. |
//! | `Wrong number of arguments` | Terraform called a function with more arguments than it has. | Report it with the versions of both. |
//! | `Function not supported` | The provider has no such function. | Check the name, and the version of the provider. |
//! | `Configuration is not known yet` | Terraform asked for something while values of its configuration were unknown. | Report it with the versions of both. |
//! | `Value does not match the schema` | A defect of the provider. | Report it with the versions of the provider and of Terraform. |
//! | `Unexpected result of the change` | A defect of the provider. | Report it with the versions of the provider and of Terraform. |
//! | `Unexpected failure in the provider` | A defect of the provider. | Report it with the versions of the provider and of Terraform. |
//! | `Provider failed unexpectedly` | A defect of the provider. | Report it with the versions of the provider and of Terraform, and the log if you can. |
