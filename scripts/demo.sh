#!/usr/bin/env bash
# From a bare Debian 12 or 13 to a trained, evaluated retrieval model on generated clips: installs, builds, runs.
# Can be run again: finished steps are skipped. Arguments go to `pipeline run --demo`.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%s s so far)\n' "$1" "$SECONDS"; }

step "installing dependencies"
scripts/install_dependencies.sh
step "building"
cmake --preset release -DTVR_TESTS=OFF > /dev/null
cmake --build --preset release
step "running the demo"
build/release/pipeline/pipeline run --demo "$@"
step "done"
