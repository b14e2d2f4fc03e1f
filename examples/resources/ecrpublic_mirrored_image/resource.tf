terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

# The whole image, all platforms, byte for byte, into the account that the provider is signed in to.
resource "ecrpublic_mirrored_image" "nginx" {
  source = "nginx:1.27-alpine"
}

# Two platforms, two tags, another repository name, into another account.
resource "ecrpublic_mirrored_image" "postgres" {
  source     = "postgres:17"
  repository = "databases/postgres"
  image_tags = ["17", "stable"]
  platforms  = ["linux/amd64", "linux/arm64"]

  assume_role = [{
    role_arn = "arn:aws:iam::222222222222:role/ecr-publisher"
  }]

  repository_tags = {
    team = "platform"
  }

  timeouts = {
    create = "45m"
  }
}

# What a workload should use: it names the exact content.
output "nginx" {
  value = ecrpublic_mirrored_image.nginx.image_uri
}
