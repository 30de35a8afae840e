#!/usr/bin/env bash
# Installs what builds the site into .data/tools/site, where no workspace looks for packages.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=.data/tools/site
stamp=$folder/node_modules/.bun.lock.installed
if cmp -s docs/.vitepress/bun.lock "$stamp"; then exit 0; fi
printf 'setup: installing VitePress and Mermaid\n' >&2
mkdir -p "$folder"
cp docs/.vitepress/{package.json,bun.lock} "$folder/"
bash infra/bun.sh install --frozen-lockfile --cwd "$folder" >&2
cp docs/.vitepress/bun.lock "$stamp"
