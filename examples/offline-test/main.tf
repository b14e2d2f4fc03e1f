# A module that mirrors images, as a platform team would write it. The test next to it runs against
# stand-ins for Docker Hub, STS and ECR Public on this machine: no account, no network.

terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

variable "account_ids" {
  description = "Accounts that publish the image."
  type        = set(string)
}

variable "image" {
  description = "Image to mirror."
  type        = string
}

resource "ecrpublic_mirrored_image" "this" {
  for_each = var.account_ids

  source     = var.image
  account_id = each.key
}

output "addresses" {
  description = "By account: the address that names the exact content."
  value       = { for account, image in ecrpublic_mirrored_image.this : account => image.image_uri }
}
