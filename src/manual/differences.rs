//! Where is a provider block read differently than by hashicorp/aws?
//!
//! The same block, environment and files mean the same to both providers, down to the parameters of
//! each call of STS, except for what is here. The reference is hashicorp/aws 5.100.0. The table in
//! `acceptance-tests/interoperability/differential` runs both; a difference that is not on this
//! page fails it, and so does one that has gone away. The published documentation shows the same
//! table without the names.
//!
//! # In certain situations
//!
//! | name | situation | hashicorp/aws | here | because |
//! |---|---|---|---|---|
//! | `EmptyRole` | the only `assume_role` block has an empty `role_arn`, or none | a warning; it goes on with the credentials it has | an error | these credentials belong to somebody else, perhaps with more rights |
//! | `UnknownRole` | `role_arn` is not known while planning | it plans with the credentials it has | nobody is asked; what depends on it is known after apply | the same |
//! | `EnvironmentKeys` | one of `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` is missing | both are ignored, and the next source is used | an error that names the missing one | half a pair is a mistake, and the next source may be somebody else |
//! | `DefaultProfile` | `AWS_DEFAULT_PROFILE` names a profile that does not exist | it is ignored | an error that names it, as for `AWS_PROFILE` | the name was meant |
//! | `DefaultRegion` | there is no region anywhere | an error | `us-east-1` | the region only chooses the host of STS |
//! | `OtherPartition` | a region of China or GovCloud | STS of that partition is asked | an error | there is no ECR Public outside of the commercial regions |
//! | `CheckedEarlier` | a role that STS would refuse: more than one hour after another role, a session name with other characters, an ARN of no role, a transitive key without its tag | STS is asked, and refuses | an error at validation, without a call | the plan of a landing zone fails before it begins, with the path of the attribute |
//! | `TokenLineBreak` | the file with the web identity token ends with a line break | it is sent, and STS refuses it | it is left out | no token has one, and editors add them |
//! | `EndpointInChain` | `AWS_ENDPOINT_URL` and a role of a profile | the role is assumed at the public STS | it is assumed there too | one variable leads to one place |
//! | `IgnoredEndpoints` | `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` and `AWS_ENDPOINT_URL_STS` | the endpoint is used | it is ignored | that is what the variable says |
//! | `AccountLists` | the provider's own account is not allowed | an error while the provider is configured | an error when a resource would use it | the provider's own account is a hub, which nothing is written to |
//! | `SkipFlags` | `skip_credentials_validation` or `skip_requesting_account_id` alone | IAM is asked for the account, or STS all the same | nobody is asked before a resource needs it | the flags are there to ask less |
//! | `MaxAttempts` | `AWS_MAX_ATTEMPTS` | it does not limit calls to STS | it does | that is what the variable says |
//! | `RetriesOfRoles` | `max_retries` and a role that is throttled | the role is asked for three times | as often as `max_retries` says | the setting is for every call |
//!
//! # Wherever there is a role
//!
//! | name | what | hashicorp/aws | here | because |
//! |---|---|---|---|---|
//! | `Duration` | the session of a role without `duration` | 15 minutes | one hour | every role and every chain allows it, and a long copy needs fewer renewals |
//! | `SessionName` | the session of a role without `session_name` | `aws-go-sdk-` and a number, or a number | `terraform-ecrpublic-` and a random text | CloudTrail shows which provider it was |
//! | `Repeats` | how often a role of the provider block is assumed | twice | once | once is enough |
//! | `CallerIdentity` | who the last role is | STS is asked | it comes with the credentials | one call less |
