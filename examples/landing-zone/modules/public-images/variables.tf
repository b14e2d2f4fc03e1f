variable "account_ids" {
  description = "Accounts that publish the images."
  type        = set(string)
}

variable "images" {
  description = "Images to mirror into each account."
  type        = set(string)
}

variable "repository_tags" {
  description = "AWS tags for the repositories that are created."
  type        = map(string)
  default     = null
}
