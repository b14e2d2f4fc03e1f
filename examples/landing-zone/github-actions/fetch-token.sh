#!/bin/sh
# Writes a token that says which workflow this is to $TF_VAR_token_file, for nobody else to read.
#
# GitHub's tokens are good for a few minutes only: fetch one right before each command that starts the
# provider.
set -eu
umask 077
curl --fail --silent --show-error --retry 3 \
  --header "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
  "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" |
  jq --exit-status --join-output .value >"$TF_VAR_token_file.new"
mv "$TF_VAR_token_file.new" "$TF_VAR_token_file"
