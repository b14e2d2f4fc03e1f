terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

data "ecrpublic_source_image" "nginx" {
  source = "nginx:1.27-alpine"
}

# Two accounts, and the same content in both, whenever each is applied.
resource "ecrpublic_mirrored_image" "nginx" {
  for_each = toset(["222222222222", "333333333333"])

  source     = data.ecrpublic_source_image.nginx.pinned
  account_id = each.value
}

# Official images are in ECR Public too, where reading their manifests is no pull.
data "ecrpublic_source_image" "alpine" {
  source       = "alpine:3.22"
  read_content = true

  lifecycle {
    postcondition {
      condition     = contains(self.platforms, "linux/arm64/v8")
      error_message = "Graviton needs an image for arm64."
    }
  }
}
