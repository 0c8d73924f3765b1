#!/bin/sh
# Builds the bundle build/@NAME@ from AssemblyScript: module.wasm and module.toml. Options go to asc.
# Needed: node (20 or later), and once `npm ci`, which fetches what package-lock.json pins.
set -eu
cd "$(dirname "$0")"

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

command -v node >/dev/null || fail "there is no node, which AssemblyScript's compiler runs on: on Debian and Ubuntu" \
    "apt-get install nodejs npm (20 or later), elsewhere https://nodejs.org; then npm ci"
asc=node_modules/assemblyscript/bin/asc.js
[ -f "$asc" ] && [ -d node_modules/@wapc/as-guest ] || fail "assemblyscript and @wapc/as-guest are not here yet: run npm ci" \
    "in this folder (npm comes with node; Debian and Ubuntu: apt-get install npm)"
mkdir -p "build/@NAME@"
# What gives up calls abort, which tells the host why. The names of functions stay: a trap is told with them.
node "$asc" guest.ts --outFile "build/@NAME@/module.wasm" -O --debug --use abort=guest/abort "$@"
cp module.toml "build/@NAME@/"
echo "build/@NAME@ is the bundle"
