terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

# The five newest releases on Alpine: 1.29.1-alpine, 1.29.0-alpine, …
data "ecrpublic_source_tags" "nginx" {
  source  = "nginx"
  matches = "^(?<version>[0-9]+\\.[0-9]+\\.[0-9]+)-alpine$"
  semver  = ">=1.26"
  newest  = 5
}

resource "ecrpublic_mirrored_image" "nginx" {
  for_each = toset(data.ecrpublic_source_tags.nginx.tags)

  source = "nginx:${each.value}"

  # A release that is no longer among the newest stays where it is.
  keep_on_destroy = true
}
