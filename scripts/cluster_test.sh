#!/usr/bin/env bash
# Extracts with the built program under a Slurm of its own, started by hand on this machine: an array of four tasks with a
# broken video among the videos, one task killed and one warned, and compares with a single process.
# --short: without the task that is warned, since Slurm lets what is queued again wait for two minutes; and without all of it,
# saying so, where Slurm does not start.
# Needs root. Ends all that it has started.
set -euo pipefail
cd "$(dirname "$0")/.."
pipeline=$PWD/build/release/pipeline/pipeline
short=
[ "${1:-}" = --short ] && short=1

say() { printf '== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

work=$(mktemp -d -t pipeline-cluster.XXXXXX)
chmod 755 "$work"
started=()
finish() {
  for file in "$work"/slurmd.pid "$work"/slurmctld.pid "$work"/munge/pid; do
    if [ -s "$file" ]; then started+=("$(cat "$file")"); fi
  done
  for process in "${started[@]}"; do kill "$process" 2> /dev/null || true; done
  for process in "${started[@]}"; do
    for _ in $(seq 50); do kill -0 "$process" 2> /dev/null || break; sleep 0.1; done
  done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 143' INT TERM

say "installing Slurm"
missing=
for package in slurm-wlm munge; do
  dpkg-query -W -f='${Status}' $package 2> /dev/null | grep -q 'ok installed' || missing+=" $package"
done
if [ -n "$missing" ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086
  RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing > "$work/apt.log" 2>&1 ||
    { echo "skipped: Slurm's packages do not install here"; exit 0; }
fi

say "starting it"
mkdir -p "$work/munge" "$work/state" "$work/spool" "$work/log"
dd if=/dev/urandom of="$work/munge/key" bs=128 count=1 status=none
chmod 600 "$work/munge/key"
name=$(hostname -s)
cat > "$work/slurm.conf" <<END
ClusterName=one
SlurmctldHost=$name(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/log/slurmctld.log
SlurmdLogFile=$work/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
JobRequeue=1
KillWait=5
SchedulerParameters=requeue_delay=0,sched_interval=2,bf_interval=5
NodeName=$name NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=2000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$work/slurm.conf
{ munged --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
    --log-file="$work/munge/log" --seed-file="$work/munge/seed" --force &&
  slurmctld -f "$SLURM_CONF" && slurmd -f "$SLURM_CONF"; } || true
for _ in $(seq 100); do
  [ "$(sinfo -h -o %T 2> /dev/null)" = idle ] && break
  sleep 0.3
done
if [ "$(sinfo -h -o %T)" != idle ]; then
  tail -n 5 "$work"/log/*.log
  [ -n "$short" ] && { echo "skipped: Slurm does not start here"; exit 0; }
  fail "Slurm did not start"
fi

say "making clips"
"$pipeline" demo --clips 24 --out "$work/demo" > "$work/log/demo.txt"
clips=$(dirname "$(find "$work/demo" -name '*.mp4' | head -1)")
head -c 3000 /dev/urandom > "$clips/broken.mp4"
options=(--videos "$clips" --random-weights --model-2d demo2d --model-3d demo3d --quiet)

say "one process"
"$pipeline" extract "${options[@]}" --store "$work/one.db" && fail "a broken video was not noticed" || [ $? -eq 2 ]
digest() { "$pipeline" store stats "$1" --digest --json | sed -n 's/.*"digest": "\([0-9a-f]*\)".*/\1/p'; }
wanted=$(digest "$work/one.db")
[ -n "$wanted" ] || fail "no digest"

say "an array of four tasks"
out="$work/my out"
unset SLURM_TMPDIR
TMPDIR=$work/scratch "$pipeline" cluster extract "${options[@]}" --tasks 4 --out "$out" --scratch "$work/scratch" \
  --memory 100M --sbatch=--cpus-per-task=1 > "$work/lines.sh"
job=$(sbatch --parsable --hold "$out/task.sh")
finish_job=$(sbatch --parsable --dependency="afterany:$job" "$out/finish.sh")
waiting() { squeue -h -j "$1" -o %i 2> /dev/null | grep -q .; }
wait_for() { for _ in $(seq 3000); do "$@" && return; sleep 0.1; done; fail "waited in vain: $*"; }
not() { ! "$@"; }

# One is killed: nothing comes home, and its task has failed.
extraction_of() { pgrep -f "extract --config $out/extract.toml --shard $1/4"; }
scontrol release "${job}_1" > /dev/null
wait_for extraction_of 1 > "$work/processes"
xargs kill -KILL < "$work/processes"
if [ -z "$short" ]; then
  scontrol release "${job}_2" > /dev/null
  wait_for extraction_of 2 > /dev/null
  sleep 1
  for _ in $(seq 50); do  # one that is starting "cannot be altered now"
    scancel --signal=USR1 --batch "${job}_2" 2> /dev/null && break
    sleep 0.2
  done
fi
scontrol release "$job" > /dev/null 2>&1 || true  # 1 has ended
wait_for not waiting "$job"
wait_for not waiting "$finish_job"
cat "$out"/log/finish_*.txt
grep -q "Videos are missing in the shards 1" "$out"/log/finish_*.txt || fail "the killed task is not missed"
rm "$out"/log/finish_*.txt

say "what is missing, again"
"$out/retry.sh"
for _ in $(seq 600); do [ -n "$(squeue -h)" ] || break; sleep 0.2; done
cat "$out"/log/finish_*.txt
grep -q "All videos were tried" "$out"/log/finish_*.txt || fail "videos are missing"
"$pipeline" store missing "$out/parts/*.db" --videos "$clips" > /dev/null || fail "videos are missing"

say "cancelling"
"$pipeline" cluster extract "${options[@]}" --tasks 2 --out "$work/cancelled" --scratch "$work/scratch" --memory 100M \
  > "$work/lines.sh"
job=$(sbatch --parsable "$work/cancelled/task.sh")
cancelled() { pgrep -f "extract --config $work/cancelled/extract.toml" > /dev/null; }
wait_for cancelled
scancel "$job"
for _ in $(seq 100); do [ -n "$(squeue -h)" ] || break; sleep 0.2; done
[ -z "$(squeue -h)" ] || { squeue; fail "a cancelled job is still there"; }

say "comparing"
[ "$(digest "$out/parts/*.db")" = "$wanted" ] || fail "the set's digest differs from the one process's"
"$pipeline" store merge "$work/all.db" "$out"/parts/*.db > /dev/null
[ "$(digest "$work/all.db")" = "$wanted" ] || fail "the merged store's digest differs from the one process's"
[ "$("$pipeline" store failures "$out/parts/*.db" --json | grep -c '"broken"')" -eq 2 ] ||
  fail "the broken video is not told"
[ -z "$(find "$work/scratch" -name '*.db')" ] || fail "stores were left in the scratch folder"
say "equal: $wanted"

say "training by srun and by mpirun"
ldd "$(dirname "$pipeline")/pipeline-torch" > "$work/libraries"
if ! command -v mpirun > /dev/null || ! grep -q libmpi "$work/libraries"; then
  echo "skipped: this build has no MPI, or mpirun is not installed (openmpi-bin)"
  exit 0
fi
train=("$pipeline" --quiet train --store "$out/parts/*.db" --annotations "$work/demo/MSRVTT_data.json"
  --train "$work/demo/train.csv" --test "$work/demo/test.csv" --epochs 3
  --embd-dim 64 --batch-size 8 --threads 1)
"${train[@]}" --out "$work/alone" > /dev/null
srun --mpi=pmix -n 2 --overcommit "${train[@]}" --out "$work/srun" > /dev/null
for ranks in 2 4; do
  mpirun --allow-run-as-root --oversubscribe -np $ranks "${train[@]}" --out "$work/mpirun$ranks" > /dev/null
done
for run in srun mpirun2 mpirun4; do
  cmp "$work/alone/checkpoint.pth" "$work/$run/checkpoint.pth" || fail "$run has other weights than one process"
done
say "equal to the bit"
