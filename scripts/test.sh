#!/usr/bin/env bash
# Installs what is needed, builds with warnings as errors, and runs all tests. Can be run again cheaply.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%s s so far)\n' "$1" "$SECONDS"; }

step "installing dependencies"
scripts/install_dependencies.sh --tests
step "building"
cmake --preset release -DTVR_TESTS=ON -DTVR_WERROR=ON > /dev/null
cmake --build --preset release
step "testing"
ctest --preset release -j "$(nproc)"
step "done"
