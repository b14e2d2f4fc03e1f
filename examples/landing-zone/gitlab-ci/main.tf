terraform {
  required_version = ">= 1.3"

  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

# GitLab vouches for the pipeline with a token, so that no key of AWS has to be kept anywhere. The token
# becomes the tooling role, and the tooling role becomes the publisher role of each account.
provider "ecrpublic" {
  assume_role_with_web_identity {
    role_arn                = var.tooling_role_arn
    session_name            = "gitlab-ci"
    web_identity_token_file = var.token_file
  }

  account_role {
    role_arn = "arn:aws:iam::{account_id}:role/ecr-publisher"
  }

  registry {
    host     = "docker.io"
    username = var.docker_hub_username
    password = var.docker_hub_token
  }
}

module "public_images" {
  source = "../modules/public-images"

  account_ids = var.account_ids
  images      = var.images
}

output "images" {
  description = "By account and image: the address that names the exact content."
  value       = module.public_images.image_uris
}
