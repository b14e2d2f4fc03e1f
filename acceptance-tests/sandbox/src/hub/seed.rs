//! What a source registry holds when the sandbox starts.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::image::ImageSpec;

/// A source registry.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSeed {
    /// Its repositories by name; an official image of Docker Hub is `library/<name>`.
    #[serde(default)]
    pub repositories: BTreeMap<String, RepositorySeed>,
    /// Those who can log in.
    #[serde(default)]
    pub users: Vec<HubUser>,
    /// How many pulls it allows.
    #[serde(default)]
    pub limits: Limits,
}

/// A repository of a source registry.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositorySeed {
    /// Its images by tag.
    #[serde(default)]
    pub tags: BTreeMap<String, ImageSpec>,
    /// Users who may read it. Absent: it is public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers: Option<Vec<String>>,
}

/// Somebody with an account at Docker Hub.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubUser {
    /// The name.
    pub name: String,
    /// The password or access token.
    pub password: String,
    /// A paid plan: no pull limit, and no headers about it.
    #[serde(default)]
    pub is_unlimited: bool,
}

impl HubUser {
    /// A user of the free plan.
    pub fn new(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            is_unlimited: false,
        }
    }
}

impl fmt::Debug for HubUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubUser")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Docker Hub's limits. Docker documentation, *Pull usage and limits*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Pulls per address and window without login. Absent: no limit.
    pub anonymous: Option<u64>,
    /// Pulls per user and window. Absent: no limit.
    pub authenticated: Option<u64>,
    /// The window.
    pub window_seconds: u32,
    /// Requests of any kind per address and minute, the limit on abuse. Absent: none.
    pub requests_per_minute: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            anonymous: Some(100),
            authenticated: Some(200),
            window_seconds: 21_600,
            requests_per_minute: None,
        }
    }
}
