variable "account_ids" {
  description = "Accounts that publish the images."
  type        = set(string)
}

variable "images" {
  description = "Images to mirror, as one would write them after `docker pull`."
  type        = set(string)
}

variable "tooling_role_arn" {
  description = "Role that the pipeline assumes first. It must be allowed to assume the publisher roles."
  type        = string
}

variable "publisher_role_name" {
  description = "Name of the role that may publish; the same in every account."
  type        = string
  default     = "ecr-publisher"
}

variable "docker_hub" {
  description = "How Docker Hub is reached: as whom, and at which address when a mirror answers for it."
  type = object({
    username   = optional(string)
    endpoint   = optional(string)
    plain_http = optional(bool)
  })
  default = {}
}

variable "docker_hub_token" {
  description = "Access token of the Docker Hub user."
  type        = string
  default     = null
  sensitive   = true
}

variable "endpoints" {
  description = "Addresses of AWS, when they are not the usual ones."
  type = object({
    ecrpublic = optional(string)
    sts       = optional(string)
    registry  = optional(string)
  })
  default = null
}
