//! Refusals, with the codes and statuses of the real service.

use http::StatusCode;

use crate::accounts::Denied;
use crate::policy::MalformedPolicy;
use crate::sigv4::Unauthenticated;

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum StsError {
    /// The caller, or the trust policy, does not allow it.
    #[error("{0}")]
    AccessDenied(String),
    /// Parameters that break a rule.
    #[error("{0}")]
    Validation(String),
    /// A session policy that is none.
    #[error("{0}")]
    MalformedPolicyDocument(MalformedPolicy),
    /// Policies and tags that do not fit into the session token.
    #[error("Packed policy consumes {0}% of allotted space, please use smaller policy.")]
    PackedPolicyTooLarge(u32),
    /// A web identity token that has expired.
    #[error("{0}")]
    ExpiredWebToken(String),
    /// A web identity token that nobody vouches for.
    #[error("{0}")]
    InvalidIdentityToken(String),
    /// An operation that does not exist, or not here.
    #[error("{0}")]
    InvalidAction(String),
    /// No operation at all.
    #[error("The request must contain the parameter Action.")]
    MissingAction,
    /// A list or a structure where the model has a text, or the other way round.
    #[error("{0}")]
    MalformedInput(&'static str),
    /// The signature or the credentials are not good.
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
}

impl StsError {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::AccessDenied(_) => "AccessDenied",
            Self::Validation(_) => "ValidationError",
            Self::MalformedPolicyDocument(_) => "MalformedPolicyDocument",
            Self::PackedPolicyTooLarge(_) => "PackedPolicyTooLarge",
            Self::ExpiredWebToken(_) => "ExpiredTokenException",
            Self::InvalidIdentityToken(_) => "InvalidIdentityToken",
            Self::InvalidAction(_) => "InvalidAction",
            Self::MissingAction => "MissingAction",
            Self::MalformedInput(_) => "MalformedInput",
            Self::Unauthenticated(cause) => match cause {
                Unauthenticated::Missing => "MissingAuthenticationToken",
                Unauthenticated::Incomplete(_) => "IncompleteSignature",
                Unauthenticated::UnknownKey => "InvalidClientTokenId",
                Unauthenticated::ExpiredToken => "ExpiredToken",
                Unauthenticated::WrongScope(_) | Unauthenticated::Mismatch => {
                    "SignatureDoesNotMatch"
                }
            },
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::AccessDenied(_) | Self::Unauthenticated(_) => StatusCode::FORBIDDEN,
            Self::Validation(_)
            | Self::MalformedPolicyDocument(_)
            | Self::PackedPolicyTooLarge(_)
            | Self::ExpiredWebToken(_)
            | Self::InvalidIdentityToken(_)
            | Self::InvalidAction(_)
            | Self::MissingAction
            | Self::MalformedInput(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The refusal of `action` on a role, which says nothing about whether the role exists.
    pub(super) fn not_authorized(caller: &str, action: &str, resource: &str) -> Self {
        Self::AccessDenied(format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource}"
        ))
    }
}

impl From<Denied> for StsError {
    fn from(denied: Denied) -> Self {
        Self::AccessDenied(denied.to_string())
    }
}
