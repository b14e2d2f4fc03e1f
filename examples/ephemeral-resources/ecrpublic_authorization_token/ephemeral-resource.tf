terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

ephemeral "ecrpublic_authorization_token" "publisher" {
  account_id = "222222222222"
}

# A second configuration that reads from ECR Public with that login, whose limits are higher than
# those of everybody.
provider "ecrpublic" {
  alias = "signed_in"

  registry {
    host     = "public.ecr.aws"
    username = ephemeral.ecrpublic_authorization_token.publisher.user_name
    password = ephemeral.ecrpublic_authorization_token.publisher.password
  }
}

resource "ecrpublic_mirrored_image" "python" {
  provider = ecrpublic.signed_in

  source = "public.ecr.aws/docker/library/python:3.13-slim"
}
