use super::*;
use crate::mirror::memory::{Memory, Target};

fn destination(path: &str) -> Arc<dyn Destination> {
    Arc::new(Target(Memory::new("public.ecr.aws", path)))
}

fn digest(name: &str) -> Digest {
    Digest::sha256(name.as_bytes())
}

/// Where a run that wants a blob at `z/app` would get it.
fn choose(places: &Arc<Places>, author: &Author, blob: &Digest) -> Choice {
    let wanted_at = Repository::new("public.ecr.aws", "z/app").unwrap();
    places.choose(author, &wanted_at, blob)
}

fn path(choice: &Choice) -> String {
    match choice {
        Choice::Read(reading) => reading.destination().repository().path().to_owned(),
        Choice::Wait(_) => "wait".to_owned(),
        Choice::Source => "source".to_owned(),
    }
}

fn refused(choice: Choice) {
    let Choice::Read(reading) = choice else {
        panic!("{choice:?}")
    };
    reading.failed(&ErrorKind::NotFound);
}

#[test]
fn readers_spread_over_the_places_there_are() {
    let places = Arc::new(Places::default());
    let (author, blob) = (places.author(), digest("blob"));
    for path in ["a/app", "b/app", "z/app"] {
        places.hold(&author, &destination(path), &blob);
    }
    let reader = places.author();
    let readings: Vec<_> = (0..4).map(|_| choose(&places, &reader, &blob)).collect();
    let mut paths: Vec<_> = readings.iter().map(path).collect();
    paths.sort();
    assert_eq!(paths, ["a/app", "a/app", "b/app", "b/app"]);
    drop(readings);
    assert_eq!(places.busy(), (0, 0));
}

#[test]
fn a_place_that_cannot_be_read_is_forgotten() {
    let places = Arc::new(Places::default());
    let (author, blob) = (places.author(), digest("blob"));
    places.hold(&author, &destination("a/app"), &blob);
    let Choice::Read(reading) = choose(&places, &places.author(), &blob) else {
        panic!("nothing to read")
    };
    reading.failed(&ErrorKind::Unavailable);
    assert_eq!(path(&choose(&places, &places.author(), &blob)), "source");
    assert_eq!(places.lock().count, 0);
}

#[tokio::test]
async fn a_shy_registry_is_read_when_an_image_refers_to_the_blob() {
    let places = Arc::new(Places::default());
    let (author, blob) = (places.author(), digest("blob"));
    let there = destination("a/app");
    places.hold(&author, &there, &blob);
    let reader = places.author();
    refused(choose(&places, &reader, &blob));
    let Choice::Wait(waiting) = choose(&places, &reader, &blob) else {
        panic!("nothing to wait for")
    };
    places.refer(&author, &there, std::iter::once(&blob));
    waiting.over(&Context::new()).await.unwrap();
    assert_eq!(path(&choose(&places, &reader, &blob)), "a/app");
    assert_eq!(places.busy(), (0, 0));
    // And what is refused even then is gone.
    refused(choose(&places, &reader, &blob));
    assert_eq!(path(&choose(&places, &reader, &blob)), "source");
}

#[tokio::test]
async fn nobody_waits_for_a_run_that_has_ended() {
    let places = Arc::new(Places::default());
    let (author, blob) = (places.author(), digest("blob"));
    places.hold(&author, &destination("a/app"), &blob);
    let reader = places.author();
    refused(choose(&places, &reader, &blob));
    let Choice::Wait(waiting) = choose(&places, &reader, &blob) else {
        panic!("nothing to wait for")
    };
    drop(author);
    waiting.over(&Context::new()).await.unwrap();
    assert_eq!(path(&choose(&places, &reader, &blob)), "source");
}

#[test]
fn a_wait_that_would_close_a_circle_is_not_begun() {
    let places = Arc::new(Places::default());
    let [one, two, three] = [(); 3].map(|()| places.author());
    let [x, y, z] = ["x", "y", "z"].map(digest);
    places.hold(&one, &destination("a/app"), &x);
    places.hold(&two, &destination("b/app"), &y);
    places.hold(&three, &destination("c/app"), &z);
    refused(choose(&places, &two, &x));
    let first = choose(&places, &two, &x);
    let second = choose(&places, &three, &y);
    let third = choose(&places, &one, &z);
    assert_eq!(
        [&first, &second, &third].map(path),
        ["wait", "wait", "source"]
    );
    assert_eq!(
        path(&choose(&places, &one, &x)),
        "source",
        "its own promise"
    );
    drop(first);
    assert_eq!(path(&choose(&places, &one, &z)), "wait");
}

#[test]
fn an_image_that_is_put_between_look_and_wait_ends_the_wait() {
    let places = Arc::new(Places::default());
    let (author, blob) = (places.author(), digest("blob"));
    let there = destination("a/app");
    places.hold(&author, &there, &blob);
    let reader = places.author();
    refused(choose(&places, &reader, &blob));
    // An image that is about something else was put before: it is no reason to look again.
    places.refer(&author, &there, std::iter::empty());
    let Choice::Wait(waiting) = choose(&places, &reader, &blob) else {
        panic!("nothing to wait for")
    };
    assert!(!waiting.images.has_changed().unwrap());
    places.refer(&author, &there, std::iter::once(&blob));
    assert!(waiting.images.has_changed().unwrap());
}

#[test]
fn the_record_is_bounded() {
    let places = Places::default();
    let author = places.author();
    let there = destination("a/app");
    for number in 0..=HOLDINGS {
        places.hold(&author, &there, &digest(&number.to_string()));
    }
    let state = places.lock();
    assert!(state.count <= HOLDINGS && state.holdings.len() == state.count);
    assert_eq!(state.places.len(), 1);
}
