# Mirrors a set of images into a set of accounts, from one pipeline role, with one provider block.
#
#   pipeline credentials → tooling role → publisher role in each account

terraform {
  required_version = ">= 1.3"

  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {
  assume_role {
    role_arn = var.tooling_role_arn
  }

  account_role {
    role_arn = "arn:aws:iam::{account_id}:role/${var.publisher_role_name}"
  }

  # Only where something else answers for Docker Hub: a pull-through cache, or the stand-in of
  # `cargo quickstart`.
  dynamic "registry" {
    for_each = var.docker_hub_endpoint == null ? [] : [var.docker_hub_endpoint]

    content {
      host     = "docker.io"
      endpoint = registry.value
    }
  }
}

locals {
  mirrors = {
    for pair in setproduct(var.account_ids, var.images) :
    "${pair[0]}/${pair[1]}" => { account_id = pair[0], source = pair[1] }
  }
}

resource "ecrpublic_mirrored_image" "this" {
  for_each = local.mirrors

  source     = each.value.source
  account_id = each.value.account_id
}
