terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

locals {
  # "222222222222/alpine:3.22" => { account = "222222222222", image = "alpine:3.22" }
  mirrored = {
    for pair in setproduct(var.account_ids, var.images) :
    "${pair[0]}/${pair[1]}" => { account = pair[0], image = pair[1] }
  }
}

resource "ecrpublic_mirrored_image" "this" {
  for_each = local.mirrored

  source          = each.value.image
  account_id      = each.value.account
  repository_tags = var.repository_tags
}
