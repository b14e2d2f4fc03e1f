terraform {
  required_version = ">= 1.3"

  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

variable "images" {
  description = "Images to publish. Each of them is signed by whoever builds it."
  type        = set(string)
  default     = ["alpine:3.22"]
}

variable "stage" {
  description = "What the build has to have written into the signature: only released images go out."
  type        = string
  default     = "released"
}

locals {
  # Every key in the folder counts. To replace a key, put the new one beside it, and remove the old
  # one when nothing signed with it is published any more.
  keys = [for name in sort(fileset("${path.module}/keys", "*.pub")) : file("${path.module}/keys/${name}")]
}

resource "ecrpublic_mirrored_image" "signed" {
  for_each = var.images
  source   = each.value

  verify {
    public_keys = local.keys
    annotations = { stage = var.stage }
  }
}

output "images" {
  description = "By image: the address that names the exact content that was signed."
  value       = { for source, image in ecrpublic_mirrored_image.signed : source => image.image_uri }
}
