//! What can go wrong on the way into AWS, what the practitioner reads then, and which test shows it?
//!
//! Left, the cause. Then the summary of each message that it leads to: the name under which people
//! search for it, which never changes. Right, the tests that make it happen: a file, and functions
//! in it. Each of them compares a whole message, its place in the configuration included, with a
//! snapshot in `src/provider/diagnose/snapshots/aws` or `acceptance-tests/snapshots`. A test reads
//! these tables: it fails on a row without a test, on a test that is gone, on a summary that no
//! snapshot of the row has, and on a test of the catalogue that is in no row.
//!
//! # First credentials
//!
//! | cause | summary | shown by |
//! |---|---|---|
//! | no source matched | `No valid AWS credential sources found` | `src/provider/diagnose/catalogue/credentials.rs` `no_source_has_credentials`, `acceptance-tests/credentials.rs` `without_credentials_everything_that_was_tried_is_listed` |
//! | a named profile is missing, whoever names it | `AWS profile not found` | `src/provider/diagnose/catalogue/credentials.rs` `a_profile_that_does_not_exist`, `acceptance-tests/credentials.rs` `credentials_that_are_refused_are_named_with_where_they_come_from` |
//! | a shared file cannot be read, has bad syntax, or a profile in it contradicts itself | `Cannot read AWS shared configuration` | `src/provider/diagnose/catalogue/credentials.rs` `shared_files_that_cannot_be_used` |
//! | the sign-in to IAM Identity Center is missing, unreadable, over or revoked | `AWS SSO sign-in required` | `src/provider/diagnose/catalogue/credentials.rs` `a_sign_in_that_is_missing_or_over` |
//! | the sign-in is good, and the role is not assigned, or the portal is not there | `AWS credential source failed` | `src/provider/diagnose/catalogue/credentials.rs` `a_sign_in_to_which_the_role_is_not_assigned` |
//! | a `credential_process` fails, does not end, or writes something else | `AWS credential source failed` | `src/provider/diagnose/catalogue/credentials.rs` `a_program_that_hands_out_no_credentials`, `a_program_that_does_not_end` |
//! | a container is refused its credentials, has no token, or is sent to a host of anybody | `AWS credential source failed`, `Invalid AWS setting` | `src/provider/diagnose/catalogue/credentials.rs` `a_container_without_credentials` |
//! | half a pair of static keys | `Incomplete static credentials` | `src/provider/diagnose/catalogue/credentials.rs` `half_a_pair_of_keys` |
//! | first credentials have ended: `ExpiredToken` | `AWS credentials expired` | `src/provider/diagnose/catalogue/credentials.rs` `credentials_that_have_ended`, `acceptance-tests/faults/destination.rs` `credentials_of_the_pipeline_that_have_expired` |
//! | `InvalidClientTokenId`, `SignatureDoesNotMatch` | `AWS rejected the credentials` | `src/provider/diagnose/catalogue/credentials.rs` `keys_that_aws_does_not_accept`, `acceptance-tests/credentials.rs` `credentials_that_are_refused_are_named_with_where_they_come_from` |
//! | `RegionDisabledException` | `AWS STS is disabled in this Region` | `src/provider/diagnose/catalogue/credentials.rs` `sts_that_is_switched_off_in_the_region` |
//!
//! # Roles
//!
//! | cause | summary | shown by |
//! |---|---|---|
//! | a hop is refused: `AccessDenied`, in the block, a profile, `account_role` or a resource | `Cannot assume IAM role` | `src/provider/diagnose/catalogue/roles.rs` `a_role_of_the_provider_that_trusts_somebody_else`, `a_role_of_a_resource_that_trusts_somebody_else`, `an_account_role_that_trusts_somebody_else`, `acceptance-tests/roles.rs` `a_role_that_trusts_somebody_else_is_named_with_its_caller`, `acceptance-tests/faults/access.rs` `trust_that_is_refused_at_the_second_of_three_roles` |
//! | a role that was just created is refused: tried for a minute, then the same | `Cannot assume IAM role` | `src/aws/tests/hops.rs` `a_new_role_is_tried_until_iam_knows_it`, `src/provider/diagnose/catalogue/roles.rs` `a_role_of_a_resource_that_trusts_somebody_else` |
//! | more than an hour for a chained role, told before AWS is asked, or by AWS | `Invalid role session`, `Role session too long for a chained role` | `src/provider/diagnose/catalogue/roles.rs` `a_session_of_a_chained_role_that_is_too_long` |
//! | more than the role's own maximum | `Role session longer than the role allows` | `src/provider/diagnose/catalogue/roles.rs` `a_session_that_is_longer_than_its_role_allows` |
//! | `PackedPolicyTooLarge`, `MalformedPolicyDocument` | `Session policy rejected` | `src/provider/diagnose/catalogue/roles.rs` `a_session_policy_that_aws_does_not_take` |
//! | any other `ValidationError` | `Role session rejected` | `src/provider/diagnose/catalogue/roles.rs` `a_parameter_that_sts_does_not_take` |
//! | web identity: file missing, `InvalidIdentityToken`, `ExpiredTokenException`, `IDPRejectedClaim` | `Cannot assume IAM role with web identity` | `src/provider/diagnose/catalogue/roles.rs` `a_web_identity_that_is_missing_or_refused`, `acceptance-tests/credentials.rs` `credentials_that_are_refused_are_named_with_where_they_come_from` |
//! | throttled after all attempts | `AWS request rate limit reached` | `src/provider/diagnose/catalogue/roles.rs` `sts_that_has_too_much_to_do`, `acceptance-tests/faults/destination.rs` `an_api_that_throttles` |
//! | the role in state cannot be used during a refresh | `Cannot assume IAM role` | `src/provider/diagnose/catalogue/roles.rs` `a_role_of_a_resource_that_trusts_somebody_else` |
//!
//! # Accounts and permissions
//!
//! | cause | summary | shown by |
//! |---|---|---|
//! | the account lists do not allow the account | `AWS account not allowed` | `src/provider/diagnose/catalogue/accounts.rs` `an_account_that_the_lists_do_not_allow`, `acceptance-tests/roles.rs` `nothing_is_written_to_an_account_that_the_lists_do_not_allow` |
//! | the identity is in another account than the state | `Credentials lead into another account` | `src/provider/diagnose/catalogue/accounts.rs` `an_identity_in_another_account_than_the_one_in_state` |
//! | nothing leads into the account | `No role leads into the account` | `src/provider/diagnose/catalogue/accounts.rs` `an_account_into_which_nothing_leads`, `acceptance-tests/roles.rs` `an_identity_that_ends_in_another_account_changes_nothing_there` |
//! | `AccessDeniedException` for `GetAuthorizationToken` | `Cannot obtain an ECR Public login` | `src/provider/diagnose/catalogue/accounts.rs` `an_identity_that_may_not_get_a_login_or_see_a_repository`, `acceptance-tests/faults/access.rs` `no_permission_to_get_a_login` |
//! | any other `AccessDeniedException` | `AWS action not allowed` | `src/provider/diagnose/catalogue/accounts.rs` `an_identity_that_may_not_get_a_login_or_see_a_repository` |
//! | `UnsupportedCommandException` | `ECR Public is not available at this endpoint` | `src/provider/diagnose/catalogue/accounts.rs` `a_place_without_ecr_public` |
//! | a role, a Region or an identity of another partition | `Invalid role ARN`, `Invalid AWS setting`, `ECR Public is not offered in this partition` | `src/provider/diagnose/catalogue/accounts.rs` `a_partition_without_ecr_public` |
//!
//! # On the wire
//!
//! | cause | summary | shown by |
//! |---|---|---|
//! | a certificate that nobody vouches for | `Cannot verify the AWS endpoint certificate` | `src/provider/diagnose/catalogue/connections.rs` `a_certificate_that_nobody_vouches_for` |
//! | a CA bundle that is missing, has no certificate, or a broken one | `Invalid custom CA bundle` | `src/provider/diagnose/catalogue/connections.rs` `a_ca_bundle_that_cannot_be_used`, `a_ca_bundle_of_a_registry_that_cannot_be_used` |
//! | a host that is not there or has no name, or a proxy in between | `Cannot reach AWS` | `src/provider/diagnose/catalogue/connections.rs` `a_host_that_cannot_be_reached` |
//! | a proxy that is no HTTP proxy | `Invalid URL`, `Invalid AWS setting` | `src/provider/diagnose/catalogue/connections.rs` `a_proxy_that_is_none` |
//!
//! # What works, if not as it reads
//!
//! | cause | summary | shown by |
//! |---|---|---|
//! | FIPS endpoints are asked for, and ECR Public has none | `ECR Public has no FIPS endpoint` | `src/provider/diagnose/catalogue/connections.rs` `settings_that_work_if_not_as_they_read` |
//! | `AWS_STS_ENDPOINT` or `TF_AWS_STS_ENDPOINT`, which hashicorp/aws calls deprecated | `Deprecated environment variable` | `src/provider/diagnose/catalogue/connections.rs` `settings_that_work_if_not_as_they_read` |
//! | `http_proxy` without a proxy for HTTPS carries HTTPS too | `Missing HTTPS proxy` | `src/provider/diagnose/catalogue/connections.rs` `settings_that_work_if_not_as_they_read` |
