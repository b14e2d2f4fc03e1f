# By account, repository and tags. The source lets the next plan be empty.
terraform import ecrpublic_mirrored_image.nginx '111111111111/nginx:1.27-alpine?source=nginx:1.27-alpine'

# By the public address, through a role.
terraform import ecrpublic_mirrored_image.nginx 'public.ecr.aws/a1b2c3d4/nginx:1.27-alpine?source=nginx:1.27-alpine&role_arn=arn:aws:iam::111111111111:role/ecr-publisher'
