//! What STS accepts in a hop, checked before anything is sent.
//!
//! Limits of the STS API reference (2011-06-15), `AssumeRole`, read as anchored patterns.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::role::{canonical, is_name_character};
use super::{Hop, WebIdentity};

/// How a role is reached, which decides how long its session may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HopPlace {
    /// With credentials that may be no role's: the first hop of the provider.
    First,
    /// With the credentials of another role: every later hop, and every hop of a resource.
    Chained,
}

/// A member of a hop that STS would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {problem}", member.name())]
pub struct InvalidHop {
    /// Which member.
    pub member: HopMember,
    /// What is wrong with it.
    pub problem: HopProblem,
}

/// The members of a hop, under the names practitioners use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HopMember {
    /// `session_name`
    SessionName,
    /// `external_id`
    ExternalId,
    /// `duration`
    Duration,
    /// `policy`
    Policy,
    /// `policy_arns`
    PolicyArns,
    /// `source_identity`
    SourceIdentity,
    /// `tags`
    Tags,
    /// `transitive_tag_keys`
    TransitiveTagKeys,
    /// `web_identity_token`
    WebIdentityToken,
}

/// What is wrong with a member of a hop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HopProblem {
    /// Its length in characters.
    #[error("must have {least} to {most} characters")]
    Length {
        /// At least.
        least: usize,
        /// At most.
        most: usize,
    },
    /// A character that is not accepted.
    #[error("must not contain {character:?}; letters, digits and `{others}` are accepted")]
    Character {
        /// The character.
        character: char,
        /// What is accepted besides letters and digits.
        others: &'static str,
    },
    /// Begins with the prefix that AWS keeps for itself.
    #[error("must not begin with `aws:`")]
    ReservedPrefix,
    /// Its length in time.
    #[error("must be between 15 minutes and 12 hours")]
    DurationRange,
    /// More than an hour for a role that is assumed with a role.
    #[error("must be at most one hour for a role that is assumed with another role")]
    DurationChained,
    /// Fractions of a second cannot be asked for.
    #[error("must be a whole number of seconds")]
    DurationFraction,
    /// Not JSON.
    #[error("must be a JSON object")]
    NotJson,
    /// Not the ARN of a managed policy.
    #[error("must be ARNs of managed policies, which `{0}` is not")]
    NotPolicyArn(String),
    /// Too many.
    #[error("must have at most {0} elements")]
    TooMany(usize),
    /// A transitive key without a tag.
    #[error("must be keys of `tags`, which `{0}` is not")]
    NotTagKey(String),
}

impl HopMember {
    /// The name that practitioners know.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SessionName => "session_name",
            Self::ExternalId => "external_id",
            Self::Duration => "duration",
            Self::Policy => "policy",
            Self::PolicyArns => "policy_arns",
            Self::SourceIdentity => "source_identity",
            Self::Tags => "tags",
            Self::TransitiveTagKeys => "transitive_tag_keys",
            Self::WebIdentityToken => "web_identity_token",
        }
    }

    fn wrong(self, problem: HopProblem) -> InvalidHop {
        InvalidHop {
            member: self,
            problem,
        }
    }
}

