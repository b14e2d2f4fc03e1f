use super::*;

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn parse(announced: &str, json: &str) -> Result<Manifest, InvalidManifest> {
    Manifest::parse(
        Bytes::copy_from_slice(json.as_bytes()),
        &MediaType::new(announced),
    )
}

fn refused(announced: &str, json: &str) -> String {
    match parse(announced, json) {
        Ok(manifest) => panic!("{json} was taken for {manifest:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_image_points_at_its_config_and_layers_in_order() {
    let json = format!(
        r#"{{ "schemaVersion": 2, "config": {{"mediaType":"c","digest":"{A}","size":2}},
            "layers": [{{"mediaType":"l1","digest":"{A}","size":3}},{{"mediaType":"l2","digest":"{A}","size":4,"urls":["https://x"]}}] }}"#
    );
    let manifest = parse(MediaType::OCI_MANIFEST, &json).unwrap();
    assert_eq!(manifest.kind(), ManifestKind::Image);
    let seen: Vec<(&str, u64)> = manifest
        .children()
        .iter()
        .map(|child| {
            (
                child.descriptor().media_type.as_str(),
                child.descriptor().size,
            )
        })
        .collect();
    assert_eq!(seen, [("c", 2), ("l1", 3), ("l2", 4)]);
    assert!(matches!(manifest.children()[0], Child::Config(_)));
    assert_eq!(manifest.bytes(), json.as_bytes());
    assert!(manifest.digest().matches(json.as_bytes()));
    assert_eq!(manifest.descriptor().size, json.len() as u64);
}

#[test]
fn an_index_points_at_manifests_with_platforms() {
    let json = format!(
        r#"{{"mediaType":"{}","manifests":[
            {{"mediaType":"m","digest":"{A}","size":1,"platform":{{"os":"linux","architecture":"arm","variant":"v7","os.version":"1"}}}},
            {{"mediaType":"m","digest":"{A}","size":1,"platform":{{"os":"linux","architecture":"amd64","variant":""}}}},
            {{"mediaType":"m","digest":"{A}","size":1,"platform":{{}},"annotations":null}},
            {{"mediaType":"m","digest":"{A}","size":1,"annotations":{{"k":"v"}}}}]}}"#,
        MediaType::OCI_INDEX
    );
    let manifest = parse(
        "application/vnd.oci.image.index.v1+json; charset=utf-8",
        &json,
    )
    .unwrap();
    assert_eq!(manifest.kind(), ManifestKind::Index);
    let platforms: Vec<Option<String>> = manifest
        .children()
        .iter()
        .map(|child| {
            child
                .descriptor()
                .platform
                .as_ref()
                .map(Platform::to_string)
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        platforms,
        [some("linux/arm/v7"), some("linux/amd64"), None, None]
    );
    assert_eq!(manifest.children()[3].descriptor().annotations["k"], "v");
}

