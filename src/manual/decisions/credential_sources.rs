//! Who reads the sources of first credentials?
//!
//! # The choice
//!
//! We do: keys, profiles and their roles, web identities, `credential_process`, sign-ins to IAM
//! Identity Center, containers and instances. The SDK parses the shared files, signs, speaks to
//! STS, and is the client of the instance metadata service.
//!
//! # Why
//!
//! - The order of sources is the one of hashicorp/aws, which is not the one of the SDK for Rust.
//! - The SDK's sources read the environment of the process, so no test can hand them another one.
//! - It waits for a `credential_process` for ever. We wait for a minute, as the SDK for Go does.
//! - It says that there are no credentials. We can say that the sign-in ended at seven, that the
//!   role is not assigned, that the portal is not there, or what the program wrote before it failed.
//! - Fewer crates: the clients of two services went, and with them their part of every build.
//!
//! # What is left out
//!
//! - `login_session`, the sign-in to the console: an error that names the `credential_process` which
//!   brings the same credentials.
//! - `mfa_serial`: nobody is there to type a code.
//! - FIPS and dual-stack hosts of IAM Identity Center; `AWS_ENDPOINT_URL_SSO` and
//!   `AWS_ENDPOINT_URL_SSO_OIDC` name any host.
//! - Over plain HTTP a container is asked for its credentials by address or as `localhost` only: a
//!   name would have to be resolved first, and could be another host a moment later.
//!
//! # Addresses of STS
//!
//! `TF_AWS_STS_ENDPOINT` and `AWS_STS_ENDPOINT` come after `AWS_ENDPOINT_URL_STS` and before
//! `AWS_ENDPOINT_URL`, as with hashicorp/aws, because an environment that is pasted has to mean the
//! same. They are a warning, as there.
//!
//! # The price
//!
//! What AWS adds to its SDKs does not come by itself. The file of a sign-in is written by us when
//! its token is renewed: beside the old one, for its owner alone, and then in its place.
//!
//! # What would change our mind
//!
//! Sources of the SDK that take an environment, a limit of time, and errors that can be told apart.
