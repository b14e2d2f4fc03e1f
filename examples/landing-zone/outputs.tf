output "images" {
  description = "Account and image to the address that a workload should use."
  value       = { for key, mirror in ecrpublic_mirrored_image.this : key => mirror.image_uri }
}
