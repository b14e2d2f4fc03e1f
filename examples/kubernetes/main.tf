# A workload that runs exactly the image that was mirrored: its manifest has the digest in it, so a
# cluster pulls nothing else, and a new image is a change of the manifest that rolls out by itself.
#
#   terraform apply
#   terraform output -raw manifest | kubectl apply -f -

terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

variable "account_id" {
  description = "Account that publishes the image; absent: that of the credentials."
  type        = string
  default     = null
}

resource "ecrpublic_mirrored_image" "web" {
  source     = "nginx:1.27-alpine"
  account_id = var.account_id
}

output "manifest" {
  description = "What the cluster gets. With the provider for Kubernetes it is a kubernetes_manifest."
  value = yamlencode({
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = "web" }
    spec = {
      replicas = 2
      selector = { matchLabels = { app = "web" } }
      template = {
        metadata = { labels = { app = "web" } }
        spec = {
          containers = [{
            name  = "web"
            image = ecrpublic_mirrored_image.web.image_uri
            ports = [{ containerPort = 80 }]
          }]
        }
      }
    }
  })
}
