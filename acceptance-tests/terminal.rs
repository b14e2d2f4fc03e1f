//! Bars on the terminal: there when they were asked for and there is a terminal, and nowhere else.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use ecr_public_sandbox::{Effect, Face, Fault, FaultHandle, image};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::sync::watch;

use crate::faults::{arrived, copy_of, largest_layer};
use crate::support::scenario::{FIRST, Scenario};

const APPLY: &[&str] = &["apply", "-input=false", "-auto-approve"];

/// How a bar begins.
const NAME: &str = "docker.io/acme/big:1.0 to public.ecr.aws/";

/// Everything that was written to a terminal so far.
struct Screen(watch::Receiver<String>);

/// A terminal, and what is seen on it.
fn terminal() -> (OwnedFd, Screen) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let size = Winsize {
        ws_row: 40,
        ws_col: 120,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(master.as_fd(), size).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let (seen, screen) = watch::channel(String::new());
    std::thread::spawn(move || {
        let mut master = File::from(master);
        let mut bytes = [0; 4096];
        // It ends with an error when nobody has the terminal open any more.
        while let Ok(count @ 1..) = master.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            seen.send_modify(|seen| seen.push_str(&text));
        }
    });
    (slave, Screen(screen))
}

impl Screen {
    /// Waits until all of this was written.
    async fn shows(&mut self, parts: &[&str]) {
        let wanted = |text: &String| parts.iter().all(|part| text.contains(part));
        let shown = tokio::time::timeout(Duration::from_secs(60), self.0.wait_for(wanted)).await;
        let is_shown = shown.is_ok_and(|shown| shown.is_ok());
        let screen = self.0.borrow().clone();
        let last: Vec<_> = screen.rsplit("\x1b[J").take(30).collect();
        assert!(is_shown, "{parts:?} are not on the terminal: {last:?}");
    }

    /// Everything that was written until the last one closed the terminal.
    async fn whole(mut self) -> String {
        while self.0.changed().await.is_ok() {}
        self.0.borrow().clone()
    }
}

/// An image whose large layer stands still after half of it.
async fn stalling() -> (Scenario, FaultHandle) {
    let scenario = Scenario::with(&copy_of("acme/big:1.0", "")).await;
    let big = image("big").layers([100_000, 4 << 20]);
    let hub = scenario.sandbox.hub();
    hub.push("acme/big", "1.0", &big).unwrap();
    let layer = largest_layer(&scenario, "acme/big", "1.0");
    let stall = Effect::Stall {
        after_bytes: 2 << 20,
    };
    let stall = Fault::on(Face::HubCdn, stall).path(layer.hex());
    let handle = scenario.sandbox.faults().add(stall);
    (scenario, handle)
}

#[tokio::test]
async fn bars_are_drawn_on_the_terminal_and_gone_in_the_end() {
    let (mut scenario, stall) = stalling().await;
    scenario.terraform.set("ECRPUBLIC_PROGRESS", "1");
    let layer = largest_layer(&scenario, "acme/big", "1.0");
    let (terminal, mut screen) = terminal();
    let running = scenario.terraform.start_at(Some(terminal), APPLY);
    let waits = format!("s for bytes of {layer}");
    let name = format!("{NAME}{}/acme/big [", scenario.alias(FIRST));
    screen.shows(&[&name, "MiB/4.", &waits]).await;
    stall.release();
    let run = running.finish().await.succeeded();
    assert!(!run.text.contains(NAME), "{}", run.text);
    let whole = screen.whole().await;
    let (_, rest) = whole.rsplit_once("\x1b[J").unwrap();
    assert_eq!(rest, "", "nothing stays on the terminal");
    arrived(scenario).await;
}

#[tokio::test]
async fn nobody_who_did_not_ask_sees_bars() {
    for answer in [None, Some("0"), Some("false")] {
        let mut scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
        if let Some(answer) = answer {
            scenario.terraform.set("ECRPUBLIC_PROGRESS", answer);
        }
        let (terminal, screen) = terminal();
        let running = scenario.terraform.start_at(Some(terminal), APPLY);
        running.finish().await.succeeded();
        assert_eq!(screen.whole().await, "", "{answer:?}");
        scenario.was_clean().await;
    }
}

#[tokio::test]
async fn without_a_terminal_there_are_no_bars_and_no_complaints() {
    let mut scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    scenario.terraform.set("ECRPUBLIC_PROGRESS", "1");
    let running = scenario.terraform.start_at(None, APPLY);
    let run = running.finish().await.succeeded();
    for word in [" to public.ecr.aws/", "MiB/", "\x1b["] {
        assert!(!run.text.contains(word), "{}", run.text);
    }
    assert_eq!(run.stderr, "");
    scenario.was_clean().await;
}
