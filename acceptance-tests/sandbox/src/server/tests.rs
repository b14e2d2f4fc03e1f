//! What each fault does to a request on its way.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::StreamBody;

use crate::client::{Answer, bearer, get, head, request, send, try_send, with};
use crate::exchange::Body;
use crate::fault::{Effect, Fault, FaultHandle};
use crate::journal::Progress;
use crate::{Face, Sandbox, Seed};

const BUSYBOX: &str = "library/busybox";

/// A sandbox, and the address of a blob in the object storage with the bytes there.
struct Stage {
    sandbox: Sandbox,
    address: String,
    bytes: Bytes,
}

impl Stage {
    async fn set() -> Self {
        let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
        let token = sandbox.hub_token(BUSYBOX, None).await;
        let manifest = format!("{}/v2/{BUSYBOX}/manifests/1.36", sandbox.hub_url());
        let manifest = send(bearer(get(&manifest), &token)).await.json();
        let layer = manifest["layers"][0]["digest"].as_str().unwrap();
        let blob = format!("{}/v2/{BUSYBOX}/blobs/{layer}", sandbox.hub_url());
        let redirect = send(bearer(get(&blob), &token)).await;
        let address = redirect.header("location").unwrap().to_owned();
        let bytes = send(get(&address)).await.body;
        sandbox.journal().clear();
        Self {
            sandbox,
            address,
            bytes,
        }
    }

    fn strike(&self, effect: Effect) -> FaultHandle {
        let fault = Fault::on(Face::HubCdn, effect);
        self.sandbox.faults().add(fault)
    }

    async fn download(&self) -> Answer {
        send(get(&self.address)).await
    }
}

