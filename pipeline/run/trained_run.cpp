#include "pipeline/run/trained_run.h"

#include <algorithm>
#include <sstream>

#include "data/error.h"
#include "data/store/choose_recipes.h"
#include "pipeline/commands/run_config.h"
#include "pipeline/commands/run_options.h"
#include "pipeline/run/run_folder.h"

namespace tvr {
namespace {

int whole_number(const std::string& text, const std::filesystem::path& where) {
  try {
    return std::stoi(text);
  } catch (const std::exception&) {
    throw Error(Fault::Corrupt, where.string(), "max-words is '" + text + "'");
  }
}

/// A config.toml may hold a list as one text, "2d,3d".
std::vector<std::string> split_at_commas(const std::vector<std::string>& values) {
  std::vector<std::string> parts;
  for (const std::string& value : values) {
    std::istringstream text(value);
    for (std::string part; std::getline(text, part, ',');) parts.push_back(part);
  }
  return parts;
}

/// Of `pipeline run`: the identities follow from its flags, as long as the weights are where they were.
void read_run(const std::filesystem::path& folder, TrainedRun& run) {
  const RunOptions options = read_run_options(folder);
  run.store = options.extract.store;
  run.max_words = options.learn.train.max_words;
  run.pooling = pooling_named(options.learn.pooling);
  if (!options.learn.word_vectors.empty()) run.word_vectors = options.learn.word_vectors;
  run.lanes = options.extract.features.lanes;
  try {
    for (const PlannedLane& lane : plan_extraction(options.extract).lanes) {
      run.recipes.push_back(lane.recipe.identity());
    }
  } catch (const Error& error) {
    if (error.fault() != Fault::NotFound) throw;
    run.recipes.clear();
  }
}

}  // namespace

TrainedRun read_trained_run(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) {
    throw Error(Fault::NotFound, folder.string(), "there is no such folder", "Name the folder of a run");
  }
  const RunFolder files(folder);
  const RunConfig config = read_run_config(folder);
  TrainedRun run;
  run.checkpoint = files.checkpoint();
  run.word_vectors = files.words();
  if (config.command == "run") {
    read_run(folder, run);
  } else {
    run.store = config.one("store");
    run.lanes = split_at_commas(config.all("lanes"));
    run.recipes = config.all("feature-recipe");
    if (!config.one("pooling").empty()) run.pooling = pooling_named(config.one("pooling"));
    if (!config.one("word-vectors").empty()) run.word_vectors = config.one("word-vectors");
    if (!config.one("max-words").empty())
      run.max_words = whole_number(config.one("max-words"), files.config());
  }
  if (!std::filesystem::exists(run.checkpoint)) {
    throw Error(Fault::NotFound, folder.string(), "no checkpoint.pth: the model is not trained yet",
                "Run the same `pipeline run` or `pipeline train` to its end");
  }
  return run;
}

std::vector<RecipeRow> recipes_for(const TrainedRun& run, const FeatureStore& store) {
  std::vector<RecipeRow> rows = choose_recipes(store, run.lanes, run.recipes);
  for (const RecipeRow& row : rows) {
    const Digest identity = row.recipe.identity();
    const bool fits =
        run.recipes.empty() || std::any_of(run.recipes.begin(), run.recipes.end(), [&](const std::string& r) {
          return identity.compare(0, r.size(), r) == 0;
        });
    if (fits) continue;
    throw Error(Fault::Mismatch, "lane " + row.recipe.lane,
                "the store's features (" + row.recipe.text + ", weights " + row.recipe.weights +
                    ") are not by the recipe that the model was trained on",
                "Extract the videos with the run's own flags (they are in its config.toml)");
  }
  return rows;
}

}  // namespace tvr
