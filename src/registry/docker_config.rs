//! Placeholder.
/// x
#[derive(Debug)]
pub struct DockerConfig;
