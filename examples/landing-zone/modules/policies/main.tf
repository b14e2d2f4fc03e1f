# The policies that a mirror over many accounts needs, as JSON. This module creates nothing: hand its
# outputs to whatever makes roles in your accounts.

locals {
  # Identity policy of the caller: it may become the publisher role of any account that lets it.
  caller = {
    Version = "2012-10-17"
    Statement = [{
      Sid      = "BecomeThePublisherOfAnyAccount"
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = "arn:aws:iam::*:role/${var.role_name}"
    }]
  }

  # Trust policy of the publisher role: the caller, and nobody else.
  trust = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TheCallerMayPublish"
      Effect    = "Allow"
      Principal = { AWS = var.trusted_arns }
      Action    = "sts:AssumeRole"
    }]
  }

  # Permission policy of the publisher role, the same in every account. The account in the ARN of a
  # repository is left open: a role reaches other accounts only where they let it.
  permissions = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SignIn"
        Effect = "Allow"
        Action = [
          "ecr-public:DescribeRegistries",
          "ecr-public:GetAuthorizationToken",
          "sts:GetServiceBearerToken",
        ]
        Resource = "*"
      },
      {
        Sid    = "Mirror"
        Effect = "Allow"
        Action = [
          "ecr-public:BatchCheckLayerAvailability",
          "ecr-public:BatchDeleteImage",
          "ecr-public:CompleteLayerUpload",
          "ecr-public:CreateRepository",
          "ecr-public:DescribeImages",
          "ecr-public:DescribeRepositories",
          "ecr-public:InitiateLayerUpload",
          "ecr-public:ListTagsForResource",
          "ecr-public:PutImage",
          "ecr-public:TagResource",
          "ecr-public:UntagResource",
          "ecr-public:UploadLayerPart",
        ]
        Resource = "arn:aws:ecr-public::*:repository/${var.repositories}"
      },
    ]
  }

  # Trust policy of the caller, when the caller is a pipeline that shows tokens of its CI system.
  caller_trust = [
    for pipeline in var.pipeline[*] : {
      Version = "2012-10-17"
      Statement = [{
        Sid       = "OnePipelineOfOneBranch"
        Effect    = "Allow"
        Principal = { Federated = "arn:aws:iam::${pipeline.account_id}:oidc-provider/${pipeline.issuer}" }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "${pipeline.issuer}:aud" = pipeline.audience
            "${pipeline.issuer}:sub" = pipeline.subject
          }
        }
      }]
    }
  ]
}
