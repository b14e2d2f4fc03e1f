//! Images and their tags.

use bytes::Bytes;
use serde_json::json;

use super::call::{Answer, Call};
use super::error::ApiError;
use super::parameters::Parameters;
use super::render;
use crate::store::{ImageId, NewImage};

/// BatchDeleteImage. What could not be deleted is in the answer, not an error.
pub(super) fn batch_delete(call: &mut Call<'_>) -> Answer {
    let place = call.pushed_place()?;
    let ids = image_ids(&call.input)?.ok_or_else(|| ApiError::missing("imageIds"))?;
    call.authorize(&place)?;
    let outcome = call
        .store
        .delete_images(&place.account, &place.repository, &ids)?;
    let failures = outcome.failures.iter().map(|(id, failure)| {
        json!({
            "imageId": render::image_id(id),
            "failureCode": failure.code(),
            "failureReason": failure.reason(),
        })
    });
    Ok(json!({
        "imageIds": outcome.deleted.iter().map(render::image_id).collect::<Vec<_>>(),
        "failures": failures.collect::<Vec<_>>(),
    }))
}

/// DescribeImages.
pub(super) fn describe(call: &mut Call<'_>) -> Answer {
    let place = call.place()?;
    let ids = image_ids(&call.input)?;
    let (account, repository) = (&place.account, &place.repository);
    let (found, next) = match ids {
        Some(ids) => {
            call.input.forbid_page("imageIds")?;
            call.authorize(&place)?;
            (call.store.named_images(account, repository, &ids)?, None)
        }
        None => {
            let page = call.input.page()?;
            call.authorize(&place)?;
            let paged = call.store.images(account, repository, &page)?;
            (paged.items, paged.next)
        }
    };
    Ok(render::structure(json!({
        "imageDetails": found.iter().map(render::image).collect::<Vec<_>>(),
        "nextToken": next,
    })))
}

/// DescribeImageTags.
pub(super) fn describe_tags(call: &mut Call<'_>) -> Answer {
    let place = call.place()?;
    let page = call.input.page()?;
    call.authorize(&place)?;
    let paged = call
        .store
        .image_tags(&place.account, &place.repository, &page)?;
    Ok(render::structure(json!({
        "imageTagDetails": paged.items.iter().map(render::image_tag).collect::<Vec<_>>(),
        "nextToken": paged.next,
    })))
}

/// PutImage. The manifest is stored as it came, byte for byte.
pub(super) fn put(call: &mut Call<'_>) -> Answer {
    let place = call.pushed_place()?;
    let manifest = call.input.take_text("imageManifest")?;
    if !(1..=4_194_304).contains(&manifest.chars().count()) {
        let constraint = "must have length between 1 and 4194304";
        return Err(ApiError::invalid("imageManifest", constraint));
    }
    let new = NewImage {
        manifest: Bytes::from(manifest.clone()),
        media_type: call.input.text("imageManifestMediaType", (0, usize::MAX))?,
        tag: call.input.text("imageTag", (1, 300))?,
        digest: call.input.text("imageDigest", (0, usize::MAX))?,
    };
    let tag = new.tag.clone();
    call.authorize(&place)?;
    let image = call
        .store
        .put_image(&place.account, &place.repository, new)?;
    let id = ImageId {
        digest: Some(image.digest.to_string()),
        tag,
    };
    Ok(json!({
        "image": {
            "registryId": place.account,
            "repositoryName": place.repository,
            "imageId": render::image_id(&id),
            "imageManifest": manifest,
            "imageManifestMediaType": image.media_type,
        },
    }))
}

fn image_ids(input: &Parameters) -> Result<Option<Vec<ImageId>>, ApiError> {
    let Some(list) = input.structures("imageIds", (1, 100))? else {
        return Ok(None);
    };
    let mut ids = Vec::with_capacity(list.len());
    for id in list {
        ids.push(ImageId {
            digest: id.text("imageDigest", (0, usize::MAX))?,
            tag: id.text("imageTag", (1, 300))?,
        });
    }
    Ok(Some(ids))
}
