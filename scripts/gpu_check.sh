#!/usr/bin/env bash
# On a machine with an NVIDIA GPU, nvcc and a LibTorch made for CUDA: builds, runs the tests that need the GPU, looks for
# memory errors and measures, within ten minutes. Results go to FOLDER (default: gpu-check).
#   scripts/gpu_check.sh [FOLDER]
# CMAKE_PREFIX_PATH (of the environment) names where LibTorch and the other libraries are; without it Python's torch
# is asked. Nothing is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-gpu-check}
mkdir -p "$out"
out=$(cd "$out" && pwd)

step() { printf '\n== %s (%s s so far)\n' "$1" "$SECONDS"; }

if [ -z "${CMAKE_PREFIX_PATH:-}" ]; then
  CMAKE_PREFIX_PATH=$(python3 -c 'import torch; print(torch.utils.cmake_prefix_path)')
  export CMAKE_PREFIX_PATH
fi

step "the machine"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$out/machine.txt"

step "building"
cmake -S . -B build/gpu -G Ninja -DCMAKE_BUILD_TYPE=Release -DTVR_TESTS=ON > "$out/configure.txt"
cmake --build build/gpu --target pipeline tvr_extract_tests tvr_model_tests tvr_pipeline_tests
program=build/gpu/pipeline/pipeline

step "tests"
ctest --test-dir build/gpu -L gpu --output-on-failure | tee "$out/tests.txt"

if command -v compute-sanitizer > /dev/null; then
  step "compute-sanitizer"
  compute-sanitizer --error-exitcode 1 build/gpu/tests/extract/tvr_extract_tests \
    --gtest_filter='Gpu.GivesTheClips*' > "$out/sanitizer.txt" 2>&1 || { tail -20 "$out/sanitizer.txt"; exit 1; }
fi

step "extraction: generated clips of 320x240, both lanes, random weights"
"$program" demo --out "$out/clips" --clips 300 --seed 1 > /dev/null
extract() {  # NAME, then flags
  local name=$1 watcher begin end
  shift
  rm -f "$out/$name.db"*
  nvidia-smi dmon -s u -c 600 > "$out/use-$name.txt" &
  watcher=$!
  begin=$(date +%s.%N)
  "$program" extract --videos "$out/clips/videos" --store "$out/$name.db" --random-weights "$@"
  end=$(date +%s.%N)
  kill "$watcher"
  awk -v b="$begin" -v e="$end" -v n="$name" 'BEGIN { printf "%s: 300 videos in %.1f s, %.1f a second\n", n, e - b, 300 / (e - b) }' |
    tee -a "$out/figures.txt"
}
for precision in fp32 tf32 fp16; do extract "$precision" --device cuda --precision "$precision"; done
extract fp16-nvdec --device cuda --precision fp16 --preset ffmpeg5-gpu
if [ "$(nvidia-smi -L | wc -l)" -gt 1 ]; then extract fp16-nvdec-two --precision fp16 --preset ffmpeg5-gpu --device cuda:0,1; fi

step "training"
"$program" train --store "$out/fp16.db" --annotations "$out/clips/MSRVTT_data.json" --train "$out/clips/train.csv" \
  --test "$out/clips/test.csv" --out "$out/run-gpu" --train-device cuda --epochs 100
"$program" train --store "$out/fp16.db" --annotations "$out/clips/MSRVTT_data.json" --train "$out/clips/train.csv" \
  --test "$out/clips/test.csv" --out "$out/run-cpu" --train-device cpu --epochs 3
step "done; look at $out"
