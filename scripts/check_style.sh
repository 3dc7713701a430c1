#!/usr/bin/env bash
# Form and lint, as errors: clang-format over every C++ and CUDA file, then clang-tidy (.clang-tidy says which checks).
#   scripts/check_style.sh            all of both; a few minutes on two cores
#   scripts/check_style.sh FILE.cpp...  clang-tidy over these sources alone
#   scripts/check_style.sh --fix      formats the files instead
# clang-tidy reads the sources of data, extract, text, model and pipeline, and through them their headers. It leaves out
# those that include LibTorch or CUDA, which take many times as long or have no headers here, and the tests; name them
# to have them checked. Nothing need be built: the preset `release` is configured where it is not.
set -euo pipefail
cd "$(dirname "$0")/.."

# Versions of clang-format differ in what they write; 14, Debian 12's, is this code's.
formatter=$(command -v clang-format-14 || true)
mapfile -t formatted < <(git ls-files '*.h' '*.cpp' '*.cu')
if [ -z "$formatter" ]; then
  echo "format: not checked, there is no clang-format-14 here and other versions format otherwise"
elif [ "${1:-}" = "--fix" ]; then
  exec "$formatter" -i "${formatted[@]}"
else
  "$formatter" --dry-run --Werror "${formatted[@]}"
  echo "format: ${#formatted[@]} files are as clang-format writes them"
fi

[ -f build/release/compile_commands.json ] || cmake --preset release > /dev/null
sources=("$@")
if [ ${#sources[@]} -eq 0 ]; then
  mapfile -t sources < <(git ls-files '*.cpp' | grep -v '^tests/' | xargs grep -LE '#include <(torch|ATen|c10|cuda)')
fi
# clang cannot read GCC's precompiled headers; without them every source includes what it needs.
mkdir -p build/style
sed -E 's/ -(fpch-preprocess|Winvalid-pch)\b//g; s/ -include [^ ]*cmake_pch\.hxx//' build/release/compile_commands.json \
  > build/style/compile_commands.json
# clang-tidy counts on stderr what it leaves out in the headers of others; errors go to stdout.
printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -n 4 clang-tidy -p build/style --quiet 2> build/style/messages ||
  { grep -v ' warnings\? generated\.$' build/style/messages >&2; exit 1; }
echo "lint: clang-tidy finds nothing in ${#sources[@]} sources"