impl Hop {
    /// Everything that STS would refuse, in the order of the members. Empty: nothing.
    ///
    /// What the role itself allows, such as a maximum session below twelve hours, only AWS knows.
    #[must_use]
    pub fn check(&self, place: HopPlace) -> Vec<InvalidHop> {
        [
            self.session_name.as_deref().and_then(session_name),
            self.external_id.as_deref().and_then(external_id),
            self.duration.and_then(|length| duration(length, place)),
            self.policy.as_deref().and_then(policy),
            policy_arns(&self.policy_arns),
            self.source_identity.as_deref().and_then(source_identity),
            tags(&self.tags),
            transitive_tag_keys(&self.transitive_tag_keys, &self.tags),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl WebIdentity {
    /// Everything that STS would refuse, in the order of the members. Empty: nothing.
    #[must_use]
    pub fn check(&self) -> Vec<InvalidHop> {
        [
            self.session_name.as_deref().and_then(session_name),
            self.duration
                .and_then(|length| duration(length, HopPlace::First)),
            self.policy.as_deref().and_then(policy),
            policy_arns(&self.policy_arns),
            match &self.token {
                super::WebIdentityToken::Inline(token) => {
                    length(HopMember::WebIdentityToken, token.reveal(), 4, 20_000)
                }
                super::WebIdentityToken::File(_) => None,
            },
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn length(member: HopMember, text: &str, least: usize, most: usize) -> Option<InvalidHop> {
    let count = text.chars().count();
    (!(least..=most).contains(&count)).then(|| member.wrong(HopProblem::Length { least, most }))
}

fn characters(
    member: HopMember,
    text: &str,
    others: &'static str,
    accepted: impl Fn(char) -> bool,
) -> Option<InvalidHop> {
    let character = text.chars().find(|&character| !accepted(character))?;
    Some(member.wrong(HopProblem::Character { character, others }))
}

fn session_name(text: &str) -> Option<InvalidHop> {
    let member = HopMember::SessionName;
    length(member, text, 2, 64).or_else(|| characters(member, text, "_+=,.@-", is_name_character))
}

fn external_id(text: &str) -> Option<InvalidHop> {
    let member = HopMember::ExternalId;
    let accepted = |character| is_name_character(character) || ":/".contains(character);
    length(member, text, 2, 1224).or_else(|| characters(member, text, "_+=,.@:/-", accepted))
}

fn source_identity(text: &str) -> Option<InvalidHop> {
    let member = HopMember::SourceIdentity;
    if text.starts_with("aws:") {
        return Some(member.wrong(HopProblem::ReservedPrefix));
    }
    length(member, text, 2, 64).or_else(|| characters(member, text, "_+=,.@-", is_name_character))
}

fn duration(length: Duration, place: HopPlace) -> Option<InvalidHop> {
    let problem = if length < SHORTEST_SESSION || length > LONGEST_SESSION {
        HopProblem::DurationRange
    } else if place == HopPlace::Chained && length > LONGEST_CHAINED_SESSION {
        HopProblem::DurationChained
    } else if length.subsec_nanos() != 0 {
        HopProblem::DurationFraction
    } else {
        return None;
    };
    Some(HopMember::Duration.wrong(problem))
}

fn policy(text: &str) -> Option<InvalidHop> {
    let member = HopMember::Policy;
    if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_err() {
        return Some(member.wrong(HopProblem::NotJson));
    }
    // What counts is what is sent, which has no white space.
    length(member, &canonical(text), 1, 2048)
}

fn policy_arns(arns: &BTreeSet<String>) -> Option<InvalidHop> {
    let member = HopMember::PolicyArns;
    if arns.len() > 10 {
        return Some(member.wrong(HopProblem::TooMany(10)));
    }
    let stranger = arns.iter().find(|arn| !is_policy_arn(arn))?;
    Some(member.wrong(HopProblem::NotPolicyArn(stranger.clone())))
}

fn is_policy_arn(arn: &str) -> bool {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = fields[..] else {
        return false;
    };
    let name = resource.strip_prefix("policy/").unwrap_or_default();
    (20..=2048).contains(&arn.len())
        && (account == "aws" || account.parse::<super::AccountId>().is_ok())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn tags(tags: &BTreeMap<String, String>) -> Option<InvalidHop> {
    let member = HopMember::Tags;
    if tags.len() > 50 {
        return Some(member.wrong(HopProblem::TooMany(50)));
    }
    tags.iter().find_map(|(key, value)| {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Some(member.wrong(HopProblem::ReservedPrefix));
        }
        length(member, key, 1, 128)
            .or_else(|| length(member, value, 0, 256))
            .or_else(|| characters(member, key, TAG_SIGNS, is_tag_character))
            .or_else(|| characters(member, value, TAG_SIGNS, is_tag_character))
    })
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`
fn is_tag_character(character: char) -> bool {
    character.is_alphanumeric()
        || TAG_SIGNS.contains(character)
        || (character.is_whitespace() && !character.is_control())
}

fn transitive_tag_keys(
    keys: &BTreeSet<String>,
    tags: &BTreeMap<String, String>,
) -> Option<InvalidHop> {
    let stranger = keys.iter().find(|key| !tags.contains_key(*key))?;
    Some(HopMember::TransitiveTagKeys.wrong(HopProblem::NotTagKey(stranger.clone())))
}

const SHORTEST_SESSION: Duration = Duration::from_secs(15 * 60);
const LONGEST_SESSION: Duration = Duration::from_secs(12 * 3600);
const LONGEST_CHAINED_SESSION: Duration = Duration::from_secs(3600);
const TAG_SIGNS: &str = " _.:/=+-@";
