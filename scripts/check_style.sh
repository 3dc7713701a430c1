#!/usr/bin/env bash
# Format and lint, as errors: clang-format on every C++ and CUDA file, then clang-tidy (checks: see .clang-tidy).
#   scripts/check_style.sh            both on all files; a few minutes on two cores
#   scripts/check_style.sh FILE.cpp...  clang-tidy on these sources only
#   scripts/check_style.sh --fix      formats the files instead
# clang-tidy reads the sources of data, towers, extract, text, model and pipeline, and through them their headers. It
# leaves out those that include LibTorch, CUDA, onnxruntime or MPI, which take many times as long or have no headers
# here, and the tests; name them to have them checked. No build is needed: the preset `release` is configured if it is
# not yet.
set -euo pipefail
cd "$(dirname "$0")/.."

# Versions of clang-format format differently; this code uses 14, Debian 12's.
formatter=$(command -v clang-format-14 || true)
mapfile -t formatted < <(git ls-files '*.h' '*.cpp' '*.cu')
if [ -z "$formatter" ]; then
  echo "format: not checked, clang-format-14 is not installed and other versions format differently"
elif [ "${1:-}" = "--fix" ]; then
  exec "$formatter" -i "${formatted[@]}"
else
  "$formatter" --dry-run --Werror "${formatted[@]}"
  echo "format: ${#formatted[@]} files are correctly formatted"
fi

[ -f build/release/compile_commands.json ] || cmake --preset release > /dev/null
sources=("$@")
if [ ${#sources[@]} -eq 0 ]; then
  mapfile -t sources < <(git ls-files '*.cpp' | grep -v '^tests/' | xargs grep -LE '#include <(torch|ATen|c10|cuda|onnxruntime|mpi)' |
    while read -r source; do  # what this build leaves out, such as the twin of what it has, has no command
      if grep -qF "/$source\"" build/release/compile_commands.json; then echo "$source"; fi
    done)
fi
# clang cannot read GCC's precompiled headers; without them every source includes what it needs.
mkdir -p build/style
# Compiler warnings are no errors here: .clang-tidy lists what is.
sed -E 's/ -(fpch-preprocess|Winvalid-pch|Werror)\b//g; s/ -include [^ ]*cmake_pch\.hxx//' build/release/compile_commands.json \
  > build/style/compile_commands.json
# clang-tidy reports the number of suppressed warnings on stderr; errors go to stdout.
printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -n 4 clang-tidy -p build/style --quiet 2> build/style/messages ||
  { grep -v ' warnings\? generated\.$' build/style/messages >&2; exit 1; }
echo "lint: no findings of clang-tidy in ${#sources[@]} sources"
