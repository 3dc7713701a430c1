#!/usr/bin/env bash
# Installs what is needed, builds, and runs all tests. Can be run again cheaply. TVR_WERROR=ON: warnings are errors.
# --long: also the tests that take minutes, and fuzzes each parser for a minute with libFuzzer (needs clang).
# --cluster: also extracts and trains under a Slurm of its own (scripts/cluster_test.sh; as root); --cluster-short: the
# short form of it, or none where Slurm does not start.
set -euo pipefail
cd "$(dirname "$0")/.."

cluster=
for wish in "$@"; do
  case "$wish" in
    --long) export TVR_LONG_TESTS=1 ;;
    --cluster) cluster=(scripts/cluster_test.sh) ;;
    --cluster-short) cluster=(scripts/cluster_test.sh --short) ;;
    *) echo "unknown argument $wish" >&2; exit 64 ;;
  esac
done

step() { printf '\n== %s (%s s so far)\n' "$1" "$SECONDS"; }

step "installing dependencies"
scripts/install_dependencies.sh --tests
step "building"
cmake --preset release -DTVR_TESTS=ON -DTVR_WERROR="${TVR_WERROR:-OFF}" > /dev/null
cmake --build --preset release
step "testing"
ctest --preset release -j "$(nproc)"
if [ -n "$cluster" ]; then
  step "on a cluster"
  "${cluster[@]}"
fi
if [ -n "${TVR_LONG_TESTS:-}" ]; then
  step "fuzzing"
  cmake --workflow --preset fuzz
fi
step "done"
