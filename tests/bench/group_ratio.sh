#!/usr/bin/env bash
# Steps of training by 1 rank of 1 thread, 1 rank of 2 threads and 2 ranks of 1 thread, in turns:
#   tests/bench/group_ratio.sh BUILD [ROUNDS=3] [PAIRS...=512 2048]
set -euo pipefail
bench="$1/tests/bench/group_bench"
rounds=${2:-3}
pairs=("${@:3}")
[ ${#pairs[@]} -gt 0 ] || pairs=(512 2048)
for count in "${pairs[@]}"; do
  for ((round = 1; round <= rounds; ++round)); do
    printf '1 thread:  '; taskset -c 0 "$bench" "$count" 3 1
    printf '2 threads: '; "$bench" "$count" 3 2
    printf '2 ranks:   '
    mpirun -np 2 --allow-run-as-root --bind-to core "$bench" "$count" 3 1
  done
done
