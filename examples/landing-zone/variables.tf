variable "tooling_role_arn" {
  description = "The role that the pipeline assumes first."
  type        = string
}

variable "publisher_role_name" {
  description = "The name of the role that each account has for publishing."
  type        = string
  default     = "ecr-publisher"
}

variable "account_ids" {
  description = "The accounts that get every image."
  type        = set(string)
}

variable "images" {
  description = "The images to mirror, as Docker writes them."
  type        = set(string)
}

variable "docker_hub_endpoint" {
  description = "The URL of a registry that answers for Docker Hub. Without it, Docker Hub itself does."
  type        = string
  default     = null
}
