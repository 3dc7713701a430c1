#!/usr/bin/env bash
# From a bare Debian 12 or 13 to a trained, evaluated retrieval model on generated clips: installs, builds, runs. By
# default on few clips, which takes half a minute after the build; with --full on all, as README.md shows it. Can be run
# again: finished steps are skipped. Further arguments go to `pipeline run --demo`.
set -euo pipefail
cd "$(dirname "$0")/.."

clips=(--demo-clips 120)
if [ "${1:-}" = --full ]; then
  clips=()
  shift
fi

step() { printf '\n== %s (%s s so far)\n' "$1" "$SECONDS"; }

step "installing dependencies"
scripts/install_dependencies.sh
step "building: five to ten minutes on two cores, once"
# LibTorch's own files for CMake warn of what is not needed here; errors are shown.
cmake --preset release -DTVR_TESTS=OFF --log-level=ERROR > /dev/null
cmake --build --preset release
step "running the demo"
build/release/pipeline/pipeline run --demo "${clips[@]}" "$@"
step "done"
[ ${#clips[@]} -eq 0 ] || echo "this was a small demo; scripts/demo.sh --full is the one of README.md"
echo "search it: build/release/pipeline/pipeline search --run demo-run a red ball rolls"
