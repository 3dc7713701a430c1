#include "pipeline/commands/old_run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "data/error.h"
#include "data/store/choose_recipes.h"
#include "pipeline/commands/options.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/run/run_folder.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

/// The flags in config.toml and the subcommand that wrote it.
struct Config {
  fs::path path;
  std::string command;  // "run" or "train"
  std::map<std::string, std::vector<std::string>> flags;

  [[nodiscard]] std::vector<std::string> all(const std::string& flag) const {
    const auto found = flags.find(flag);
    return found == flags.end() ? std::vector<std::string>() : found->second;
  }
  [[nodiscard]] std::string one(const std::string& flag) const {
    const std::vector<std::string> values = all(flag);
    return values.empty() ? std::string() : values.front();
  }
  template <class Number>
  [[nodiscard]] Number number(const std::string& flag, Number otherwise) const {
    const std::string text = one(flag);
    if (text.empty() || CLI::detail::lexical_cast(text, otherwise)) return otherwise;
    throw Error(Fault::Corrupt, path.string(), flag + " is '" + text + "'");
  }
};

Config read_config(const fs::path& path) {
  Config config;
  config.path = path;
  try {
    std::istringstream text(read_text(path));
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(text)) {
      if (item.parents.empty() || item.name == "++" || item.name == "--") continue;  // section markers
      config.command = item.parents.front();
      config.flags[item.name] = item.inputs;
    }
  } catch (const CLI::Error& error) {
    throw Error(Fault::Corrupt, path.string(), error.what(), "Run the command again to rewrite it");
  }
  return config;
}

/// A list may be one string, "2d,3d".
std::vector<std::string> split_at_commas(const std::vector<std::string>& values) {
  std::vector<std::string> parts;
  for (const std::string& value : values) {
    std::istringstream text(value);
    for (std::string part; std::getline(text, part, ',');) parts.push_back(part);
  }
  return parts;
}

/// Names of lanes and prefixes of their recipe identities; empty: unknown.
struct Lanes {
  std::vector<std::string> names, recipes;
};

/// The lanes of a `pipeline run`: its flags give the identities, as long as the weights have not moved.
Lanes lanes_of_run(const Config& config) {
  ExtractOptions options;
  CLI::App app;
  app.set_config("--config");
  app.allow_config_extras(CLI::config_extras_mode::ignore_all);
  CLI::App* command = app.add_subcommand("run");
  add_feature_flags(*command, options.features);
  command->add_option("--seed", options.features.random_seed);
  Lanes lanes;
  try {
    app.parse(std::vector<std::string>{"run", config.path.string(), "--config"});  // in reverse
    for (const PlannedLane& lane : plan_extraction(options).lanes) {
      lanes.names.push_back(lane.recipe.lane);
      lanes.recipes.push_back(lane.recipe.identity());
    }
  } catch (const std::exception&) {
    return {split_at_commas(config.all("lanes")), {}};
  }
  return lanes;
}

Lanes lanes_of(const Config& config) {
  if (config.command == "run") return lanes_of_run(config);
  return {split_at_commas(config.all("lanes")), config.all("feature-recipe")};
}

std::vector<Recipe> recipes_in(const fs::path& store, const Lanes& lanes) {
  std::vector<Recipe> recipes;
  for (const RecipeRow& row : choose_recipes(FeatureStore(store), lanes.names, lanes.recipes)) {
    const Digest identity = row.recipe.identity();
    const bool fits = lanes.recipes.empty() ||
                      std::any_of(lanes.recipes.begin(), lanes.recipes.end(), [&](const std::string& r) {
                        return identity.compare(0, r.size(), r) == 0;
                      });
    if (!fits) {
      throw Error(Fault::Mismatch, "lane " + row.recipe.lane,
                  "the store's features (" + row.recipe.text + ", weights " + row.recipe.weights +
                      ") were not extracted by the recipe that the model was trained on",
                  "Extract the videos with the run's own flags (they are in its config.toml)");
    }
    recipes.push_back(row.recipe);
  }
  return recipes;
}

DataOptions data_of(const Config& config) {
  DataOptions data;
  DatasetSpec& dataset = data.dataset;
  const bool is_csv = !config.one("captions").empty();
  dataset.format = is_csv ? "captions" : "msrvtt";
  dataset.annotations = config.one(is_csv ? "captions" : "annotations");
  dataset.train = config.one("train");
  dataset.val = config.one("val");
  dataset.test = config.one("test");
  dataset.split.test_videos = config.one("test-videos");
  dataset.split.test_fraction = config.number("test-fraction", dataset.split.test_fraction);
  data.val_fraction = config.number("val-fraction", data.val_fraction);
  return data;
}

}  // namespace

bool is_old_run(const fs::path& folder) {
  return !fs::exists(folder / "run.json") && fs::exists(folder / "config.toml") &&
         fs::exists(folder / "checkpoint.pth");
}

RunManifest old_run(const fs::path& folder, const fs::path& other_store, const fs::path& other_words) {
  const Config config = read_config(folder / "config.toml");
  if (!config.one("ensemble").empty()) {  // 0.1 had no such flag
    throw Error(Fault::NotFound, (folder / "run.json").string(), "the file that describes the run is gone",
                "Run the same `pipeline run` or `pipeline train` again: it writes it anew");
  }
  RunManifest run;
  run.networks = {{folder / "checkpoint.pth", {}}};
  run.word_vectors = config.one("word-vectors");
  if (run.word_vectors.empty()) run.word_vectors = folder / "words.bin";
  run.store = config.one("store");
  if (!fs::exists(run.store) && fs::exists(folder / "features.db")) run.store = folder / "features.db";
  if (!fs::exists(run.store) && !other_store.empty()) run.store = other_store;
  run.max_words = config.number("max-words", run.max_words);
  if (run.max_words < 1 || run.max_words > kMostWords) {
    throw Error(Fault::Corrupt, config.path.string(), "max-words is " + std::to_string(run.max_words));
  }
  if (!config.one("pooling").empty()) run.pooling = kPoolings.named("pooling", config.one("pooling"));
  run.data = data_of(config);
  run.seed = config.number("seed", std::uint64_t{1});
  if (!other_words.empty()) run.word_vectors = other_words;
  require_files(run);
  run.lanes = recipes_in(run.store, lanes_of(config));
  return run;
}

}  // namespace tvr
