variable "account_ids" {
  description = "Accounts that publish the images."
  type        = set(string)
}

variable "images" {
  description = "Images to mirror, as one would write them after `docker pull`."
  type        = set(string)
}

variable "management_role_arn" {
  description = "Role in the management account that the pipeline assumes first."
  type        = string
}

variable "docker_hub_username" {
  description = "User that reads from Docker Hub."
  type        = string
  default     = null
}

variable "docker_hub_token" {
  description = "Access token of that user."
  type        = string
  default     = null
  sensitive   = true
}
