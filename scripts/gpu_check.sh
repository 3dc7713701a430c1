#!/usr/bin/env bash
# On a machine with an NVIDIA GPU, nvcc and a LibTorch made for CUDA: builds, runs the tests that need the GPU, looks
# for memory errors and measures, within ten minutes. Results go to FOLDER (default: gpu-check); a step that fails is
# reported and the others still run.
#   scripts/gpu_check.sh [FOLDER]
# CMAKE_PREFIX_PATH (environment, separated by colons) says where LibTorch and the other libraries are; without it,
# Python's torch is used. The comparison with Python needs its torch, torchvision and the ffmpeg program. Nothing is
# installed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
out=${1:-gpu-check}
mkdir -p "$out"
out=$(cd "$out" && pwd)
build=build/gpu
failed=()

step() { # NAME COMMAND...: prints its output and saves it as NAME.txt
  local name=$1
  shift
  printf '\n== %s (%s s so far)\n' "$name" "$SECONDS"
  "$@" 2>&1 | tee "$out/$name.txt"
  if [ "${PIPESTATUS[0]}" -ne 0 ]; then
    failed+=("$name")
    echo "== $name FAILED"
  fi
}

declare -A beside
start() { # NAME COMMAND...: runs in the background until `finish NAME`
  "${@:2}" > "$out/$1.txt" 2>&1 &
  beside[$1]=$!
}
finish() {
  printf '\n== %s (%s s so far)\n' "$1" "$SECONDS"
  local status=0
  wait "${beside[$1]}" || status=$?
  cat "$out/$1.txt"
  if [ $status -ne 0 ]; then
    failed+=("$1")
    echo "== $1 FAILED"
  fi
}

build() {
  cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Release > "$out/configure.txt" 2>&1 || { cat "$out/configure.txt"; return 1; }
  cmake --build $build --target pipeline pipeline-torch tvr_extract_tests tvr_model_tests tvr_pipeline_tests tvr_gpu_bench | grep -v '^\['
  [ "${PIPESTATUS[0]}" -eq 0 ]
}

tests() {
  local room status=0 running=()
  for room in extract model pipeline; do
    timeout 100 $build/tests/$room/tvr_${room}_tests --gtest_brief=1 --gtest_filter='Gpu*' > "$out/tests-$room.txt" 2>&1 &
    running+=($!)
  done
  for room in extract model pipeline; do
    wait "${running[0]}" || status=1
    running=("${running[@]:1}")
    grep -aE '^\[[ =-]|Failure' "$out/tests-$room.txt"
  done
  return $status
}

sanitizer() { # checks both rooms' kernels in parallel
  if ! command -v compute-sanitizer > /dev/null; then echo "skipped: compute-sanitizer is not installed"; return 0; fi
  local room status=0
  local -A process filter=([extract]='Gpu.GivesTheClips*' [model]='Gpu*')
  for room in extract model; do
    timeout 100 compute-sanitizer --error-exitcode 1 $build/tests/$room/tvr_${room}_tests --gtest_brief=1 --gtest_filter="${filter[$room]}" \
      > "$out/sanitizer-$room.txt" 2>&1 &
    process[$room]=$!
  done
  for room in extract model; do
    wait "${process[$room]}" || status=1
    tail -4 "$out/sanitizer-$room.txt"
  done
  return $status
}

# 100 clips of 320 x 240, 14 s on average, each made of three generated ones and present ten times; and one of
# 1920 x 1080 and 10 s, present sixteen times.
clips() {
  $build/pipeline/pipeline demo --out "$out/demo" --clips 300 --seed 1 > /dev/null || return 1
  mkdir -p "$out/clips"
  local all=("$out"/demo/videos/*) i copy
  for ((i = 0; i + 2 < ${#all[@]}; i += 3)); do
    printf "file '%s'\n" "${all[@]:i:3}" > "$out/clips/$i.txt"
    echo "$out/clips/$i"
  done | xargs -P "$(nproc)" -I{} ffmpeg -v error -y -f concat -safe 0 -i {}.txt -c copy {}-1.mp4 || return 1
  rm "$out"/clips/*.txt
  for i in "$out"/clips/*-1.mp4; do
    for copy in {2..10}; do ln -sf "$i" "${i%-1.mp4}-$copy.mp4"; done
  done
  mkdir -p "$out/large"
  ffmpeg -v error -y -f lavfi -i testsrc2=s=1920x1080:r=25:d=10 -pix_fmt yuv420p -c:v libx264 -preset veryfast "$out/large/1.mp4" || return 1
  for copy in {2..16}; do ln -sf 1.mp4 "$out/large/$copy.mp4"; done
  du -sh "$out/clips" "$out/large"
}

extract() { # STORE FLAGS...
  local store="$out/$1.db"
  shift
  rm -f "$store"*
  timeout 120 $build/pipeline/pipeline extract --videos "$out/clips" --store "$store" --weights-2d "$out/2d.pth" --weights-3d "$out/3d.pth" \
    --device cuda --precision fp16 "$@"
}

# Extraction as video_feature_extractor does it on the same device, and how close its rows are to ours.
reference_extraction() {
  local lane videos=("$out"/clips/*-1.mp4)
  for lane in 2d 3d; do
    printf '%s: 60 videos, seconds: ' $lane
    timeout 60 python3 tests/parity/extract_reference.py extract "$out" cuda $lane "$out/reference" "${videos[@]:0:60}" || return 1
  done
  $build/pipeline/pipeline store export "$out/cpu-decoding.db" --npy "$out/ours" --name '{lane}/{video}.npy' > /dev/null || return 1
  python3 - "$out" "${videos[@]:0:60}" << 'PY'
import pathlib, sys
import numpy as np
out = sys.argv[1]
for lane in ("2d", "3d"):
    least = 1.0
    for index, video in enumerate(sys.argv[2:]):
        a, b = (np.load(f).astype(np.float64) for f in (f"{out}/ours/{lane}/{pathlib.Path(video).stem}.npy", f"{out}/reference/{lane}/{index}.npy"))
        assert a.shape == b.shape, (video, a.shape, b.shape)
        least = min(least, ((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())
    print(f"{lane}: lowest cosine similarity to the reference's rows {least:.6f}")
    assert least > 0.999
PY
}

if [ -z "${CMAKE_PREFIX_PATH:-}" ]; then
  CMAKE_PREFIX_PATH=$(python3 -c 'import torch; print(torch.utils.cmake_prefix_path)')
  export CMAKE_PREFIX_PATH
fi

step machine nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
step build build
[ ${#failed[@]} -eq 0 ] || exit 1
start clips clips # on the CPU, while the GPU is tested
start sanitizer sanitizer
step tests tests
finish sanitizer
finish clips
step weights python3 tests/parity/extract_reference.py weights "$out"
step parts timeout 120 $build/tests/bench/tvr_gpu_bench --precision fp16,fp32 --epochs 100
step cpu-decoding extract cpu-decoding
step gpu-scaling extract gpu-scaling --preset ffmpeg5-gpu
step reference-training timeout 60 python3 tests/bench/train_step.py 16 200 cuda
step reference-extraction reference_extraction
step decoding timeout 60 $build/tests/bench/tvr_gpu_bench "$out"/clips/*-1.mp4
step decoding-1080p timeout 60 $build/tests/bench/tvr_gpu_bench "$out"/large/*.mp4
rm -rf "$out"/clips "$out"/large "$out"/demo "$out"/ours "$out"/reference "$out"/*.db* "$out"/*.pth
printf '\n== done after %s s; results are in %s\n' "$SECONDS" "$out"
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
