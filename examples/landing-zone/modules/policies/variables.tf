variable "trusted_arns" {
  description = "Whom the publisher roles trust: the role that the provider becomes first."
  type        = list(string)
}

variable "role_name" {
  description = "Name of the publisher role; the same in every account."
  type        = string
  default     = "ecr-publisher"
}

variable "repositories" {
  description = "Repositories that may be mirrored to, such as `mirrors/*`."
  type        = string
  default     = "*"
}

variable "pipeline" {
  description = "The pipeline that becomes the caller with tokens of its CI system."
  type = object({
    account_id = string # where the identity provider is registered
    issuer     = string # without https://
    audience   = string
    subject    = string
  })
  default = null
}
