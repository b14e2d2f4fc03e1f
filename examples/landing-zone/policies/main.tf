# What the roles of this example need, for whoever makes roles in your accounts. The same as JSON, for
# the accounts of the example, is beside it.
module "policies" {
  source = "../modules/policies"

  trusted_arns = [var.tooling_role_arn]
  role_name    = var.publisher_role_name
}

variable "tooling_role_arn" {
  description = "Role that the provider becomes first."
  type        = string
}

variable "publisher_role_name" {
  description = "Name of the role that may publish; the same in every account."
  type        = string
  default     = "ecr-publisher"
}

output "policies" {
  description = "For the role in `tooling_role_arn` (caller) and for the publisher roles (trust, permissions)."
  value       = module.policies
}
