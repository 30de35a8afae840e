#!/usr/bin/env bash
# Runs Bun: the one on the PATH, or the one that infra/setup.sh installed beside the project.
set -euo pipefail
local_bun="$(cd "$(dirname "$0")/.." && pwd)/.data/tools/node_modules/.bin/bun"
if command -v bun >/dev/null 2>&1; then exec bun "$@"; fi
if [ -x "$local_bun" ]; then exec "$local_bun" "$@"; fi
echo "Bun is not installed: run bash infra/setup.sh" >&2
exit 127
