variable "account_ids" {
  description = "Accounts that publish the images."
  type        = set(string)
}

variable "images" {
  description = "Images to mirror, as one would write them after `docker pull`."
  type        = set(string)
}

variable "aft_management_account_id" {
  description = "The account that AFT runs in."
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
