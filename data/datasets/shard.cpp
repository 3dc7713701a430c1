#include "data/datasets/shard.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "data/error.h"
#include "data/fingerprint.h"

namespace tvr {
namespace {

[[noreturn]] void refuse(const std::string& text) {
  throw Error(Fault::InvalidArgument, "--shard", "'" + text + "' is not I/N with 1 <= I <= N",
              "Use, for example, 3/16, or slurm within a job");
}

std::uint64_t whole_number(const std::string& part, const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(part.data(), part.data() + part.size(), value);
  if (problem != std::errc{} || end != part.data() + part.size() || value == 0) refuse(text);
  return value;
}

/// The first 64 bits of the id's SHA-256.
std::uint64_t stable_hash(const std::string& id) {
  return std::stoull(sha256(id).substr(0, 16), nullptr, 16);
}

/// The value of a variable as a number. nullopt: it is not set. Throws Error(InvalidArgument).
std::optional<std::uint64_t> number_in(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  const std::string text = value;
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem == std::errc{} && end == text.data() + text.size() && !text.empty()) return number;
  throw Error(Fault::InvalidArgument, variable, "is no number: '" + text + "'",
              "Pass --shard I/N, for example 3/16");
}

std::uint64_t required_number(const char* variable, const char* beside) {
  if (const std::optional<std::uint64_t> number = number_in(variable)) return *number;
  throw Error(Fault::InvalidArgument, variable, std::string("is not set, though ") + beside + " is",
              "Pass --shard I/N, for example 3/16");
}

Shard shard_of_array(std::uint64_t task) {
  constexpr const char* kTask = "SLURM_ARRAY_TASK_ID";
  const std::uint64_t first = required_number("SLURM_ARRAY_TASK_MIN", kTask),
                      count = required_number("SLURM_ARRAY_TASK_COUNT", kTask),
                      last = number_in("SLURM_ARRAY_TASK_MAX").value_or(first + count - 1);
  if (count == 0 || first > last || last - first != count - 1 || task < first || task > last) {
    throw Error(Fault::InvalidArgument, kTask,
                "task " + std::to_string(task) + " of an array of " + std::to_string(count) + " tasks from " +
                    std::to_string(first) + " to " + std::to_string(last) +
                    " does not say how many shards there are",
                "Name the number N of all shards: --shard $SLURM_ARRAY_TASK_ID/N");
  }
  return {task - first + 1, count};
}

/// Variables that number the processes of a job from 0.
struct Launcher {
  const char* rank;
  const char* size;
};
constexpr std::array<Launcher, 3> kLaunchers = {{{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                                 {"RANK", "WORLD_SIZE"},
                                                 {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}}};

/// Slurm sets SLURM_PROCID in a batch script, too, where it numbers nothing.
bool is_in_batch_script(const Launcher& launcher) {
  return std::string_view(launcher.rank) == "SLURM_PROCID" && std::getenv(launcher.size) == nullptr;
}

/// nullopt: nothing has started this process as one of several.
std::optional<Shard> shard_of_launcher() {
  for (const Launcher& launcher : kLaunchers) {
    const std::optional<std::uint64_t> rank = number_in(launcher.rank);
    if (!rank || is_in_batch_script(launcher)) continue;
    const std::uint64_t size = required_number(launcher.size, launcher.rank);
    if (*rank < size) return Shard{*rank + 1, size};
    throw Error(Fault::InvalidArgument, launcher.rank,
                "is " + std::to_string(*rank) + ", and " + launcher.size + " is " + std::to_string(size),
                "Pass --shard I/N, for example 3/16");
  }
  return std::nullopt;
}

}  // namespace

Shard shard_of_environment() {
  const std::optional<std::uint64_t> task = number_in("SLURM_ARRAY_TASK_ID");
  const std::optional<Shard> inner = shard_of_launcher();
  if (task) {
    const Shard outer = shard_of_array(*task), process = inner.value_or(Shard{});
    return {(outer.index - 1) * process.count + process.index, outer.count * process.count};
  }
  if (inner) return *inner;
  throw Error(Fault::InvalidArgument, "--shard slurm",
              "this is no task of a Slurm array, nor a process of mpirun, srun or torchrun: neither "
              "SLURM_ARRAY_TASK_ID, OMPI_COMM_WORLD_RANK, RANK nor SLURM_STEP_NUM_TASKS is set",
              "Start it in a job, in a batch script by srun, or pass --shard I/N, for example 3/16");
}

Shard shard_named(const std::string& text) {
  if (text == "slurm") return shard_of_environment();
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) refuse(text);
  const Shard shard{whole_number(text.substr(0, slash), text), whole_number(text.substr(slash + 1), text)};
  if (shard.index > shard.count) refuse(text);
  return shard;
}

std::vector<VideoSource> shard_of(const std::vector<VideoSource>& videos, const Shard& shard) {
  std::vector<VideoSource> mine;
  for (const VideoSource& video : videos) {
    if (shard_number(video.id, shard.count) == shard.index) mine.push_back(video);
  }
  return mine;
}

std::uint64_t shard_number(const std::string& video_id, std::uint64_t count) {
  return stable_hash(video_id) % count + 1;
}

std::string array_expression(const std::vector<std::uint64_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    text += (text.empty() ? "" : ",") + std::to_string(numbers[i]);
    if (end - i > 1) text += "-" + std::to_string(numbers[end - 1]);
    i = end;
  }
  return text;
}

}  // namespace tvr
