//! Where independent software decides whether what we did is right.

mod aws_cli;
mod busybox;
mod differential;
mod hashicorp_aws;
mod judges;
mod left_behind;
mod moto;
mod openssl;
mod referrers;
mod signatures;
mod sources;
