terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

# terraform apply -invoke=action.ecrpublic_resync.nginx
action "ecrpublic_resync" "nginx" {
  config {
    source     = "nginx:1.27"
    repository = "nginx"
    image_tags = ["1.27", "stable"]
    account_id = "222222222222"
  }
}
