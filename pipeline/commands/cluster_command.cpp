#include <fmt/format.h>
#include <sys/wait.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "data/atomic_file.h"
#include "data/error.h"
#include "data/text_file.h"
#include "pipeline/cluster/slurm_scripts.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/options.h"
#include "pipeline/commands/video_flags.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

struct ClusterArguments {
  ExtractOptions extract;
  SlurmJob job;
  bool submit = false;
};

void write(const fs::path& path, const std::string& text, fs::perms permissions) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
  fs::permissions(path, permissions);
}

/// A task takes its options from the file when it starts, and its store knows the number of tasks: other ones
/// would mix two jobs. Throws Error(Mismatch).
void require_same_job(const SlurmJob& job, const std::string& options) {
  std::error_code unseen;
  const fs::path file = job.out / "extract.toml", script = job.out / "task.sh";
  const bool is_same =
      (!fs::exists(file, unseen) || read_text_file(file) == options) &&
      (!fs::exists(script, unseen) ||
       read_text_file(script).find(fmt::format("--array=1-{}\n", job.tasks)) != std::string::npos);
  if (is_same) return;
  throw Error(
      Fault::Mismatch, job.out.string(),
      "has the job of an extraction with other options or another number of tasks",
      "Choose another folder with --out; or, if its stores are of this extraction after all, remove its "
      "extract.toml and task.sh");
}

void submit(const SlurmJob& job) {
  const std::string lines = "set -e\n" + sbatch_lines(job);
  const int status = std::system(lines.c_str());  // sbatch says on stdout and stderr what it has done
  if (status == 0) return;
  throw Error(
      Fault::Machine, "sbatch",
      WIFEXITED(status) && WEXITSTATUS(status) == 127 ? "is not installed here" : "has refused the job",
      "Start it on a node from which jobs are submitted, with the lines above");
}

int prepare(const CLI::App& command, ClusterArguments& arguments) {
  SlurmJob& job = arguments.job;
  const VideoSelection& videos = arguments.extract.videos;
  if (!videos.is_named()) {
    throw Error(Fault::InvalidArgument, "cluster extract", "no videos are given",
                "Pass --videos FOLDER or --list FILE.csv");
  }
  (void)plan_extraction(arguments.extract);  // wrong flags are found now, not by each task
  job.program = fs::canonical("/proc/self/exe").parent_path() / "pipeline";
  job.which = videos.list.empty() ? std::vector<std::string>{"--videos", videos.folder.string()}
                                  : std::vector<std::string>{"--list", videos.list.string()};
  std::string options = toml_of(command);
  options.replace(0, options.find('\n'), "[extract]");
  const std::vector<Script> scripts = slurm_scripts(job);
  require_same_job(job, options);
  fs::create_directories(job.out / "log");
  fs::create_directories(job.out / "parts");
  write(job.out / "extract.toml", options, fs::perms(0644));
  for (const Script& script : scripts) write(script.path, script.text, fs::perms(0755));
  say(fmt::format("cluster: {} tasks in {}: extract.toml, task.sh, finish.sh, retry.sh", job.tasks,
                  job.out.string()));
  fmt::print("{}", sbatch_lines(job));
  if (arguments.submit) submit(job);
  return kDone;
}

}  // namespace

void add_cluster_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ClusterArguments>();
  arguments->job.scratch = "${SLURM_TMPDIR:-${TMPDIR:-/tmp}}";
  CLI::App* cluster = add_command(app, "cluster");
  cluster->require_subcommand(1);
  CLI::App* command = cluster->add_subcommand(
      "extract",
      "Write the scripts of an extraction by many tasks under Slurm, and the lines that start them");
  SlurmJob& job = arguments->job;
  const std::string group = "Job";
  command
      ->add_option("--tasks", job.tasks, "number of tasks, each with its share of the videos and its store")
      ->required()
      ->check(CLI::Range(1, 1'000'000))
      ->configurable(false)
      ->group(group);
  command->add_option("--out", job.out, "folder of the scripts, stores and logs, which every node sees")
      ->required()
      ->transform(absolute_path())
      ->configurable(false)
      ->group(group);
  command
      ->add_option("--time", job.time,
                   "time of a task, as 12:00:00, ten minutes at least; a task that needs more goes on later")
      ->configurable(false)
      ->group(group);
  command->add_option("--cpus", job.cpus, "processors of a task")
      ->check(CLI::Range(1, 4096))
      ->configurable(false)
      ->group(group);
  command->add_option("--memory", job.memory, "memory of a task, as 16G")->configurable(false)->group(group);
  command
      ->add_option("--sbatch", job.sbatch,
                   "further options of sbatch, each as --sbatch=--partition=gpu or --sbatch=--gres=gpu:1")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->configurable(false)
      ->group(group);
  command
      ->add_option(
          "--scratch", job.scratch,
          "local folder of the nodes in which the stores are worked on; the shell of a task reads it")
      ->capture_default_str()
      ->configurable(false)
      ->group(group);
  command->add_flag("--merge", job.merge, "merge the tasks' stores into features.db at the end")
      ->configurable(false)
      ->group(group);
  command->add_flag("--submit", arguments->submit, "run the lines: submit the job")
      ->configurable(false)
      ->group(group);
  add_extract_flags(*command, arguments->extract);
  command->remove_option(command->get_option("--store"));
  add_feature_flags(*command, arguments->extract.features);
  command->add_option("--seed", arguments->extract.features.random_seed, "seed of random weights")
      ->capture_default_str()
      ->group("Features (changing one of these extracts anew)");
  add_speed_flags(*command, arguments->extract.speed);
  command->footer(
      "Example: pipeline cluster extract --videos /data/videos --tasks 64 --time 12:00:00 --cpus 8 \\\n"
      "           --weights-2d resnet152 --weights-3d resnext101 --out /data/features --submit\n"
      "See docs/CLUSTER.md.");
  command->callback([command, arguments, &exit_code] { exit_code = prepare(*command, *arguments); });
}

}  // namespace tvr
