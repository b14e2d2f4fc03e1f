//! How a source of credentials fails.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::aws::Error;

use super::{Answer, ConnectFailure, CredentialOrigin, ErrorKind};

/// Why a source that is configured did not deliver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceProblem {
    /// A program could not be started.
    #[error("it cannot be run: {0}")]
    NotRun(String),
    /// A program said that it failed.
    #[error("it failed ({status})")]
    Failed {
        /// How it ended.
        status: String,
        /// What it wrote about that, bounded.
        complaint: String,
    },
    /// A program did not come to an end.
    #[error("it did not end within {} seconds", .0.as_secs())]
    Late(Duration),
    /// What came is not what was agreed. Never its content.
    #[error("{0}")]
    NotUnderstood(String),
    /// The other side said no.
    #[error("{0}")]
    Refused(Answer),
    /// The portal of IAM Identity Center does not hand out this role to whoever signed in.
    #[error("role `{role}` of account {account}: {answer}")]
    NotAssigned {
        /// The account of the role.
        account: String,
        /// The role.
        role: String,
        /// What the portal said.
        answer: Box<Answer>,
    },
    /// The token that has to be shown to the other side cannot be used.
    #[error("its token cannot be used: {problem}")]
    Token {
        /// Its file; `None` when it is in the environment.
        path: Option<PathBuf>,
        /// What is wrong with it. Never its content.
        problem: String,
    },
    /// No answer came.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// The host.
        host: String,
        /// The proxy in use, without user and password.
        proxy: Option<String>,
        /// How it failed.
        failure: ConnectFailure,
    },
}

/// Why somebody has to sign in to IAM Identity Center.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignIn {
    /// There is no home directory, and so no place for what a sign-in leaves.
    #[error("there is no home directory")]
    NoHome,
    /// Nobody has signed in.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// What a sign-in has left cannot be used.
    #[error("what it left cannot be used")]
    Unreadable(Option<PathBuf>),
    /// The sign-in ended then.
    #[error("it has ended")]
    Ended(SystemTime),
    /// The portal does not take it any more.
    #[error("{0}")]
    Refused(Answer),
}

impl SourceProblem {
    /// The error of a source.
    pub(in crate::aws) fn of(self, origin: &CredentialOrigin) -> Error {
        ErrorKind::SourceFailed {
            origin: origin.clone(),
            problem: self,
        }
        .into()
    }
}
