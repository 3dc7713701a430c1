#include "pipeline/cluster/slurm_scripts.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <regex>

#include "data/error.h"
#include "data/fingerprint.h"

namespace tvr {
namespace {

/// A task is warned so long before the end of its time, or a quarter of its time if that is less: it ends the
/// video in hand and copies its store.
constexpr std::int64_t kWarning_s = 300;
constexpr std::int64_t kShortest_s = 600;  // loading the networks takes a part of it

/// Throws Error(InvalidArgument).
std::int64_t warning_s(const SlurmJob& job) {
  if (job.time.empty()) return kWarning_s;
  const std::optional<std::int64_t> time_s = seconds_of_slurm(job.time);
  if (time_s && *time_s >= kShortest_s) return std::min(kWarning_s, *time_s / 4);
  throw Error(
      Fault::InvalidArgument, "--time",
      time_s ? fmt::format("{} is less than ten minutes: a task would be stopped before it has done much",
                           job.time)
             : "'" + job.time + "' is no time of sbatch",
      "Use, for example, 12:00:00 for twelve hours, or 2-00 for two days");
}

/// The value of an option in a script's head: sbatch reads it as a shell would, and replaces %A and the like.
std::string sbatch_path(const std::filesystem::path& folder, const std::string& name) {
  std::string text = "\"";
  for (const char c : folder.string()) {
    if (c == '"' || c == '\\') text += '\\';
    text += c == '%' ? "%%" : std::string(1, c);
  }
  return text + '/' + name + '"';
}

/// The same for the jobs of one folder, and for no other's.
std::string job_name(const SlurmJob& job) { return "extract-" + sha256(job.out.string()).substr(0, 8); }

std::string head(const SlurmJob& job, const std::string& name, const std::vector<std::string>& options) {
  std::string text = "#!/bin/bash\n";
  const auto add = [&](const std::string& option) { text += "#SBATCH " + option + '\n'; };
  add("--job-name=" + name);
  for (const std::string& option : options) add(option);
  for (const std::string& option : job.sbatch) add(option);
  return text;
}

/// Throws Error(InvalidArgument) for an option of sbatch on which the scripts rely.
void require_further_options(const SlurmJob& job) {
  struct Taken {
    const char *option, *advice;
  };
  constexpr const char* kNamed = "Leave it out: retry.sh finds the job by its name";
  constexpr const char* kTasks =
      "Use --tasks for their number; `scontrol update ArrayTaskThrottle=8 JobId=...` lets at most 8 run at "
      "once";
  constexpr const char* kSignal = "Leave it out: the task is warned in time to end the video in hand";
  constexpr const char* kRequeue = "Leave it out: a task whose time is over goes on later";
  constexpr Taken kTaken[] = {{"--array", kTasks},    {"-a", kTasks},        {"--job-name", kNamed},
                              {"-J", kNamed},         {"--signal", kSignal}, {"--no-requeue", kRequeue},
                              {"--requeue", kRequeue}};
  for (const std::string& option : job.sbatch) {
    for (const Taken& taken : kTaken) {
      const std::string name = taken.option;
      const bool is_short = name.size() == 2;  // -J NAME, -JNAME
      const char after = option.size() > name.size() ? option[name.size()] : '=';
      if (option.rfind(name, 0) != 0 || (!is_short && after != '=' && after != ' ')) continue;
      throw Error(Fault::InvalidArgument, "--sbatch", "'" + option + "' is set by the scripts", taken.advice);
    }
  }
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
      fmt::format("--array=1-{}", job.tasks), "--output=" + sbatch_path(job.out, "log/%A_%a.txt"),
      "--open-mode=append", "--requeue", fmt::format("--signal=B:USR1@{}", warning_s(job))};
  if (!job.time.empty()) options.push_back("--time=" + job.time);
  if (job.cpus > 0) options.push_back(fmt::format("--cpus-per-task={}", job.cpus));
  if (!job.memory.empty()) options.push_back("--mem=" + job.memory);
  if (job.scratch.empty() || job.scratch.find_first_of("\"`\\\n") != std::string::npos) {
    throw Error(Fault::InvalidArgument, "--scratch", "'" + job.scratch + "' is not the name of a folder",
                "Name a folder of the nodes, such as /local or '$SCRATCH'");
  }
  return head(job, job_name(job), options) +
         "# One shard of the videos. Its number is the task's, whatever part of the array runs.\n" +
         variables(job) + fmt::format("scratch=\"{}\"\n", job.scratch) +
         R"(: "${scratch:?is empty: name a local folder of the nodes with --scratch}"

# Slurm's warning before the time is over: stop cleanly, and go on later. SIGTERM comes from scancel, or for a
# job that has to make room, which Slurm itself queues again; a task that was warned before is not, either.
warned=
trap 'warned=1; kill -USR1 "$extraction" 2> /dev/null' USR1
trap 'warned=; kill -TERM "$extraction" 2> /dev/null' TERM

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

/// Sets `array` to the shards that lack videos. `flags` for `store missing`.
std::string find_missing(const SlurmJob& job, const std::string& flags = {}) {
  return fmt::format(R"(if compgen -G "$out/parts/*.db" > /dev/null; then
  array=$("$pipeline" store missing "$out/parts/*.db"{} --shards {} --slurm{})
  code=$?
else
  array=1-{}
  code=2
fi
# 0: nothing is missing, 2: something is.
[ "$code" -eq 0 ] || [ "$code" -eq 2 ] || exit "$code"
)",
                     which_videos(job), job.tasks, flags, job.tasks);
}

std::string finish(const SlurmJob& job) {
  std::vector<std::string> options = {"--output=" + sbatch_path(job.out, "log/finish_%j.txt")};
  if (!job.time.empty()) options.push_back("--time=" + job.time);
  const std::string store = job.merge ? "$out/features.db" : "$out/parts/*.db";
  const std::string merge = job.merge
                                ? R"("$pipeline" store merge "$out/features.db" "$out/parts/*.db" || exit
)"
                                : "";
  return head(job, "finish", options) +
         "# After all tasks of the array, whatever became of them: says what there is and what is "
         "missing.\n" +
         variables(job) + '\n' + find_missing(job, " --untried") + R"(if [ -n "$array" ]; then
  echo "Videos are missing in the shards $array. Start them again: $out/retry.sh"
  exit 1
fi
)" + merge +
         fmt::format(R"("$pipeline" store stats "{0}"
echo "All videos were tried. Use them as: --store '{0}'"
)",
                     store) +
         fmt::format(R"(unreadable=$("$pipeline" store missing "$out/parts/*.db"{} | wc -l)
if [ "$unreadable" -gt 0 ]; then
  echo "Files that could not be read: $unreadable. See: $pipeline store failures '$out/parts/*.db'. Try them again: $out/retry.sh"
fi
)",
                     which_videos(job));
}

std::string retry(const SlurmJob& job) {
  return "#!/bin/bash\n# Starts the tasks again whose shards lack videos, and what finishes the job.\n" +
         variables(job) +
         fmt::format(R"SH(
if [ -n "$(squeue --noheader --user="$(id -un)" --name={0})" ]; then
  echo "Tasks are still running or waiting: squeue --name={0}"
  exit 1
fi
)SH",
                     job_name(job)) +
         find_missing(job) + R"(if [ -z "$array" ]; then
  echo "Nothing is missing."
  exit 0
fi
job=$(sbatch --parsable --array="$array" "$out/task.sh") || exit
sbatch --dependency="afterany:$job" "$out/finish.sh"
)";
}

}  // namespace

std::vector<Script> slurm_scripts(const SlurmJob& job) {
  require_further_options(job);
  return {{job.out / "task.sh", task(job)},
          {job.out / "finish.sh", finish(job)},
          {job.out / "retry.sh", retry(job)}};
}

std::optional<std::int64_t> seconds_of_slurm(const std::string& time) {
  if (time == "UNLIMITED" || time == "INFINITE") return std::numeric_limits<std::int64_t>::max();
  // What the numbers mean depends on how many there are.
  static const std::regex form("(?:([0-9]{1,6})-)?([0-9]{1,9})(?::([0-9]{1,9}))?(?::([0-9]{1,9}))?");
  std::smatch match;
  if (!std::regex_match(time, match, form)) return std::nullopt;
  const auto number = [&](std::size_t i) { return match[i].matched ? std::stoll(match[i].str()) : 0; };
  constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (match[1].matched) return number(1) * kDay + number(2) * kHour + number(3) * kMinute + number(4);
  if (match[4].matched) return number(2) * kHour + number(3) * kMinute + number(4);
  return number(2) * kMinute + number(3);
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