#[test]
fn empty_manifests_and_unknown_fields_are_no_error() {
    assert!(
        parse(MediaType::OCI_INDEX, r#"{"manifests":[]}"#)
            .unwrap()
            .children()
            .is_empty()
    );
    let artifact = r#"{"artifactType":"x/y","subject":{"z":1},"layers":[],"new":[1,{"a":2}]}"#;
    assert!(
        parse(MediaType::OCI_MANIFEST, artifact)
            .unwrap()
            .children()
            .is_empty()
    );
}

#[test]
fn schema_1_is_refused_by_name() {
    let v1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    for (announced, json) in [
        (v1, "not even JSON".to_owned()),
        (
            MediaType::DOCKER_MANIFEST,
            r#"{"schemaVersion":1,"fsLayers":[]}"#.to_owned(),
        ),
        (
            MediaType::DOCKER_MANIFEST,
            format!(r#"{{"mediaType":"{v1}"}}"#),
        ),
        ("application/json", r#"{"schemaVersion":1}"#.to_owned()),
    ] {
        assert!(
            refused(announced, &json).contains("schema 1"),
            "{announced} {json}"
        );
    }
}

#[test]
fn header_and_body_must_agree() {
    let json = format!(
        r#"{{"mediaType":"{}","layers":[]}}"#,
        MediaType::DOCKER_MANIFEST
    );
    assert_eq!(
        refused(MediaType::OCI_MANIFEST, &json),
        format!(
            "the registry announced `{}`, the manifest says `{}`",
            MediaType::OCI_MANIFEST,
            MediaType::DOCKER_MANIFEST
        )
    );
    assert_eq!(
        refused("text/html", "{}"),
        "`text/html` is not the media type of a manifest"
    );
}

#[test]
fn a_manifest_of_two_kinds_is_refused() {
    let config = format!(r#"{{"mediaType":"c","digest":"{A}","size":2}}"#);
    for (announced, json) in [
        (
            MediaType::OCI_INDEX,
            r#"{"manifests":[],"layers":[]}"#.to_owned(),
        ),
        (MediaType::OCI_INDEX, format!(r#"{{"config":{config}}}"#)),
        (MediaType::OCI_MANIFEST, r#"{"manifests":[]}"#.to_owned()),
        (
            MediaType::DOCKER_MANIFEST,
            r#"{"manifests":[],"layers":[]}"#.to_owned(),
        ),
    ] {
        assert_eq!(
            refused(announced, &json),
            "the manifest has fields of an index and of an image",
            "{json}"
        );
    }
    // The same field twice is how two readers see two images, too.
    assert_eq!(
        refused(MediaType::OCI_INDEX, r#"{"manifests":[],"manifests":[]}"#),
        "the manifest cannot be read"
    );
}

#[test]
fn hostile_descriptors_are_refused() {
    let index = |digest: &str, size: &str| {
        format!(r#"{{"manifests":[{{"mediaType":"m","digest":"{digest}","size":{size}}}]}}"#)
    };
    let rows = [
        (
            index("sha256:../../etc/passwd", "1"),
            "the manifest points at a digest that cannot be verified",
        ),
        (
            index("md5:d41d8cd98f00b204e9800998ecf8427e", "1"),
            "the manifest points at a digest that cannot be verified",
        ),
        (index(A, "-1"), "the manifest cannot be read"),
        (index(A, "1.5"), "the manifest cannot be read"),
        (
            index(A, "18446744073709551615"),
            "the manifest points at content of 18446744073709551615 bytes",
        ),
        ("[".repeat(100_000), "the manifest cannot be read"),
        (String::new(), "the manifest cannot be read"),
    ];
    for (json, expected) in rows {
        assert_eq!(refused(MediaType::OCI_INDEX, &json), expected);
    }
}

#[test]
fn a_manifest_tells_what_it_refers_to() {
    let subject = Digest::sha256(b"an image");
    let media_type = MediaType::new(MediaType::OCI_MANIFEST);
    let read = |more: &str| {
        let text = format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"application/config","digest":"{}","size":2}},"layers":[],{more}}}"#,
            Digest::sha256(b"{}")
        );
        Manifest::parse(text.into(), &media_type).unwrap()
    };
    let full = read(&format!(
        r#""artifactType":"application/signature","subject":{{"digest":"{subject}","size":1}},"annotations":{{"a":"b","c":7}}"#
    ));
    assert_eq!(full.subject(), Some(&subject));
    let listed = full.as_referrer();
    assert_eq!(listed.digest, *full.digest());
    assert_eq!(
        listed.artifact_type.as_deref(),
        Some("application/signature")
    );
    let annotations = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    assert_eq!(listed.annotations, annotations);
    assert_eq!(full.descriptor().annotations, BTreeMap::new());

    for more in [
        r#""artifactType":"","annotations":{}"#,
        r#""subject":{"digest":"md5:0"},"artifactType":null"#,
        r#""subject":"sha256:0","annotations":["a"],"artifactType":7"#,
    ] {
        let plain = read(more);
        assert_eq!(plain.subject(), None, "{more}");
        let listed = plain.as_referrer();
        assert_eq!(listed.artifact_type.as_deref(), Some("application/config"));
        assert_eq!(listed.annotations, BTreeMap::new(), "{more}");
    }
}
