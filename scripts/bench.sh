#!/usr/bin/env bash
# Runs the benchmarks briefly, each beside its bound or its peer in one run, and writes what they say as Markdown: a
# section of docs/MEASURED.md for this machine. Nothing else should run meanwhile. Under ten minutes on two cores.
#   scripts/bench.sh [BUILD=build/release] [FILE=BUILD/bench.md]
# Figures of the documents take more rounds: the commands there.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build/release}")
file=${2:-$build/bench.md}
bench=$build/tests/bench
pipeline=$build/pipeline/pipeline
[ -x "$bench/train_bench" ] || { echo "no benchmarks in $build: build it with -DTVR_TESTS=ON" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache

has() { for flag in "$@"; do grep -qw "$flag" /proc/cpuinfo && printf ' %s' "$flag"; done; true; }
say() { printf '%s\n' "$@" | tee -a "$file"; }

section() { # TITLE COMMAND...: a command that fails, or says that it cannot run here (77), is told and passed over
  local title=$1 code=0
  shift
  local command=${*//"$bench/"/}
  say "" "**$title**" "" '```' "${command//"$PWD/"/}"
  (cd "$work" && timeout 150 "$@") > "$work/output" 2>&1 || code=$?
  tee -a "$file" < "$work/output"
  case $code in
    0) ;;
    77) say "not on this machine" ;;
    124) say "not done after 150 s" ;;
    *) say "failed with exit code $code" ;;
  esac
  say '```'
}

: > "$file"
say "## $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $(date +%F)" ""
memory=$(awk '/MemTotal/ { printf "%.0f", $2 / 1e6 }' /proc/meminfo)
sets=$(has avx2 avx512f avx512_bf16 amx_bf16)
say "$("$pipeline" --version | head -n 1); instruction sets:$sets; $memory GB of memory."

section "A training step, D 4096, batch 32, beside its bound" "$bench/train_bench" 0 20
if /usr/bin/python3 -c 'import torch' 2> /dev/null; then
  section "The same beside PyTorch" "$PWD/tests/bench/train_ratio.sh" "$build" 1
fi
if command -v mpirun > /dev/null; then
  section "The same, 512 pairs, by one process and by two" "$PWD/tests/bench/group_ratio.sh" "$build" 1 512
fi
if "$pipeline" --quiet demo --clips 10 --out "$work/demo" > /dev/null; then
  mapfile -t clips < <(find "$work/demo" -name '*.mp4' | sort | head -n 4)
  (cd "$work" && ln -s "${clips[@]}" .)
  section "Extraction of both lanes beside its bound and the reference" \
    "$bench/tvr_extract_bench" "$pipeline" --rounds 1 --reference threads "${clips[@]##*/}"
fi
section "Convolutions beside oneDNN's" "$bench/tvr_convolution_bench"
section "Loading both networks" "$bench/tvr_network_loading_bench"
section "An image tower beside the rate of products" "$bench/tvr_towers_bench" b32 1
section "Decoding for both lanes beside two passes of ffmpeg" "$bench/tvr_decode_bench"
section "Resizing beside Pillow" "$bench/tvr_resize_bench" 1
section "Reading narrated windows beside a mapped file" "$bench/narrated_bench" 64 32 64 256 1
section "Ranks of 1,000 by 1,000" "$bench/ranks_bench"
section "A sentence over 1,000 clips" "$bench/tvr_search_bench" 1000 4096 50
section "A sentence over 50,000 frames" "$bench/tvr_frame_search_bench" 100 250 50
section "A store of 1,000 videos" "$bench/store_bench" 1000
echo "written to $file" >&2
