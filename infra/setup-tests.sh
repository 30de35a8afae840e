#!/usr/bin/env bash
# Installs what some tests need beside setup.sh, where apt is there: without it those tests are skipped, and say so.
set -euo pipefail

command -v apt-get >/dev/null 2>&1 || exit 0
missing=()
for pair in nginx:nginx wrk:wrk chromium:chromium prometheus:prometheus pgbouncer:pgbouncer psql:postgresql-client cc:gcc; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || missing+=("${pair##*:}")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
printf 'setup: installing %s for tests\n' "${missing[*]}" >&2
as_root apt-get update -qq >&2
# No services: tests start their own, on their own ports.
as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
