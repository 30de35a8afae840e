#!/bin/sh
# Makes the secrets of this overlay once, in secrets/, which git ignores. Keep the folder for the next apply.
set -eu
cd "$(dirname "$0")"
if [ -e secrets ]; then
  echo "secrets/ exists and was not changed"
  exit 0
fi

umask 077
password=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d " \n")
server=postgres://leaderboard:$password@postgres:5432
unfinished=$(mktemp -d ./secrets.XXXXXX)
cat >"$unfinished/redis.env" <<END
REDIS_URL=redis://redis:6379
END
cat >"$unfinished/tokens.env" <<END
JWT_SECRET=$(head -c 48 /dev/urandom | base64 | tr -d "\n")
END
cat >"$unfinished/postgres.env" <<END
POSTGRES_URL=$server/leaderboard_global
POSTGRES_URL_ASIA=$server/leaderboard_asia
POSTGRES_URL_EU=$server/leaderboard_eu
POSTGRES_URL_NA=$server/leaderboard_na
END
cat >"$unfinished/postgres-server.env" <<END
POSTGRES_PASSWORD=$password
END
mv "$unfinished" secrets
