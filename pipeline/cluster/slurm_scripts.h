#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tvr {

/// An extraction as a Slurm job.
struct SlurmJob {
  std::filesystem::path program;    // pipeline
  std::filesystem::path out;        // where scripts, stores and logs go; seen by every node
  std::vector<std::string> which;   // --videos or --list with its value, for `store missing`
  std::uint64_t tasks = 1;          // of the array; a shard each
  std::string time;                 // of a task, as sbatch --time takes it, ten minutes at least; empty: the
                                    // partition's
  int cpus = 0;                     // of a task; 0: Slurm's default
  std::string memory;               // of a task, as sbatch --mem takes it; empty: Slurm's default
  std::vector<std::string> sbatch;  // further options of sbatch
  std::string scratch;              // a local folder of the nodes, within double quotes of a shell
  bool merge = false;               // into one store at the end
};

struct Script {
  std::filesystem::path path;
  std::string text;
};

/// task.sh, the array job; finish.sh, which runs after it; retry.sh, which starts again what is missing. They
/// read the options of the extraction from `out`/extract.toml. Throws Error(InvalidArgument) for a time that
/// is none or too short, for a scratch folder that double quotes do not hold, and for a further option on
/// which the scripts rely, such as --array.
[[nodiscard]] std::vector<Script> slurm_scripts(const SlurmJob& job);

/// The lines that start the job.
[[nodiscard]] std::string sbatch_lines(const SlurmJob& job);

/// Seconds of a time as sbatch takes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours,
/// days-hours:minutes, days-hours:minutes:seconds (sbatch(1)). nullopt: it is none.
[[nodiscard]] std::optional<std::int64_t> seconds_of_slurm(const std::string& time);

/// `text` as one word of a shell.
[[nodiscard]] std::string shell_word(const std::string& text);

}  // namespace tvr
