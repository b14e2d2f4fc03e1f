terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

# Credentials come from where hashicorp/aws takes them: the environment, a profile, a container or
# instance role. A practitioner can paste the `assume_role` blocks of an `aws` provider here.
provider "ecrpublic" {
  # Optional: roles to assume, one after the other.
  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/tooling"
  }

  # How to get from there into the account that a resource names.
  account_role {
    role_arn = "arn:aws:iam::{account_id}:role/ecr-publisher"
  }

  # Optional: any Docker Hub account doubles the pull limit and ends sharing it with neighbours.
  registry {
    host     = "docker.io"
    username = var.docker_hub_username
    password = var.docker_hub_token
  }
}

variable "docker_hub_username" {
  type = string
}

variable "docker_hub_token" {
  type      = string
  sensitive = true
}
