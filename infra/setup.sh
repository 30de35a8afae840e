#!/usr/bin/env bash
# Installs what the project needs to run and does not find: Bun, redis-server, the packages. PostgreSQL comes with the
# packages. For Debian, Ubuntu and macOS.
set -euo pipefail
cd "$(dirname "$0")/.."

BUN_VERSION=1.4.5
TOOLS=.data/tools

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif has sudo; then sudo "$@"
  else fail "cannot run \"$*\": run it as root, then start again"
  fi
}

# By npm and not by Bun's own installer, because npm pins the version.
if ! bash infra/bun.sh --version >/dev/null 2>&1; then
  has npm || fail "Bun is missing: install it from https://bun.sh, or install npm"
  say "installing Bun $BUN_VERSION into $TOOLS"
  npm install --silent --no-fund --no-audit --prefix "$TOOLS" "bun@$BUN_VERSION" >&2
  # npm may skip the install script of a package. For Bun that script puts the binary in its place.
  bash infra/bun.sh --version >/dev/null 2>&1 || node "$TOOLS/node_modules/bun/install.js" >&2
  bash infra/bun.sh --version >/dev/null 2>&1 || fail "Bun could not be installed; install it from https://bun.sh"
fi

if ! has redis-server; then
  say "installing redis-server"
  if has apt-get; then
    as_root apt-get update -qq >&2
    # RUNLEVEL=1 starts no service: the stack starts its own redis-server on its own port.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq redis-server >&2
  elif has brew; then brew install --quiet redis >&2
  else fail "redis-server is missing: install Redis 7 or later with your package manager"
  fi
fi

stamp=node_modules/.bun.lock.installed
if ! cmp -s bun.lock "$stamp"; then
  say "installing the packages"
  bash infra/bun.sh install --frozen-lockfile >&2
  cp bun.lock "$stamp"
fi
