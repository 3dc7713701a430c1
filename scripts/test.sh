#!/usr/bin/env bash
# Installs what is needed, builds, and runs all tests. Can be run again cheaply. TVR_WERROR=ON: warnings are errors.
# --long: also the tests that take minutes, and fuzzes each parser for a minute with libFuzzer (needs clang).
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%s s so far)\n' "$1" "$SECONDS"; }

step "installing dependencies"
scripts/install_dependencies.sh --tests
step "building"
cmake --preset release -DTVR_TESTS=ON -DTVR_WERROR="${TVR_WERROR:-OFF}" > /dev/null
cmake --build --preset release
[ "${1:-}" = "--long" ] && export TVR_LONG_TESTS=1
step "testing"
ctest --preset release -j "$(nproc)"
if [ -n "${TVR_LONG_TESTS:-}" ]; then
  step "fuzzing"
  cmake --workflow --preset fuzz
fi
step "done"
