# The same as JSON, for the accounts of the example: `caller_trust` in `policies/` here, the others in
# `policies/` of the folder above.
module "policies" {
  source = "../modules/policies"

  trusted_arns = [var.tooling_role_arn]

  pipeline = {
    account_id = split(":", var.tooling_role_arn)[4]
    issuer     = "token.actions.githubusercontent.com"
    audience   = "sts.amazonaws.com"
    subject    = var.pipeline_subject
  }
}

output "policies" {
  description = "For the role in `tooling_role_arn` (caller_trust, caller) and for the publisher roles (trust, permissions)."
  value       = module.policies
}
