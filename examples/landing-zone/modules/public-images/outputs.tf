output "image_uris" {
  description = "By account and image: the address that names the exact content."
  value       = { for key, image in ecrpublic_mirrored_image.this : key => image.image_uri }
}
