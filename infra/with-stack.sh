#!/usr/bin/env bash
# Runs one of the commands beside the stack: on the embedded one where it has been run (its stack.env says where the
# stores and the gateway are, and what tokens are signed with), and otherwise on the stores that the environment or .env
# names. Never on some of each.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(dirname "$here")"
if [ ! -d "$root/node_modules" ]; then
  echo "lb: nothing is installed here yet: run npm start first" >&2
  exit 1
fi
data="${DATA_DIR:-.data}"
# As for npm start, a relative folder is one of the project's.
case $data in /*) ;; *) data="$root/$data" ;; esac
env_file="$data/stack.env"
if [ -f "$env_file" ]; then
  for name in $(compgen -e); do
    case $name in REDIS_URL* | POSTGRES_URL* | REGIONS | PARTITIONS | BOARDS | JWT_* | LEADERBOARD_STACK_*) unset "$name" ;; esac
  done
else
  env_file="$root/.env"
fi
if [ ! -f "$env_file" ]; then exec bash "$here/bun.sh" "$@"; fi
exec bash "$here/bun.sh" --env-file="$env_file" "$@"
