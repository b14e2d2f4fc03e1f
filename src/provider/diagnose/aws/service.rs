//! What calls of AWS came back with.

use crate::aws::ErrorKind;
use crate::aws::error::Answer;
use crate::task::Stopped;
use crate::tf::{Diagnostic, Path};

use super::super::answer;

/// Words for what the service answered; `None` for what happened on the way.
pub(super) fn worded(kind: &ErrorKind) -> Option<Diagnostic> {
    Some(match kind {
        ErrorKind::LoginDenied { identity, answer } => login_denied(identity, answer),
        ErrorKind::ActionDenied {
            action,
            identity,
            resource,
            answer,
        } => action_denied(action, identity, resource, answer),
        ErrorKind::Throttled {
            action,
            attempts,
            elapsed,
            answer: said,
        } => Diagnostic::error("AWS request rate limit reached")
            .detail(format!(
                "`{action}` was refused because of too many requests{}.",
                answer::tries(*attempts, *elapsed)
            ))
            .detail(answer::of_aws(said))
            .hint("Apply again with a lower `-parallelism`, or raise `max_retries`."),
        ErrorKind::LimitExceeded {
            action,
            resource,
            answer: said,
        } => Diagnostic::error("AWS quota exceeded")
            .detail(format!("`{action}` on `{resource}` met a quota."))
            .detail(answer::of_aws(said))
            .hint("Ask AWS for a higher quota, or make room."),
        ErrorKind::InvalidParameter {
            action,
            resource,
            answer: said,
        } => Diagnostic::error("AWS refused a parameter")
            .detail(format!("`{action}` on `{resource}` was refused."))
            .detail(answer::of_aws(said)),
        ErrorKind::NotFound {
            action,
            resource,
            answer: said,
        } => Diagnostic::error("Not found in ECR Public")
            .detail(format!(
                "`{action}` needs `{resource}`, which does not exist."
            ))
            .detail(answer::of_aws(said))
            .hint("If it was deleted a moment ago, run `terraform apply` again."),
        ErrorKind::Service {
            action,
            resource,
            attempts,
            answer: said,
        } => Diagnostic::error("AWS request failed")
            .detail(format!(
                "`{action}` on `{resource}` failed; at most {attempts} attempts are made."
            ))
            .detail(answer::of_aws(said))
            .hint("Apply again: what is copied already stays where it is."),
        ErrorKind::Malformed { action, problem } => {
            Diagnostic::error("AWS answer cannot be understood")
                .detail(format!(
                    "The answer to `{action}` makes no sense: {problem}."
                ))
                .hint("Check that `endpoints` and proxies lead to AWS.")
        }
        ErrorKind::Stopped(stopped) => self::stopped(*stopped),
        ErrorKind::Unexpected { action, problem } => unexpected(action, problem),
        _ => return None,
    })
}

/// The work was ended from outside.
pub(crate) fn stopped(stopped: Stopped) -> Diagnostic {
    match stopped {
        Stopped::Cancelled => Diagnostic::error("Operation cancelled")
            .detail("Terraform asked the provider to stop, and it stopped."),
        Stopped::DeadlineExceeded(limit) => timed_out(stopped, limit.name),
    }
}

/// `operation` is a member of `timeouts`, unless nobody can change how long this may take.
fn timed_out(stopped: Stopped, operation: Option<&'static str>) -> Diagnostic {
    let diagnostic = Diagnostic::error("Operation timed out");
    let Some(operation) = operation else {
        return diagnostic
            .detail(format!("The provider gave up because {stopped}."))
            .hint("Try again.");
    };
    let when = match operation {
        "read" => {
            " A refresh goes by the value in state, so apply the change with `-refresh=false`."
        }
        "delete" => " A destroy goes by the value in state, so apply the change before it.",
        _ => "",
    };
    diagnostic
        .at(Path::root("timeouts").attribute(operation))
        .detail(format!(
            "The provider gave up because {stopped}, which is the limit in `timeouts.{operation}`."
        ))
        .hint(format!("Raise `timeouts.{operation}`.{when}"))
}

fn unexpected(action: &str, problem: &str) -> Diagnostic {
    Diagnostic::error("Unexpected failure in the provider")
        .detail(format!("`{action}` could not be called: {problem}."))
        .detail(
            "This is a defect of the provider. Please report it with the version of the provider \
             and of Terraform.",
        )
}

fn login_denied(identity: &str, said: &Answer) -> Diagnostic {
    Diagnostic::error("Cannot obtain an ECR Public login")
        .detail(format!(
            "`{identity}` asked for a login to the registry of ECR Public."
        ))
        .detail(answer::of_aws(said))
        .hint(
            "Grant it `ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken`, both on \
             `*`.",
        )
}

fn action_denied(action: &str, identity: &str, resource: &str, said: &Answer) -> Diagnostic {
    Diagnostic::error("AWS action not allowed")
        .detail(format!(
            "`{identity}` is not allowed to call `{action}` on `{resource}`."
        ))
        .detail(answer::of_aws(said))
        .hint(format!("Grant `{action}` to that identity."))
}
