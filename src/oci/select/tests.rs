use super::*;
use crate::oci::MediaType;

const AMD: &str = r#"{ "platform" :{"os":"linux","architecture":"amd64"},"size":1,
 "digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","mediaType":"application/vnd.oci.image.manifest.v1+json", "new field": 1.50}"#;

fn digest(letter: char) -> String {
    format!("sha256:{}", String::from(letter).repeat(64))
}

fn entry(letter: char, platform: &str, more: &str) -> String {
    let parts: Vec<&str> = platform.split('/').collect();
    let variant = parts.get(2).map_or(String::new(), |variant| {
        format!(r#","variant":"{variant}""#)
    });
    format!(
        r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"digest":"{}","platform":{{"os":"{}","architecture":"{}"{variant}}}{more}}}"#,
        digest(letter),
        parts[0],
        parts[1],
    )
}

fn about(letter: char, described: char) -> String {
    let annotations = format!(
        r#","annotations":{{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{}"}}"#,
        digest(described)
    );
    entry(letter, "unknown/unknown", &annotations)
}

fn index_text(entries: &[String]) -> String {
    format!(
        "{{\n \"annotations\": {{\"k\" : 1e2}},\"manifests\": [\n{}\n ] , \"schemaVersion\":2}}",
        entries.join(" ,\n")
    )
}

fn index(entries: &[String]) -> Manifest {
    let media_type = MediaType::new(MediaType::OCI_INDEX);
    Manifest::parse(index_text(entries).into(), &media_type).unwrap()
}

fn wanted(platforms: &[&str]) -> BTreeSet<Platform> {
    let platforms = platforms.iter();
    platforms.map(|text| text.parse().unwrap()).collect()
}

fn choose(entries: &[String], platforms: &[&str]) -> Result<Selection, SelectionError> {
    select(&index(entries), &wanted(platforms))
}

/// The letter of the digest that one platform selects, or the platforms there are.
fn one(platforms: &[&str], choice: &str) -> Result<char, Vec<String>> {
    let letters = 'a'..='f';
    let entries: Vec<String> = letters
        .zip(platforms)
        .map(|(letter, platform)| entry(letter, platform, ""))
        .collect();
    match choose(&entries, &[choice]) {
        Ok(Selection::One(entry)) => Ok(entry.digest.encoded().chars().next().unwrap()),
        Err(SelectionError::NoSuchPlatform { available, .. }) => {
            Err(available.iter().map(ToString::to_string).collect())
        }
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn a_platform_selects_the_entry_that_is_written_the_same_way() {
    let there = ["linux/arm64", "linux/arm64/v8", "windows/amd64"];
    assert_eq!(one(&there, "linux/arm64"), Ok('a'));
    assert_eq!(one(&there, "linux/arm64/v8"), Ok('b'));
}

#[test]
fn without_variant_the_only_variant_is_meant() {
    assert_eq!(one(&["linux/arm64/v8"], "linux/arm64"), Ok('a'));
    assert_eq!(one(&["linux/amd64", "linux/arm/v6"], "linux/arm"), Ok('b'));
}

#[test]
fn without_variant_several_variants_are_ambiguous() {
    let there = ["linux/arm/v6", "linux/arm/v7"];
    let listed = there.map(str::to_owned).to_vec();
    assert_eq!(one(&there, "linux/arm"), Err(listed));
}

#[test]
fn the_default_variant_means_an_entry_without_variant() {
    assert_eq!(one(&["linux/arm64"], "linux/arm64/v8"), Ok('a'));
    assert_eq!(one(&["linux/arm"], "linux/arm/v7"), Ok('a'));
    assert!(one(&["linux/arm"], "linux/arm/v6").is_err());
    assert!(one(&["linux/s390x"], "linux/s390x/z15").is_err());
}

#[test]
fn attestations_are_no_platform() {
    assert!(one(&["unknown/unknown"], "unknown/unknown").is_err());
    let there = ["linux/amd64", "unknown/unknown"];
    assert_eq!(one(&there, "linux/arm64"), Err(vec!["linux/amd64".into()]));
}

#[test]
fn of_several_entries_for_one_platform_the_first_is_the_image() {
    assert_eq!(
        one(&["windows/amd64", "windows/amd64"], "windows/amd64"),
        Ok('a')
    );
}

fn several(entries: &[String], platforms: &[&str]) -> String {
    match choose(entries, platforms) {
        Ok(Selection::Several(manifest)) => String::from_utf8(manifest.bytes().to_vec()).unwrap(),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn a_rewritten_index_keeps_the_received_text_order_and_attestations() {
    let arm = entry('b', "linux/arm64/v8", "");
    let entries = [
        about('e', 'b'),
        AMD.to_owned(),
        entry('c', "linux/s390x", ""),
        about('d', 'c'),
        arm.clone(),
    ];
    let text = several(&entries, &["linux/arm64", "linux/amd64"]);
    let expected = format!(
        r#"{{"annotations":{{"k" : 1e2}},"manifests":[{},{AMD},{arm}],"schemaVersion":2}}"#,
        about('e', 'b')
    );
    assert_eq!(text, expected);
}

#[test]
fn a_choice_that_leaves_nothing_out_gives_the_index_itself() {
    let entries = [
        AMD.to_owned(),
        entry('b', "linux/arm64", ""),
        about('c', 'b'),
    ];
    let text = several(&entries, &["linux/amd64", "linux/arm64/v8"]);
    assert_eq!(text, index_text(&entries));
}

#[test]
fn an_annotation_alone_makes_no_attestation() {
    let unrelated = format!(
        r#","annotations":{{"vnd.docker.reference.digest":"{}"}}"#,
        digest('b')
    );
    let entries = [
        AMD.to_owned(),
        entry('b', "linux/arm64", ""),
        entry('c', "unknown/unknown", &unrelated),
    ];
    let text = several(&entries, &["linux/amd64", "linux/arm64"]);
    assert!(!text.contains(&digest('c')));
}

#[test]
fn choosing_from_a_choice_changes_nothing() {
    let entries = [
        AMD.to_owned(),
        entry('b', "linux/arm64", ""),
        entry('c', "linux/s390x", ""),
    ];
    let platforms = ["linux/amd64", "linux/arm64"];
    let once = several(&entries, &platforms);
    let media_type = MediaType::new(MediaType::OCI_INDEX);
    let chosen = Manifest::parse(once.clone().into(), &media_type).unwrap();
    let Ok(Selection::Several(twice)) = select(&chosen, &wanted(&platforms)) else {
        unreachable!()
    };
    assert_eq!(twice.bytes(), once.as_bytes());
}
