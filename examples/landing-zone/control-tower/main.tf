terraform {
  required_version = ">= 1.3"

  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

# Control Tower puts an administrator role into every account that is enrolled. It works for mirroring,
# and it is far more than mirroring needs: a publisher role, as in the folder above, is recommended.
# Control Tower owns the role and repairs it, so there is nothing to add to it.
provider "ecrpublic" {
  # From the pipeline's own credentials into the management account: the roles below trust no other.
  assume_role {
    role_arn     = var.management_role_arn
    session_name = "landing-zone"
  }

  account_role {
    role_arn = "arn:aws:iam::{account_id}:role/AWSControlTowerExecution"

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
