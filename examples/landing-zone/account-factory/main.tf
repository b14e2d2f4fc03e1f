terraform {
  required_version = ">= 1.3"

  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

# Account Factory for Terraform (AFT) writes profiles into the shared credentials file of its pipelines.
# `aft-management-admin` is a session of the role `AWSAFTAdmin`, which may assume the administrator role
# `AWSAFTExecution` of every account. It works for mirroring, and it is far more than mirroring needs: a
# publisher role, as in the folder above, is recommended.
#
# The session in the profile lasts one hour and cannot be renewed by whoever reads it. What was copied by
# then stays, and the next run of the pipeline goes on from there.
provider "ecrpublic" {
  profile = "aft-management-admin"

  account_role {
    role_arn = "arn:aws:iam::{account_id}:role/AWSAFTExecution"

    # The role may do everything. Its sessions may do no more than a publisher role could.
    policy = module.policies.permissions
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
