# Follows its tag at Docker Hub, deletes what the tag has moved away from, and takes the repository
# with it when it goes.
resource "ecrpublic_mirrored_image" "base" {
  source            = "debian:bookworm-slim"
  repository        = "bases/debian"
  follow_source     = true
  delete_superseded = true
  delete_repository = true
}

# Copied once. It stays when Terraform forgets it, because others have pinned its digest.
resource "ecrpublic_mirrored_image" "pinned" {
  source          = "redis:7.4"
  follow_source   = false
  keep_on_destroy = true
}
