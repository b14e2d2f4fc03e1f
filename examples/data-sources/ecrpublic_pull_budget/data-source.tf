terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

check "pulls" {
  data "ecrpublic_pull_budget" "docker_hub" {}

  assert {
    condition     = coalesce(data.ecrpublic_pull_budget.docker_hub.available, 100) >= 20
    error_message = "Docker Hub allows fewer than 20 more pulls to ${coalesce(data.ecrpublic_pull_budget.docker_hub.counted_for, "us")} now."
  }
}
