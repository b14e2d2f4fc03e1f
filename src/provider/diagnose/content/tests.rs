use super::super::tests::text;
use super::*;

use crate::content;
use crate::mirror::Side;
use crate::task::{Limit, Stopped};

fn failed(step: Step, cause: impl Into<Cause>) -> Error {
    Error {
        side: Side::Source,
        step,
        subject: "sha256:0000".to_owned(),
        cause: cause.into(),
        partial: None,
    }
}

fn store(kind: ErrorKind) -> content::Error {
    kind.into()
}

#[test]
fn what_can_be_said_about_content_that_is_not_read() {
    let app: Reference = "acme/app:2.0".parse().unwrap();
    let nginx: Reference = "nginx:1.27".parse().unwrap();
    let official = official::at_ecr_public(nginx.repository()).unwrap();
    let waited = Limit::from(std::time::Duration::from_secs(300));
    let about =
        |at: &Repository, step, cause: Cause| content_not_read(&nginx, at, &failed(step, cause));
    let here = nginx.repository();
    let manifest = Step::ReadManifest;
    let all = [
        content_costs_pulls(&app),
        content_costs_pulls(&nginx),
        about(&official, manifest, store(ErrorKind::NotFound).into()),
        about(&official, manifest, store(ErrorKind::Unavailable).into()),
        about(here, manifest, store(ErrorKind::NotFound).into()),
        about(here, manifest, Cause::TooComplex),
        about(
            here,
            manifest,
            store(ErrorKind::Stopped(Stopped::DeadlineExceeded(waited))).into(),
        ),
        about(
            &official,
            Step::ReadBlob,
            store(ErrorKind::TooLarge { limit: 1 << 20 }).into(),
        ),
    ];
    let all: Vec<String> = all.iter().map(text).collect();
    insta::assert_snapshot!("content", all.join("\n\n---\n\n"));
}
