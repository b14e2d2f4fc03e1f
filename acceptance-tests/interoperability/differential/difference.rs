//! Where the two are not the same, on purpose.

/// A difference that a row shows. The page `src/manual/differences.rs` explains each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Difference {
    AccountLists,
    CheckedEarlier,
    DefaultProfile,
    DefaultRegion,
    EmptyRole,
    EndpointInChain,
    EnvironmentKeys,
    IgnoredEndpoints,
    MaxAttempts,
    OtherPartition,
    RetriesOfRoles,
    SkipFlags,
    TokenLineBreak,
    UnknownRole,
}

/// A difference that shows wherever there is a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Habit {
    /// The name of a session that has none.
    SessionName,
    /// The duration of a session that has none.
    Duration,
    /// How often a role is assumed.
    Repeats,
    /// Whether STS is asked who a role is.
    CallerIdentity,
}

impl Habit {
    pub(super) const ALL: [Self; 4] = [
        Self::SessionName,
        Self::Duration,
        Self::Repeats,
        Self::CallerIdentity,
    ];
}
