import {
  to = ecrpublic_mirrored_image.nginx
  id = "222222222222/nginx:1.27-alpine?source=nginx:1.27-alpine"
}
