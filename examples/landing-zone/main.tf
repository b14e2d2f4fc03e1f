terraform {
  required_version = ">= 1.3"

  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

# One provider block serves every account. The pipeline's credentials become the tooling role, and
# the tooling role becomes the publisher role of whichever account an image is meant for.
provider "ecrpublic" {
  assume_role {
    role_arn     = var.tooling_role_arn
    session_name = "landing-zone"
  }

  account_role {
    role_arn = "arn:aws:iam::{account_id}:role/${var.publisher_role_name}"
  }

  registry {
    host       = "docker.io"
    username   = var.docker_hub.username
    password   = var.docker_hub_token
    endpoint   = var.docker_hub.endpoint
    plain_http = var.docker_hub.plain_http
  }

  # Absent for real accounts. The stand-ins on loopback are named here.
  dynamic "endpoints" {
    for_each = var.endpoints[*]

    content {
      ecrpublic = endpoints.value.ecrpublic
      sts       = endpoints.value.sts
      registry  = endpoints.value.registry
    }
  }
}

module "public_images" {
  source = "./modules/public-images"

  account_ids = var.account_ids
  images      = var.images
}

output "images" {
  description = "By account and image: the address that names the exact content."
  value       = module.public_images.image_uris
}
