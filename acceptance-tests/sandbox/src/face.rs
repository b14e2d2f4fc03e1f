//! The listeners of a sandbox, each standing in for one host.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which stand-in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    /// `registry-1.docker.io`.
    Hub,
    /// `auth.docker.io`.
    HubAuth,
    /// The object storage behind Docker Hub's redirects.
    HubCdn,
    /// Any other OCI registry: anonymous and without limits.
    Generic,
    /// `sts.<region>.amazonaws.com`.
    Sts,
    /// `api.ecr-public.us-east-1.amazonaws.com`.
    Api,
    /// `public.ecr.aws`.
    Registry,
    /// The object storage behind the redirects of `public.ecr.aws`.
    RegistryCdn,
}

impl Face {
    /// All of them, in the order in which ports are given out.
    pub const ALL: [Self; 8] = [
        Self::Hub,
        Self::HubAuth,
        Self::HubCdn,
        Self::Generic,
        Self::Sts,
        Self::Api,
        Self::Registry,
        Self::RegistryCdn,
    ];
}

impl fmt::Display for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hub => "Docker Hub",
            Self::HubAuth => "Docker Hub tokens",
            Self::HubCdn => "Docker Hub blobs",
            Self::Generic => "Other registry",
            Self::Sts => "STS",
            Self::Api => "ECR Public API",
            Self::Registry => "ECR Public registry",
            Self::RegistryCdn => "ECR Public blobs",
        })
    }
}
