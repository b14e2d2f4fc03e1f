//! Structures of the service model, as JSON.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::accounts::Accounts;
use crate::store::{CatalogData, ImageDetail, ImageId, Place, Repository, TagDetail};

/// Members that are not null; AWS JSON leaves the others out.
pub(super) fn structure(members: Value) -> Value {
    match members {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

/// Seconds since 1970, to the millisecond.
pub(super) fn timestamp(at: OffsetDateTime) -> Value {
    let millis = i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    if millis % 1000 == 0 {
        return json!(millis / 1000);
    }
    // Exact up to 2^53 milliseconds, which are 285 000 years.
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact for every date a clock can show"
    )]
    let seconds = millis as f64 / 1000.0;
    json!(seconds)
}

/// `Repository`.
pub(super) fn repository(accounts: &Accounts, repository: &Repository) -> Value {
    let place = &repository.place;
    let alias = accounts.primary_alias(&place.account).unwrap_or_default();
    json!({
        "repositoryArn": repository.arn(),
        "registryId": place.account,
        "repositoryName": place.repository,
        "repositoryUri": format!("public.ecr.aws/{alias}/{}", place.repository),
        "createdAt": timestamp(repository.created_at),
    })
}

/// `RepositoryCatalogData`. A logo reads back only as an address.
pub(super) fn catalog(place: &Place, catalog: &CatalogData) -> Value {
    let list = |items: &[String]| (!items.is_empty()).then(|| items.to_vec());
    let logo = catalog.logo.as_ref().map(|_| {
        format!(
            "https://public.ecr.aws/logos/{}/{}.png",
            place.account, place.repository
        )
    });
    structure(json!({
        "description": catalog.description,
        "architectures": list(&catalog.architectures),
        "operatingSystems": list(&catalog.operating_systems),
        "logoUrl": logo,
        "aboutText": catalog.about_text,
        "usageText": catalog.usage_text,
        "marketplaceCertified": false,
    }))
}

/// `ImageIdentifier`.
pub(super) fn image_id(id: &ImageId) -> Value {
    structure(json!({ "imageDigest": id.digest, "imageTag": id.tag }))
}

/// `ImageDetail`.
pub(super) fn image(detail: &ImageDetail) -> Value {
    let tags = (!detail.tags.is_empty()).then_some(&detail.tags);
    structure(json!({
        "registryId": detail.place.account,
        "repositoryName": detail.place.repository,
        "imageDigest": detail.digest.as_str(),
        "imageTags": tags,
        "imageSizeInBytes": detail.size_bytes,
        "imagePushedAt": timestamp(detail.pushed_at),
        "imageManifestMediaType": detail.media_type,
        "artifactMediaType": detail.artifact_media_type,
    }))
}

/// `ImageTagDetail`.
pub(super) fn image_tag(detail: &TagDetail) -> Value {
    let image = &detail.image;
    json!({
        "imageTag": detail.tag,
        "createdAt": timestamp(detail.created_at),
        "imageDetail": structure(json!({
            "imageDigest": image.digest.as_str(),
            "imageSizeInBytes": image.size_bytes,
            "imagePushedAt": timestamp(image.pushed_at),
            "imageManifestMediaType": image.media_type,
            "artifactMediaType": image.artifact_media_type,
        })),
    })
}
