# The base images of a company, in one public registry: every version of every image of a catalogue.
#
#   terraform apply -var account_id=222222222222

terraform {
  required_version = ">= 1.3"

  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

variable "account_id" {
  description = "Account that publishes the images; absent: that of the credentials."
  type        = string
  default     = null
}

variable "catalogue" {
  description = "Images by the name of their repository: where they come from, and which tags are offered."
  type = map(object({
    source    = string
    tags      = set(string)
    platforms = optional(set(string))
  }))
  default = {
    "base/alpine" = {
      source    = "alpine"
      tags      = ["3.21", "3.22"]
      platforms = ["linux/amd64", "linux/arm64/v8"]
    }
    "base/nginx" = {
      source = "nginx"
      tags   = ["1.27-alpine"]
    }
  }
}

locals {
  # "base/alpine:3.22" => { repository = "base/alpine", source = "alpine:3.22", … }
  images = merge([
    for repository, image in var.catalogue : {
      for tag in image.tags : "${repository}:${tag}" => {
        repository = repository
        source     = "${image.source}:${tag}"
        platforms  = image.platforms
      }
    }
  ]...)
}

resource "ecrpublic_mirrored_image" "base" {
  for_each = local.images

  source     = each.value.source
  account_id = var.account_id
  repository = each.value.repository
  platforms  = each.value.platforms

  # Base images are rebuilt every few weeks under the same tag. What a tag has left behind is removed
  # as soon as nothing shows it; leave this out if somebody pins digests of yours.
  delete_superseded = true
}

output "images" {
  description = "By name: the address that names the exact content, for a FROM line."
  value       = { for name, image in ecrpublic_mirrored_image.base : name => image.image_uri }
}
