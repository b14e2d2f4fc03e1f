//! A role that is made in the same run: IAM may not have told every server of STS about it when the
//! image is to be copied. Only then is a refusal asked about again. Whether the role was known when
//! the plan was made is told by the private data of that plan, on hosts that hand it on.

use ecr_public_sandbox::{Effect, Entry, Face, Fault, FaultHandle, Sandbox, Seed};
use serde_json::{Value as Json, json};

use super::support::session::{Applied, Planned, Session, configured, error};
use super::support::value::UNKNOWN;

const PUBLISHER: &str = "arn:aws:iam::222222222222:role/ecr-publisher";

fn image(role_arn: &str) -> Json {
    json!({"source": "alpine:3.22", "assume_role": [{"role_arn": role_arn}]})
}

/// Has STS refuse the role of the target so often.
fn refusing(sandbox: &Sandbox, times: Option<u32>) -> FaultHandle {
    let refusal = Effect::Answer {
        status: 403,
        headers: [("content-type".to_owned(), "text/xml".to_owned())].into(),
        body: "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
               <Message>not authorized to perform: sts:AssumeRole</Message></Error>\
               <RequestId>1</RequestId></ErrorResponse>"
            .to_owned(),
    };
    let mut fault = Fault::on(Face::Sts, refusal).body(&format!("RoleArn={PUBLISHER}"));
    fault.times = times;
    sandbox.faults().add(fault)
}

fn asked(sandbox: &Sandbox) -> usize {
    let is_asked = |entry: &Entry| {
        let role = entry.parameters.get("RoleArn");
        role.is_some_and(|role| role == PUBLISHER)
    };
    sandbox.journal().count(is_asked)
}

/// What a host with the capability hands to apply, if the plan was made like this.
async fn planned(sandbox: &Sandbox, at_plan: &str, session: &mut Session) -> Planned {
    let (_plugin, mut before) = configured(sandbox).await;
    let first = before.plan(&image(at_plan), None).await;
    assert_eq!(first.diagnostics, []);
    assert_eq!(asked(sandbox), 0);
    let second = session.plan(&image(PUBLISHER), None).await;
    Planned {
        private: first.private,
        ..second
    }
}

async fn created(sandbox: &Sandbox) -> Applied {
    let (_plugin, mut session) = configured(sandbox).await;
    let planned = planned(sandbox, UNKNOWN, &mut session).await;
    let applied = session.apply(&image(PUBLISHER), None, &planned).await;
    assert_eq!(applied.diagnostics, []);
    applied
}

#[tokio::test]
async fn a_role_that_nobody_knew_at_plan_is_asked_for_until_it_is_there() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let refusing = refusing(&sandbox, Some(1));
    created(&sandbox).await;
    assert_eq!((refusing.hits(), asked(&sandbox)), (1, 2));
}

#[tokio::test]
async fn a_role_that_was_known_at_plan_is_asked_for_once() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    refusing(&sandbox, None);
    let (_plugin, mut session) = configured(&sandbox).await;
    let planned = planned(&sandbox, PUBLISHER, &mut session).await;
    let applied = session.apply(&image(PUBLISHER), None, &planned).await;
    let error = error(&applied.diagnostics);
    assert!(error.starts_with("Cannot assume IAM role"), "{error}");
    assert!(applied.state.is_null());
    assert_eq!(asked(&sandbox), 1);
}

#[tokio::test]
async fn what_exists_is_refreshed_changed_and_destroyed_without_a_second_question() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let before = created(&sandbox).await;
    refusing(&sandbox, None);
    let mut more = image(PUBLISHER);
    more["image_tags"] = json!(["3.22", "stable"]);
    for step in ["refresh", "update", "delete"] {
        sandbox.journal().clear();
        let (_plugin, mut session) = configured(&sandbox).await;
        let after = match step {
            "refresh" => session.refresh(&before).await,
            "update" => {
                let planned = session.plan(&more, Some(&before)).await;
                session.apply(&more, Some(&before), &planned).await
            }
            _ => session.delete(&before).await,
        };
        let error = error(&after.diagnostics);
        assert!(
            error.starts_with("Cannot assume IAM role"),
            "{step}: {error}"
        );
        assert_eq!(after.state, before.state, "{step}");
        assert_eq!(asked(&sandbox), 1, "{step}");
    }
}
