terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

data "ecrpublic_registry" "publisher" {
  account_id = "222222222222"
}

# public.ecr.aws/a1b2c3d4/nginx:1.27, whoever has put it there
output "nginx" {
  value = "${data.ecrpublic_registry.publisher.uri_prefix}/nginx:1.27"
}
