variable "account_ids" {
  description = "Accounts that publish the images."
  type        = set(string)
}

variable "images" {
  description = "Images to mirror, as one would write them after `docker pull`."
  type        = set(string)
}

variable "tooling_role_arn" {
  description = "Role that the pipeline becomes first. It must be allowed to assume the publisher roles."
  type        = string
}

variable "pipeline_subject" {
  description = "The claim `sub` in the tokens of the pipeline, such as `repo:acme/landing-zone:ref:refs/heads/main`."
  type        = string
}

variable "token_file" {
  description = "File that the pipeline has written its token to."
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
