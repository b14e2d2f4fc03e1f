provider "ecrpublic" {
  account_role {
    role_arn = "arn:aws:iam::{account_id}:role/ecr-publisher"
  }
}

# terraform query -generate-config-out=images.tf
list "ecrpublic_mirrored_image" "databases" {
  provider = ecrpublic

  config {
    account_id   = "222222222222"
    repositories = ["databases/postgres", "databases/redis"]
  }

  include_resource = true
  limit            = 50
}
