//! Memory does not grow with the size of layers, and hardly with the number of images.
//!
//! The program copies between two registries in this process that make bytes up and throw bytes
//! away, so nothing is on disk. Its peak (`VmHWM`) is read when it sets its last tag. `-- --nocapture`
//! shows the table. As measured once, without optimisation, in MiB:
//!
//! | layer | 1 MiB | 16 MiB | 256 MiB | 1 GiB | 4 GiB |
//! |---|--:|--:|--:|--:|--:|
//! | peak | 13.2 | 13.3 | 13.6 | 13.6 | 13.8 |
//!
//! | images | 1 | 10 | 100 | 2,000 |
//! |---|--:|--:|--:|--:|
//! | peak | 13.1 | 14.5 | 18.4 | 27.9 |

#![cfg(test)]
#![cfg(target_os = "linux")]

mod registries;

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use self::registries::{Image, Registries};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Blobs in flight in these tests.
const JOBS: u64 = 16;

/// What the documentation of `mirror::Limits` says about a blob in flight.
const PER_TRANSFER: u64 = MIB / 2;

/// What it says about everything that is remembered, for 2,000 images of two blobs: a manifest and
/// its view (2 KiB), and five entries about what is where (of about 300 bytes, in tables that are
/// at most half empty).
const PER_IMAGE: u64 = 2 * KIB + 5 * 600;

/// What an allocator keeps for its threads of what was given back.
const ALLOCATOR: u64 = 8 * MIB;

/// Much longer than it takes on a slow machine without optimisation; a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(600);

/// Copies images of one layer of so many bytes each, and returns the peak in bytes.
async fn peak(images: u64, layer_bytes: u64) -> u64 {
    let images: Vec<_> = (0..images).map(|n| Image::new(n, layer_bytes)).collect();
    let expected: u64 = images.iter().map(Image::bytes).sum();
    let count = images.len();
    let registries = Registries::serve(images).await;
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("pairs");
    fs::write(&list, registries.pairs(count)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mirror"))
        .args(["--plain-http", "--jobs", &JOBS.to_string(), "sync"])
        .arg(&list)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    registries.watch(child.id().unwrap());
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    assert!(ended.expect("it hangs").unwrap().success());
    assert_eq!(registries.received(), expected, "everything was sent once");
    registries.peak()
}

fn tell(what: &str, peak: u64) {
    let mebibytes = peak.div_ceil(KIB * KIB / 10);
    let line = format!("{what:>24} {}.{} MiB\n", mebibytes / 10, mebibytes % 10);
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

#[tokio::test]
async fn the_peak_does_not_depend_on_the_size_of_a_layer() {
    let mut smallest = None;
    for size in [1, 16, 256, 1024, 4096] {
        let peak = peak(1, size * MIB).await;
        tell(&format!("1 layer of {size} MiB"), peak);
        let smallest = *smallest.get_or_insert(peak);
        let bound = smallest + PER_TRANSFER + ALLOCATOR;
        assert!(peak <= bound, "{size} MiB: {peak} bytes, more than {bound}");
    }
}

#[tokio::test]
async fn the_peak_hardly_depends_on_the_number_of_images() {
    let mut smallest = None;
    for images in [1, 10, 100, 2_000] {
        let peak = peak(images, 64 * KIB).await;
        tell(&format!("{images} images"), peak);
        let smallest = *smallest.get_or_insert(peak);
        let bound = smallest + JOBS * PER_TRANSFER + images * PER_IMAGE + ALLOCATOR;
        assert!(peak <= bound, "{images}: {peak} bytes, more than {bound}");
    }
}
