terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

# terraform apply -invoke=action.ecrpublic_prune.nginx
action "ecrpublic_prune" "nginx" {
  config {
    repository = "nginx"
    account_id = "222222222222"
    older_than = "720h"

    # Look at what it would delete first.
    dry_run = true
  }
}
