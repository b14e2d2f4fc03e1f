# By account, repository and tags.
terraform import ecrpublic_mirrored_image.nginx '222222222222/nginx:1.27-alpine?source=nginx:1.27-alpine'

# By public address, through a role.
terraform import ecrpublic_mirrored_image.nginx 'public.ecr.aws/a1b2c3d4/nginx:1.27-alpine?source=nginx:1.27-alpine&role_arn=arn:aws:iam::222222222222:role/ecr-publisher'
