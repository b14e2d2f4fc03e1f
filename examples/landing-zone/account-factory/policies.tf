# The trust policy is the one that AFT writes. It is here to be compared with, not to be applied.
module "policies" {
  source = "../modules/policies"

  trusted_arns = [
    "arn:aws:iam::${var.aft_management_account_id}:role/AWSAFTAdmin",
    "arn:aws:sts::${var.aft_management_account_id}:assumed-role/AWSAFTAdmin/AWSAFT-Session",
  ]
  role_name = "AWSAFTExecution"
}

output "policies" {
  description = "For the caller (caller), and what the sessions in the accounts are narrowed to (permissions)."
  value       = module.policies
}
