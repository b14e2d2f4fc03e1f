# Where the stand-ins are, and the roles of their demonstration.
provider "ecrpublic" {
  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/tooling"
  }

  account_role {
    role_arn = "arn:aws:iam::{account_id}:role/ecr-publisher"
  }

  registry {
    host       = "docker.io"
    endpoint   = "http://127.0.0.1:7000"
    plain_http = true
  }

  endpoints {
    ecrpublic = "http://127.0.0.1:7005"
    sts       = "http://127.0.0.1:7004"
    registry  = "http://127.0.0.1:7006"
  }
}

variables {
  account_ids = ["222222222222", "333333333333"]
  image       = "alpine:3.22"
}

run "a_plan_has_one_instance_for_each_account" {
  command = plan

  assert {
    condition     = length(ecrpublic_mirrored_image.this) == length(var.account_ids)
    error_message = "An account is missing."
  }
}

run "every_account_shows_the_same_image" {
  assert {
    condition     = length(distinct(values(ecrpublic_mirrored_image.this)[*].digest)) == 1
    error_message = "The accounts show different images."
  }

  assert {
    condition     = alltrue([for address in values(output.addresses) : strcontains(address, "/alpine@sha256:")])
    error_message = "An address is not what workloads should use."
  }
}
