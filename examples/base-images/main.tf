# The base images of a company, in one public registry: every version of every image of a catalogue,
# also those that are published after this was written.
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
  description = "Images by the name of their repository: where they come from, and which of their tags are offered."
  type = map(object({
    source    = string
    matches   = string
    semver    = string
    platforms = optional(set(string))
  }))
  default = {
    "base/alpine" = {
      source    = "alpine"
      matches   = "^[0-9]+[.][0-9]+$"
      semver    = ">=3.21"
      platforms = ["linux/amd64", "linux/arm64/v8"]
    }
    "base/nginx" = {
      source  = "nginx"
      matches = "^(?<version>[0-9]+[.][0-9]+)-alpine$"
      semver  = ">=1.27"
    }
  }
}

# Listing tags costs no pull. Nothing falls out of an open range, so no version that somebody builds on
# is taken away when a new one comes.
data "ecrpublic_source_tags" "base" {
  for_each = var.catalogue

  source  = each.value.source
  matches = each.value.matches
  semver  = each.value.semver
}

locals {
  # "base/alpine:3.22" => { repository = "base/alpine", source = "alpine:3.22", … }
  images = merge([
    for repository, image in var.catalogue : {
      for tag in data.ecrpublic_source_tags.base[repository].tags : "${repository}:${tag}" => {
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
