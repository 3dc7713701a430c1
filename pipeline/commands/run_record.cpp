#include "pipeline/commands/run_record.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <string>

#include "data/error.h"
#include "data/fingerprint.h"
#include "data/usable_cores.h"
#include "pipeline/commands/head_flags.h"
#include "pipeline/commands/old_run.h"
#include "pipeline/machine/machine.h"
#include "pipeline/machine/version.h"

namespace tvr {
namespace {

/// "Debian GNU/Linux 12 (bookworm)"; empty: unknown.
std::string operating_system() {
  const std::string key = "PRETTY_NAME=";
  std::ifstream lines("/etc/os-release");
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(key, 0) != 0) continue;
    line.erase(0, key.size());
    line.erase(std::remove(line.begin(), line.end(), '"'), line.end());
    return line;
  }
  return {};
}

std::map<std::string, std::string> made_here() {
  return {{"program", std::string("pipeline ") + program_version()},
          {"commit", program_commit()},
          {"when", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::now()))},
          {"processor", read_machine().processor},
          {"cores", std::to_string(usable_cores())},
          {"system", operating_system()}};
}

/// The resolved value of a flag; "" if it has none.
std::string value_of(const CLI::Option& option) {
  if (option.count() > 0) return fmt::format("{}", fmt::join(option.results(), ","));
  return option.get_expected_max() == 0 ? "false" : option.get_default_str();
}

/// The training flags and their values: all flags in the group of --epochs, or those of a head.
std::map<std::string, std::string> training_of(const CLI::App& command, bool of_head) {
  const std::string group = command.get_option("--epochs")->get_group();
  std::map<std::string, std::string> training = {{"seed", value_of(*command.get_option("--seed"))}};
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group() != group || (of_head && !is_head_flag(*option))) continue;
    training[option->get_single_name()] = value_of(*option);
  }
  return training;
}

ModelFile hashed(const std::filesystem::path& file) { return {file, sha256_file(file)}; }

std::vector<ModelFile> networks_in(const RunFolder& folder, int ensemble) {
  std::vector<ModelFile> networks;
  for (int network = 1; network <= ensemble; ++network)
    networks.push_back(hashed(folder.of_network(network).checkpoint()));
  return networks;
}

}  // namespace

RunManifest record_of(const CLI::App& command, const RunSubject& subject) {
  RunManifest run;
  for (const RecipeRow& lane : subject.lanes) run.lanes.push_back(lane.recipe);
  // Trained on folders of features: the store is then given by a flag, as where it has moved.
  run.store = subject.store.empty() ? subject.folder.path() / "features.db" : subject.store;
  run.networks = networks_in(subject.folder, subject.learning.ensemble);
  for (int further = 1; further < subject.learning.seeds; ++further) {
    const std::uint64_t seed = subject.learning.train.seed + static_cast<std::uint64_t>(further);
    run.further_seeds.push_back(networks_in(subject.folder.of_seed(seed), subject.learning.ensemble));
  }
  if (std::filesystem::exists(subject.folder.linear())) run.linear = hashed(subject.folder.linear());
  run.linear_weight = subject.learning.linear_weight;
  if (std::filesystem::exists(subject.folder.kernel())) run.kernel = hashed(subject.folder.kernel());
  run.kernel_weight = subject.learning.kernel_weight;
  run.training_videos = hashed(subject.folder.training_videos());
  run.encoder = subject.encoder;
  run.encoder_id = subject.encoder_id;
  const std::filesystem::path& given = subject.learning.word_vectors;
  if (run.encoder.empty()) run.word_vectors = given.empty() ? subject.folder.words() : given;
  if (run.encoder.empty() && given.empty()) run.word_vectors_content = sha256_file(run.word_vectors);
  run.pooling = subject.learning.pooling;
  run.max_words = subject.learning.train.max_words;
  run.data = subject.data;
  const DatasetSpec& dataset = subject.data.dataset;
  // Without captions, as a training on narrations may be, they are given by flags of `eval`.
  run.data.dataset.format = dataset.annotations.empty() ? "captions" : format_of(dataset).name;
  run.seed = subject.learning.train.seed;
  run.training = training_of(command, !run.encoder.empty());
  run.made = made_here();
  return run;
}

RunManifest read_run(const std::filesystem::path& folder, const std::filesystem::path& other_store,
                     const std::filesystem::path& other_words) {
  return is_old_run(folder) ? old_run(folder, other_store, other_words) : read_manifest(folder);
}

void move_encoder(RunManifest& run, const std::filesystem::path& encoder) {
  if (encoder.empty()) return;
  if (run.encoder.empty()) {
    throw Error(Fault::InvalidArgument, "--encoder",
                "the run has a model of its own, without an encoder pair", "Leave it out");
  }
  run.encoder = encoder;
}

std::optional<RunManifest> run_of(const std::filesystem::path& checkpoint) {
  const std::filesystem::path folder = checkpoint.parent_path();
  for (const std::filesystem::path& run : {folder, folder.parent_path()}) {
    if (std::filesystem::exists(run / "run.json")) return read_manifest(run);
  }
  return std::nullopt;
}

}  // namespace tvr