#[tokio::test]
async fn an_answer_of_the_fault_replaces_the_real_one() {
    let stage = Stage::set().await;
    stage.strike(Effect::status(503));
    stage.strike(Effect::hub_abuse());
    let unavailable = stage.download().await;
    assert_eq!(unavailable.status, StatusCode::SERVICE_UNAVAILABLE);
    let abuse = stage.download().await;
    assert_eq!(abuse.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(abuse.header("retry-after"), Some("60"));
    assert_eq!(abuse.text(), "Too Many Requests (HAP429)\n");
    assert_eq!(stage.download().await.body, stage.bytes, "each struck once");
}

#[tokio::test(start_paused = true)]
async fn a_delayed_request_is_answered_after_its_delay_and_not_before() {
    let stage = Stage::set().await;
    let milliseconds = 3_600_000;
    stage.strike(Effect::Delay { milliseconds });
    let before = tokio::time::Instant::now();
    assert_eq!(stage.download().await.body, stage.bytes);
    // The clock is paused: it moves only when everybody waits, and then as far as the delay.
    assert!(before.elapsed() >= Duration::from_millis(milliseconds));
    let released = stage.strike(Effect::Delay { milliseconds });
    released.release();
    let before = tokio::time::Instant::now();
    assert_eq!(stage.download().await.body, stage.bytes);
    assert!(before.elapsed() < Duration::from_millis(milliseconds));
}

#[tokio::test]
async fn a_held_request_goes_on_when_it_is_released() {
    let stage = Stage::set().await;
    let held = stage.strike(Effect::Hold);
    let release = async {
        held.reached().await;
        let entries = stage.sandbox.journal().entries();
        assert_eq!(entries.last().unwrap().progress, Progress::Received);
        held.release();
    };
    let (answer, ()) = tokio::join!(stage.download(), release);
    assert_eq!(answer.body, stage.bytes);
}

#[tokio::test]
async fn a_cut_answer_has_exactly_so_many_bytes() {
    let stage = Stage::set().await;
    for after_bytes in [0, 1, 70_000] {
        stage.strike(Effect::CutResponse { after_bytes });
        let cut = stage.download().await;
        assert!(!cut.is_complete);
        let length = usize::try_from(after_bytes).unwrap();
        assert_eq!(cut.body, stage.bytes.slice(..length));
        let declared = stage.bytes.len().to_string();
        assert_eq!(cut.header("content-length"), Some(&*declared));
    }
}

#[tokio::test]
async fn a_stalled_answer_stops_until_it_is_released() {
    let stage = Stage::set().await;
    let after_bytes = 1000;
    let stalled = stage.strike(Effect::Stall { after_bytes });
    let release = async {
        let journal = stage.sandbox.journal();
        let begun = |entry: &crate::Entry| entry.progress == Progress::Answering;
        journal.wait_for(begun).await.unwrap();
        stalled.release();
    };
    let (answer, ()) = tokio::join!(stage.download(), release);
    assert!(answer.is_complete);
    assert_eq!(answer.body, stage.bytes);
}

#[tokio::test]
async fn a_wrong_byte_is_the_only_difference() {
    let stage = Stage::set().await;
    stage.strike(Effect::WrongByte { at: 70_000 });
    let wrong = stage.download().await;
    assert!(wrong.is_complete);
    let pairs = wrong.body.iter().zip(&stage.bytes).enumerate();
    let differences: Vec<usize> = pairs.filter(|(_, (a, b))| a != b).map(|(n, _)| n).collect();
    assert_eq!(differences, [70_000]);
}

#[tokio::test]
async fn a_cut_request_is_received_so_far_and_not_answered() {
    let stage = Stage::set().await;
    let upload = Effect::CutRequest { after_bytes: 10 };
    let fault = Fault::on(Face::Sts, upload).method("POST");
    stage.sandbox.faults().add(fault);
    // Without a length, the request is not read before the fault is looked up.
    let pieces = [Bytes::from_static(b"0123456789"), Bytes::from_static(b"ab")];
    let frames = pieces.map(|piece| Ok(http_body::Frame::data(piece)));
    let stream = StreamBody::new(futures_util::stream::iter(frames));
    let post = http::Request::post(stage.sandbox.sts_url());
    let post = post.body(Body::wrapping(stream)).unwrap();
    assert!(try_send(post).await.is_err());
    let entry = stage.sandbox.journal().entries().pop().unwrap();
    assert_eq!((entry.bytes_in, entry.progress), (10, Progress::Broken));
    let fault = Fault::on(Face::Hub, Effect::CutRequest { after_bytes: 0 });
    stage.sandbox.faults().add(fault);
    assert!(try_send(get(&stage.sandbox.hub_url())).await.is_err());
}

#[tokio::test]
async fn an_expired_token_is_refused_by_each_face_in_its_own_words() {
    let stage = Stage::set().await;
    for face in [Face::Hub, Face::HubCdn] {
        stage
            .sandbox
            .faults()
            .add(Fault::on(face, Effect::ExpireToken));
    }
    let token = stage.sandbox.hub_token(BUSYBOX, None).await;
    let manifest = format!("{}/v2/{BUSYBOX}/manifests/1.36", stage.sandbox.hub_url());
    let hub = send(bearer(head(&manifest), &token)).await;
    assert_eq!(hub.status, StatusCode::UNAUTHORIZED);
    assert_eq!(stage.download().await.status, StatusCode::FORBIDDEN);
    assert_eq!(stage.download().await.body, stage.bytes);
}

#[tokio::test]
async fn a_fault_finds_an_aws_request_by_operation_and_by_what_it_says() {
    let stage = Stage::set().await;
    let role = "arn:aws:iam::222222222222:role/ecr-publisher";
    let fault = Fault::on(Face::Sts, Effect::throttled()).operation("AssumeRole");
    let struck = stage
        .sandbox
        .faults()
        .add(fault.body(&format!("RoleArn={role}")));
    let call = |role: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", "AssumeRole");
        form.append_pair("Version", "2011-06-15");
        form.append_pair("RoleArn", role);
        let kind = "application/x-www-form-urlencoded";
        let post = request(Method::POST, &stage.sandbox.sts_url(), form.finish());
        send(with(post, "content-type", kind))
    };
    let other = call("arn:aws:iam::333333333333:role/ecr-publisher").await;
    assert!(other.text().contains("MissingAuthenticationToken"));
    assert_eq!(struck.hits(), 0);
    assert!(call(role).await.text().contains("ThrottlingException"));
    assert_eq!(struck.hits(), 1);
}
