terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {
  # From the pipeline's own credentials into the tooling account.
  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/tooling"
  }

  # From there into the account that a resource names with `account_id`.
  account_role {
    role_arn = "arn:aws:iam::{account_id}:role/ecr-publisher"
  }

  # Pulls from Docker Hub count for this user instead of for the address of the runner.
  registry {
    host     = "docker.io"
    username = var.docker_hub_username
    password = var.docker_hub_token
  }
}

variable "docker_hub_username" {
  description = "User that reads from Docker Hub."
  type        = string
}

variable "docker_hub_token" {
  description = "Access token of that user, with the scope public read-only."
  type        = string
  sensitive   = true
}
