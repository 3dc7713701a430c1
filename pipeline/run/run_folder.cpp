#include "pipeline/run/run_folder.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/atomic_file.h"
#include "data/error.h"

namespace tvr {
namespace {

std::filesystem::path steps_of(const std::filesystem::path& folder) { return folder / "steps.json"; }

/// With a damaged or missing file no step is up to date: all are done again.
nlohmann::json read_steps(const std::filesystem::path& folder) {
  std::ifstream file(steps_of(folder));
  nlohmann::json steps = nlohmann::json::parse(file, nullptr, false);
  return steps.is_object() ? steps : nlohmann::json::object();
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

bool RunFolder::is_fresh(const std::string& step, const Digest& inputs,
                         const std::filesystem::path& result) const {
  const nlohmann::json steps = read_steps(path_);
  const auto entry = steps.find(step);
  return entry != steps.end() && *entry == inputs && std::filesystem::exists(result);
}

void RunFolder::mark_done(const std::string& step, const Digest& inputs) {
  nlohmann::json steps = read_steps(path_);
  steps[step] = inputs;
  write_text(steps_of(path_), steps.dump(2) + "\n");
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(Fault::NotFound, path.string(), "the file cannot be opened");
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace tvr
