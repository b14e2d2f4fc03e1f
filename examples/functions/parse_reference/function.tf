terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

locals {
  image = provider::ecrpublic::parse_reference("nginx:1.27-alpine")
}

# docker.io
output "registry" {
  value = local.image.registry
}

# docker.io/library/nginx:1.27-alpine
output "in_full" {
  value = local.image.normalized
}
