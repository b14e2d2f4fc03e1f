# Everything that Docker Hub has under this tag, byte for byte, as `library`-less repository `nginx`.
resource "ecrpublic_mirrored_image" "nginx" {
  source = "nginx:1.27-alpine"
}

# Two platforms, under two tags, in a repository of another name.
resource "ecrpublic_mirrored_image" "grafana" {
  source     = "grafana/grafana:11.4.0"
  repository = "observability/grafana"
  image_tags = ["11.4.0", "11.4"]
  platforms  = ["linux/amd64", "linux/arm64"]

  repository_tags = {
    team = "observability"
  }
}

# Into another account, through a role there.
resource "ecrpublic_mirrored_image" "tooling" {
  source = "alpine:3.21"

  assume_role = [{
    role_arn = "arn:aws:iam::222222222222:role/ecr-publisher"
  }]

  timeouts = {
    create = "30m"
  }
}

# What a workload should use: it names the content, not a tag that can move.
output "nginx" {
  value = ecrpublic_mirrored_image.nginx.image_uri
}
