#include "pipeline/cluster/slurm_scripts.h"

#include <fmt/format.h>

namespace tvr {
namespace {

/// How long before the end of its time a task is warned: it ends the video in hand and copies its store.
constexpr int kWarningSeconds = 300;

std::string head(const SlurmJob& job, const std::string& name, const std::vector<std::string>& options) {
  std::string text = "#!/bin/bash\n";
  const auto add = [&](const std::string& option) { text += "#SBATCH " + option + '\n'; };
  add("--job-name=" + name);
  for (const std::string& option : options) add(option);
  for (const std::string& option : job.sbatch) add(option);
  return text;
}

std::string variables(const SlurmJob& job) {
  return fmt::format("pipeline={}\nout={}\n", shell_word(job.program.string()), shell_word(job.out.string()));
}

/// The videos as arguments of a command.
std::string which_videos(const SlurmJob& job) {
  std::string text;
  for (const std::string& argument : job.which) text += ' ' + shell_word(argument);
  return text;
}

std::string task(const SlurmJob& job) {
  std::vector<std::string> options = {
      fmt::format("--array=1-{}", job.tasks), "--output=" + (job.out / "log/%A_%a.txt").string(),
      "--open-mode=append", "--requeue", fmt::format("--signal=B:USR1@{}", kWarningSeconds)};
  if (!job.time.empty()) options.push_back("--time=" + job.time);
  if (job.cpus > 0) options.push_back(fmt::format("--cpus-per-task={}", job.cpus));
  if (!job.memory.empty()) options.push_back("--mem=" + job.memory);
  return head(job, "extract", options) +
         "# One shard of the videos. Its number is the task's, whatever part of the array runs.\n" +
         variables(job) + fmt::format("scratch={}\n", job.scratch) +
         R"(
# Slurm's warning before the time is over, or its request to make room: stop cleanly, and go on later.
warned=
stop() { warned=1; kill -TERM "$extraction" 2> /dev/null; }
trap stop USR1 TERM

)" +
         fmt::format(R"("$pipeline" extract --config "$out/extract.toml" --shard "$SLURM_ARRAY_TASK_ID/{}" \
  --store "$out/parts/$SLURM_ARRAY_TASK_ID.db" --scratch "$scratch" &
)",
                     job.tasks) +
         R"(extraction=$!
wait "$extraction"
code=$?
while kill -0 "$extraction" 2> /dev/null; do  # a signal ends `wait`, not the extraction
  wait "$extraction"
  code=$?
done

if [ -n "$warned" ] && [ "$code" -ne 0 ] && [ "$code" -ne 2 ]; then
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" && exit 0
fi
# 2: some videos failed, as is written in the store. The task has done its work.
[ "$code" -eq 2 ] && exit 0
exit "$code"
)";
}

/// Sets `array` to the shards that lack videos.
std::string find_missing(const SlurmJob& job) {
  return fmt::format(R"(if compgen -G "$out/parts/*.db" > /dev/null; then
  array=$("$pipeline" store missing "$out/parts/*.db"{} --shards {} --slurm)
  code=$?
else
  array=1-{}
  code=2
fi
# 0: nothing is missing, 2: something is.
[ "$code" -eq 0 ] || [ "$code" -eq 2 ] || exit "$code"
)",
                     which_videos(job), job.tasks, job.tasks);
}

std::string finish(const SlurmJob& job) {
  const std::string store = job.merge ? "$out/features.db" : "$out/parts/*.db";
  const std::string merge = job.merge
                                ? R"("$pipeline" store merge "$out/features.db" "$out"/parts/*.db || exit
)"
                                : "";
  return head(job, "finish", {"--output=" + (job.out / "log/finish_%j.txt").string()}) +
         "# After all tasks of the array, whatever became of them: says what there is and what is "
         "missing.\n" +
         variables(job) + '\n' + find_missing(job) + R"(if [ -n "$array" ]; then
  echo "Videos are missing in the shards $array. Start them again: $out/retry.sh"
  exit 1
fi
)" + merge +
         fmt::format(R"("$pipeline" store stats "{0}"
echo "All videos are there. Use them as: --store '{0}'"
)",
                     store);
}

std::string retry(const SlurmJob& job) {
  return "#!/bin/bash\n# Starts the tasks again whose shards lack videos, and what finishes the job.\n" +
         variables(job) + '\n' + find_missing(job) + R"(if [ -z "$array" ]; then
  echo "Nothing is missing."
  exit 0
fi
job=$(sbatch --parsable --array="$array" "$out/task.sh") || exit
sbatch --dependency="afterany:$job" "$out/finish.sh"
)";
}

}  // namespace

std::vector<Script> slurm_scripts(const SlurmJob& job) {
  return {{job.out / "task.sh", task(job)},
          {job.out / "finish.sh", finish(job)},
          {job.out / "retry.sh", retry(job)}};
}

std::string sbatch_lines(const SlurmJob& job) {
  return fmt::format("job=$(sbatch --parsable {})\nsbatch --dependency=afterany:$job {}\n",
                     shell_word((job.out / "task.sh").string()),
                     shell_word((job.out / "finish.sh").string()));
}

std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

}  // namespace tvr
