# The trust policy is the one that Organizations writes. It is here to be compared with, not to be
# applied.
module "policies" {
  source = "../modules/policies"

  trusted_arns = ["arn:aws:iam::${split(":", var.management_role_arn)[4]}:root"]
  role_name    = "OrganizationAccountAccessRole"
}

output "policies" {
  description = "For the caller (caller), and what the sessions in the accounts are narrowed to (permissions)."
  value       = module.policies
}
