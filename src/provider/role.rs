//! Roles to assume, as practitioners write them in the provider block and in resources.

use std::time::Duration;

use crate::aws::{self, HopMember, HopPlace, RoleArn};
use crate::tf::{Attr, Attribute, Diagnostic, Diagnostics, Path, Type};

use super::duration;
use super::known::{self, TextMap, Texts};

crate::model! {
    /// One role, with everything STS takes. Member for member the `assume_role` of hashicorp/aws.
    pub(crate) struct AssumeRole {
        /// The role.
        pub(crate) role_arn: Attr<String>,
        /// Go duration.
        pub(crate) duration: Attr<String>,
        /// What the trust policy may ask for.
        pub(crate) external_id: Attr<String>,
        /// JSON.
        pub(crate) policy: Attr<String>,
        /// Managed policies.
        pub(crate) policy_arns: Texts,
        /// What CloudTrail shows.
        pub(crate) session_name: Attr<String>,
        /// Sticky across later hops.
        pub(crate) source_identity: Attr<String>,
        /// Session tags.
        pub(crate) tags: TextMap,
        /// Keys of tags that later hops keep.
        pub(crate) transitive_tag_keys: Texts,
    }
}

/// The attributes of [`AssumeRole`].
pub(crate) fn attributes() -> Vec<Attribute> {
    let mut attributes = vec![Attribute::required(
        "role_arn",
        Type::String,
        "ARN of the IAM role to assume.",
    )];
    attributes.extend(session_attributes());
    attributes
}

/// The attributes of [`AssumeRole`] except the role itself.
pub(crate) fn session_attributes() -> Vec<Attribute> {
    let text = |name, description| Attribute::optional(name, Type::String, description);
    vec![
        text(
            "duration",
            "How long the session lasts, as a Go duration such as `45m`: 15 minutes to 12 hours, \
             and at most one hour for a role that is assumed with another role. Sessions are \
             renewed while they are needed. Default: `1h`.",
        ),
        text(
            "external_id",
            "External ID that the trust policy of the role asks for.",
        ),
        text(
            "policy",
            "Session policy in JSON that narrows what the session may do.",
        ),
        Attribute::optional(
            "policy_arns",
            Type::set(Type::String),
            "ARNs of managed policies that narrow what the session may do.",
        ),
        text(
            "session_name",
            "Name of the session, which CloudTrail shows. Default: a name that begins with \
             `terraform-ecrpublic-`.",
        ),
        text(
            "source_identity",
            "Source identity of the session. Every later role has to allow \
             `sts:SetSourceIdentity` then.",
        ),
        Attribute::optional("tags", Type::map(Type::String), "Session tags."),
        Attribute::optional(
            "transitive_tag_keys",
            Type::set(Type::String),
            "Keys of those `tags` that the sessions of later roles keep.",
        ),
    ]
}

impl AssumeRole {
    /// Reads the role, and tells what is wrong with what is known. `None` when something is
    /// wrong or not known yet.
    pub(crate) fn read(
        &self,
        at: &Path,
        place: HopPlace,
        problems: &mut Diagnostics,
    ) -> Option<aws::Hop> {
        let role_arn = match &self.role_arn {
            Attr::Unknown => None,
            Attr::Null => role_arn("", at, problems),
            Attr::Known(text) => role_arn(text, at, problems),
        };
        let session = self.session(at, place, problems);
        Some(session?.to(role_arn?))
    }

    /// Reads everything except the role, as [`AssumeRole::read`] does.
    pub(crate) fn session(
        &self,
        at: &Path,
        place: HopPlace,
        problems: &mut Diagnostics,
    ) -> Option<aws::HopSession> {
        let duration = read_duration(&self.duration, at.clone().attribute("duration"), problems);
        let session = aws::HopSession {
            session_name: self.session_name.known().cloned(),
            external_id: self.external_id.known().cloned(),
            duration: duration.unwrap_or_default(),
            policy: self.policy.known().cloned(),
            policy_arns: known::some_texts(&self.policy_arns).cloned().collect(),
            source_identity: self.source_identity.known().cloned(),
            tags: known::text_map(&self.tags).unwrap_or_default(),
            transitive_tag_keys: known::some_texts(&self.transitive_tag_keys)
                .cloned()
                .collect(),
        };
        let has_errors = duration.is_none() && !self.duration.is_unknown();
        let is_clean = self.check(&session, at, place, problems) && !has_errors;
        (is_clean && self.is_known()).then_some(session)
    }

    fn check(
        &self,
        session: &aws::HopSession,
        at: &Path,
        place: HopPlace,
        problems: &mut Diagnostics,
    ) -> bool {
        // Whatever the role is, the same sessions are refused.
        let Ok(any_role) = "arn:aws:iam::000000000000:role/any".parse::<RoleArn>() else {
            return true;
        };
        let mut wrong = session.clone().to(any_role).check(place);
        if known::text_map(&self.tags).is_none() {
            wrong.retain(|each| each.member != HopMember::TransitiveTagKeys);
        }
        problems.extend(wrong.iter().map(|each| invalid_member(each, at)));
        wrong.is_empty()
    }

    /// Whether every member except the role is known.
    fn is_known(&self) -> bool {
        let texts = [
            &self.duration,
            &self.external_id,
            &self.policy,
            &self.session_name,
            &self.source_identity,
        ];
        !texts.iter().any(|text| text.is_unknown())
            && known::texts(&self.policy_arns).is_some()
            && known::text_map(&self.tags).is_some()
            && known::texts(&self.transitive_tag_keys).is_some()
    }
}

/// Reads the ARN of a role; an empty one is an error, never "no role".
pub(crate) fn role_arn(text: &str, at: &Path, problems: &mut Diagnostics) -> Option<RoleArn> {
    match text.parse::<RoleArn>() {
        Ok(role) => Some(role),
        Err(error) => {
            problems.push(
                Diagnostic::error("Invalid role ARN")
                    .at(at.clone().attribute("role_arn"))
                    .detail(match error {
                        aws::InvalidRoleArn::Empty => {
                            "The role ARN is empty. The provider does not go on with the \
                             credentials it has, because they belong to somebody else."
                                .to_owned()
                        }
                        _ => format!("`{}` cannot be assumed: {error}.", excerpt(text)),
                    })
                    .hint(
                        "Write the ARN of a role, such as `arn:aws:iam::123456789012:role/name`.",
                    ),
            );
            None
        }
    }
}

/// Tells that STS would refuse a member of a role.
pub(crate) fn invalid_member(wrong: &aws::InvalidHop, at: &Path) -> Diagnostic {
    Diagnostic::error("Invalid role session")
        .at(at.clone().attribute(wrong.member.name()))
        .detail(format!("AWS would refuse this session: {wrong}."))
}

/// Reads a duration, or tells what is wrong with it. `None` when it is wrong or unknown,
/// `Some(None)` when there is none.
#[expect(
    clippy::option_option,
    reason = "unusable, absent and present are three different facts"
)]
pub(crate) fn read_duration(
    attr: &Attr<String>,
    at: Path,
    problems: &mut Diagnostics,
) -> Option<Option<Duration>> {
    let text = match attr {
        Attr::Null => return Some(None),
        Attr::Unknown => return None,
        Attr::Known(text) => text,
    };
    match duration::parse(text) {
        Ok(duration) => Some(Some(duration)),
        Err(error) => {
            problems.push(
                Diagnostic::error("Invalid duration")
                    .at(at)
                    .detail(format!("`{}` cannot be read: {error}.", excerpt(text))),
            );
            None
        }
    }
}

/// At most 80 characters of what somebody wrote, for a message.
pub(crate) fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
