#!/usr/bin/env bash
# Runs one of the commands beside the stack: on the embedded one where it has been run (its stack.env says where the
# stores are, and what tokens are signed with), and otherwise on the stores that the environment or .env names. Never on
# some of each.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
stack_env="${DATA_DIR:-$here/../.data}/stack.env"
if [ ! -f "$stack_env" ]; then exec bash "$here/bun.sh" "$@"; fi
for name in $(compgen -e); do
  case $name in REDIS_URL* | POSTGRES_URL* | REGIONS | PARTITIONS | BOARDS | JWT_*) unset "$name" ;; esac
done
exec bash "$here/bun.sh" --env-file="$stack_env" "$@"
