terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

# Every copy below a name of one's own: mirror/nginx, mirror/grafana/grafana
resource "ecrpublic_mirrored_image" "this" {
  for_each = toset(["nginx:1.27", "grafana/grafana:11.2.0"])

  source     = each.value
  repository = "mirror/${provider::ecrpublic::default_repository(each.value)}"
}
