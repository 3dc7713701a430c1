#!/usr/bin/env bash
# A training step (D 4096, batch 32, 20 words, two threads) by train_bench and by PyTorch in three ways, in turns in one
# run, and the ratios of the medians: train_ratio.sh BUILD [ROUNDS]. Needs Debian's python3-torch, libblas3 and
# libopenblas0-openmp.
set -euo pipefail
bench=$(realpath "$1")/tests/bench/train_bench
rounds=${2:-3}
cd "$(dirname "$0")"
libraries=/usr/lib/$(uname -m)-linux-gnu
results=$(mktemp)
trap 'rm -f "$results"' EXIT

step() { # NAME COMMAND...
  local name=$1
  shift
  "$@" | awk -v name="$name" '/^training step/ { print name, $4, $7 } /peak memory/ { print name "_peak", $(NF - 1), 0 }' | tee -a "$results" >&2
}
for ((round = 1; round <= rounds; ++round)); do
  step ours "$bench" 2 20
  step tuned env LD_LIBRARY_PATH="$libraries/openblas-openmp" MALLOC_MMAP_MAX_=0 \
    MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_TOP_PAD_=268435456 /usr/bin/python3 train_step.py 2 20
  step openblas env LD_LIBRARY_PATH="$libraries/openblas-openmp" /usr/bin/python3 train_step.py 2 10
  step installed env LD_LIBRARY_PATH="$libraries/blas:$libraries/lapack" /usr/bin/python3 train_step.py 2 3
done
python3 - "$results" <<'PY'
import statistics
import sys

rows = {}
for line in open(sys.argv[1]):
    name, median, fastest = line.split()
    rows.setdefault(name, []).append((float(median), float(fastest)))
middle = {name: statistics.median(m for m, _ in values) for name, values in rows.items()}
least = {name: min(f for _, f in values) for name, values in rows.items()}
for name in ("ours", "installed", "openblas", "tuned"):
    print(f"{name:10} median {middle[name]:7.1f} ms ({middle[name] / middle['ours']:5.1f} times ours)   fastest {least[name]:7.1f} ms "
          f"({least[name] / least['ours']:5.1f})   peak {middle[name + '_peak']:.2f} GB")
PY
