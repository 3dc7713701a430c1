#!/usr/bin/env bash
# Tests the page of `pipeline serve` in a headless Chromium: installs it, builds, runs the tests.
# With arguments RUN SENTENCE FOLDER also saves screenshots of the page.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%s s so far)\n' "$1" "$SECONDS"; }

step "installing dependencies"
scripts/install_dependencies.sh --tests --browser
step "building"
cmake --preset release -DTVR_TESTS=ON > /dev/null
cmake --build --preset release --target tvr_browser_tests
step "fetching axe-core, which looks for what keeps people from using the page"
axe=build/axe/package/axe.min.js
if [ ! -f $axe ] && command -v npm > /dev/null; then
  mkdir -p build/axe
  (cd build/axe && npm pack axe-core@4.10.3 --silent && tar xzf axe-core-4.10.3.tgz package/axe.min.js) || true
fi
[ -f $axe ] && export TVR_AXE=$PWD/$axe || echo "not there: its test is skipped"
step "testing"
export TVR_BROWSER_TESTS=1
if [ $# -eq 3 ]; then
  export TVR_SCREENSHOTS_RUN=$1 TVR_SCREENSHOTS_SENTENCE=$2 TVR_SCREENSHOTS=$3
fi
build/release/tests/pipeline/tvr_browser_tests
step "done"
