//! Sources of credentials that are there, and do not deliver.

use std::path::Path;

use crate::aws::error::{ConnectFailure, CredentialOrigin, SignIn, SourceProblem};
use crate::tf::Diagnostic;

use super::super::answer;
use super::connection::{how, through};

pub(super) fn sign_in(profile: &str, start_url: &str, reason: &SignIn) -> Diagnostic {
    let diagnostic = Diagnostic::error("AWS SSO sign-in required").detail(format!(
        "The profile `{profile}` takes a sign-in to IAM Identity Center, whose start page is \
         `{start_url}`."
    ));
    let diagnostic = match reason {
        SignIn::NoHome => diagnostic.detail(
            "What a sign-in leaves is below the home directory, and there is none: neither `HOME` \
             nor `USERPROFILE` is set.",
        ),
        SignIn::Missing(path) => diagnostic.detail(format!(
            "Nobody has signed in here: there is no `{}`.",
            path.display()
        )),
        SignIn::Unreadable(path) => {
            let file = path
                .as_deref()
                .map(|path| format!(" in `{}`", path.display()));
            diagnostic.detail(format!(
                "What the last sign-in left{} cannot be used.",
                file.unwrap_or_default()
            ))
        }
        SignIn::Ended(moment) => diagnostic.detail(format!(
            "The last sign-in ended at {} and could not be renewed.",
            answer::moment(*moment)
        )),
        SignIn::Refused(said) => diagnostic
            .detail("The portal does not accept the last sign-in any more.")
            .detail(answer::of_aws(said)),
    };
    diagnostic.hint(format!("Run `aws sso login --profile {profile}`."))
}

pub(super) fn failed(origin: &CredentialOrigin, problem: &SourceProblem) -> Diagnostic {
    let diagnostic = Diagnostic::error("AWS credential source failed")
        .detail(format!("The credentials were to come from {origin}."));
    match problem {
        SourceProblem::NotRun(problem) => diagnostic
            .detail(format!("The program could not be run: {problem}."))
            .hint("Correct the command in the profile."),
        SourceProblem::Failed { status, complaint } => {
            let diagnostic = diagnostic.detail(format!("The program ended with {status}."));
            let diagnostic = match complaint.is_empty() {
                true => diagnostic,
                false => diagnostic.detail(format!("It wrote: {complaint}")),
            };
            diagnostic.hint("Run the command of the profile by hand until it brings credentials.")
        }
        SourceProblem::Late(limit) => diagnostic
            .detail(format!(
                "The program did not end within {} and was stopped.",
                answer::span(*limit)
            ))
            .hint(
                "Run the command of the profile by hand. It must not wait for somebody who types: \
                 nobody can.",
            ),
        SourceProblem::NotUnderstood(problem) => diagnostic
            .detail(format!(
                "What came makes no sense: {problem}. Its content is not shown, as there may be \
                 keys in it."
            ))
            .hint(of_nonsense(origin)),
        SourceProblem::Refused(said) => diagnostic
            .detail(answer::of_aws(said))
            .hint("Check that the task or the pod has a role, and that its token is current."),
        SourceProblem::NotAssigned {
            account,
            role,
            answer: said,
        } => diagnostic
            .detail(format!(
                "The sign-in is good, but the portal does not hand out the role `{role}` of \
                 account {account}."
            ))
            .detail(answer::of_aws(said))
            .hint(
                "Correct `sso_account_id` or `sso_role_name` of the profile, or have the \
                 permission set assigned to whoever has signed in.",
            ),
        SourceProblem::Token { path, problem } => token(diagnostic, path.as_deref(), problem),
        SourceProblem::Unreachable {
            host,
            proxy,
            failure,
        } => unreachable(diagnostic, host, proxy.as_deref(), *failure),
    }
}

fn of_nonsense(origin: &CredentialOrigin) -> &'static str {
    match origin {
        CredentialOrigin::Process(_) => {
            "Have the program write what the AWS CLI documents for `credential_process`: a JSON \
             object with `Version` 1, `AccessKeyId` and `SecretAccessKey`, and nothing else."
        }
        _ => "Check that the address leads to a service that hands out credentials.",
    }
}

fn token(diagnostic: Diagnostic, path: Option<&Path>, problem: &str) -> Diagnostic {
    let place = match path {
        Some(path) => format!(
            "file `{}`, named by `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`",
            path.display()
        ),
        None => "variable `AWS_CONTAINER_AUTHORIZATION_TOKEN`".to_owned(),
    };
    diagnostic
        .detail(format!(
            "The token that has to be shown there is in the {place}, which cannot be used: \
             {problem}."
        ))
        .hint("Check that the file is mounted into the container, and that we may read it.")
}

fn unreachable(
    diagnostic: Diagnostic,
    host: &str,
    proxy: Option<&str>,
    failure: ConnectFailure,
) -> Diagnostic {
    diagnostic
        .detail(format!(
            "The provider asked `{host}`{}; {}.",
            through(proxy),
            how(failure)
        ))
        .hint("Check that this machine can reach the host, and whether it belongs in `no_proxy`.")
}
