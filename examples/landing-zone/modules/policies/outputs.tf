output "caller" {
  description = "Identity policy of the role that the provider becomes first."
  value       = jsonencode(local.caller)
}

output "caller_trust" {
  description = "Trust policy of that role, when a CI system vouches for the pipeline."
  value       = one([for trust in local.caller_trust : jsonencode(trust)])
}

output "trust" {
  description = "Trust policy of the publisher roles."
  value       = jsonencode(local.trust)
}

output "permissions" {
  description = "Permission policy of the publisher roles."
  value       = jsonencode(local.permissions)
}
