#!/usr/bin/env bash
# Runs Bun: the one on the PATH, or the one that infra/setup.sh installed beside the project.
set -euo pipefail
tools="$(cd "$(dirname "$0")/.." && pwd)/.data/tools"
# infra/setup-tests.sh builds here what tests run and the system does not have.
export PATH="$PATH:$tools/bin"
if command -v bun >/dev/null 2>&1; then exec bun "$@"; fi
if [ -x "$tools/node_modules/.bin/bun" ]; then exec "$tools/node_modules/.bin/bun" "$@"; fi
echo "Bun is not installed: npm start installs it, as bash infra/setup.sh does alone" >&2
exit 127
