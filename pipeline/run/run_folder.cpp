#include "pipeline/run/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "data/atomic_file.h"
#include "data/error.h"
#include "data/json_text.h"
#include "data/text_file.h"

namespace tvr {
namespace {

std::filesystem::path steps_of(const std::filesystem::path& folder) { return folder / "steps.json"; }

/// With a damaged or missing file no step is up to date: all are done again.
nlohmann::json read_steps(const std::filesystem::path& folder) {
  try {
    const std::string file = steps_of(folder).string();
    nlohmann::json steps = parse_json(read_text_file(file, kMostRunFileBytes), file);
    if (steps.is_object()) return steps;
  } catch (const Error&) {
  }
  return nlohmann::json::object();
}

constexpr const char* kBegun = "training";

std::string entry_of(const Digest& inputs, const std::filesystem::path& result) {
  return inputs + ' ' + sha256_file(result);
}

}  // namespace

RunFolder::RunFolder(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code problem;
  std::filesystem::create_directories(path_, problem);
  if (problem) {
    throw Error(Fault::Unreadable, path_.string(), "the folder cannot be created (" + problem.message() + ")",
                "Choose another with --out");
  }
}

RunFolder RunFolder::of_seed(std::uint64_t seed) const { return inside(path_of_seed(seed)); }
RunFolder RunFolder::of_network(int number) const {
  return number == 1 ? *this : inside(path_of_network(number));
}

RunFolder RunFolder::inside(std::filesystem::path path) {
  std::error_code unseen;
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(path, unseen))) {
    throw Error(Fault::Unsupported, path.string(), "is a link, where a folder of the run belongs",
                "Remove it");
  }
  return RunFolder(std::move(path));
}

Descriptor RunFolder::lock() const {
  Descriptor folder(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(Fault::Busy, path_.string(), "another program is writing this run",
                "Wait until it has finished, or choose another folder with --out");
  }
  return folder;
}

bool RunFolder::is_fresh(const std::string& step, const Digest& inputs,
                         const std::filesystem::path& result) const {
  const nlohmann::json steps = read_steps(path_);
  const auto entry = steps.find(step);
  return entry != steps.end() && std::filesystem::is_regular_file(result) &&
         *entry == entry_of(inputs, result);
}

void RunFolder::mark_done(const std::string& step, const Digest& inputs,
                          const std::filesystem::path& result) {
  keep(step, entry_of(inputs, result));
}

bool RunFolder::has_begun(const Digest& inputs) const {
  const nlohmann::json steps = read_steps(path_);
  const auto entry = steps.find(kBegun);
  return entry != steps.end() && *entry == inputs && std::filesystem::exists(state());
}

void RunFolder::mark_begun(const Digest& inputs) { keep(kBegun, inputs); }

void RunFolder::keep(const std::string& step, const std::string& entry) {
  nlohmann::json steps = read_steps(path_);
  steps[step] = entry;
  write_text(steps_of(path_), json_text(steps) + "\n");
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

std::string read_text(const std::filesystem::path& path) { return read_text_file(path, kMostRunFileBytes); }

}  // namespace tvr
