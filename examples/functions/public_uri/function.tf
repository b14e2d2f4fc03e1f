terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

# public.ecr.aws/a1b2c3d4/mirror/nginx:1.27
output "image" {
  value = provider::ecrpublic::public_uri("a1b2c3d4", "mirror/nginx", "1.27")
}

# public.ecr.aws/a1b2c3d4/mirror/nginx
output "repository" {
  value = provider::ecrpublic::public_uri("a1b2c3d4", "mirror/nginx", null)
}
