#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "data/store/feature_store.h"
#include "pipeline/commands/command.h"
#include "pipeline/run/run_folder.h"
#include "tests/support/run_command.h"
#include "tests/support/temp_folder.h"

namespace tvr::testing {

/// A store and captions.csv of generated videos: the caption names two of eight things, and each thing has a
/// column of its own in the features. A third of the videos is test, a sixth validation where it is asked
/// for.
class LearningFolder {
 public:
  static constexpr int kVideos = 60, kThings = 8;

  explicit LearningFolder(bool with_validation = false) {
    FeatureStore store(folder_ / "features.db", FeatureStore::Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe({"2d", "{}", "random:seed=1"});
    std::string csv = "video,caption,split\n";
    for (int v = 0; v < kVideos; ++v) {
      const std::string id = "clip " + std::to_string(v);
      const int a = v % 4, b = 4 + v / 4 % 4;  // 16 kinds: of equal features some test videos are
      store.write(outcome(id, recipe, a, b));
      const std::string split = v % 3 == 0 ? "test" : with_validation && v % 6 == 1 ? "val" : "train";
      csv += id + ",\"a " + thing(a) + ", a " + thing(b) + "\"," + split + "\n";
      csv += id + ",some " + thing(b) + " with a " + thing(a) + "," + split + "\n";
    }
    write_text(folder_ / "captions.csv", csv);
  }

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  /// Runs `pipeline ARGUMENTS`, returns what it prints on standard output.
  std::string run(const std::vector<std::string>& arguments) const {
    return run_command({add_run_command, add_train_command, add_eval_command, add_words_command}, arguments);
  }

  /// `pipeline train` of a small model into `out`; `more` flags, which win.
  std::string train(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train", "--json"};
    const std::vector<std::pair<std::string, std::string>> defaults = {
        {"--store", (folder_ / "features.db").string()},
        {"--captions", (folder_ / "captions.csv").string()},
        {"--out", (folder_ / out).string()},
        {"--embd-dim", "16"},
        {"--epochs", "6"},
        {"--batch-size", "10"},
        {"--lr", "0.01"}};
    for (const auto& [flag, value] : defaults) {
      if (std::find(more.begin(), more.end(), flag) == more.end()) {
        arguments.insert(arguments.end(), {flag, value});
      }
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

 private:
  static std::string thing(int number) {
    return std::vector<std::string>{"cat", "boat", "drum", "tree", "lamp", "goat", "kite", "road"}.at(
        static_cast<std::size_t>(number));
  }

  static VideoOutcome outcome(const std::string& id, std::int64_t recipe, int a, int b) {
    VideoOutcome outcome;
    outcome.source = {id, "/videos/" + id + ".mp4"};
    outcome.fingerprint = {100, 7, sha256(id)};
    VideoOutcome::Lane lane{recipe, {}};
    lane.features.dim = kThings;
    for (std::size_t row = 0; row < 3; ++row) {
      std::vector<float> values(kThings, 0.1F);
      values[static_cast<std::size_t>(row == 2 ? b : a)] = 1;
      lane.features.set(row, values.data(),
                        {Micros(1000 * static_cast<int>(row)), Micros(1000 * static_cast<int>(row + 1))});
    }
    outcome.lanes.push_back(lane);
    return outcome;
  }

  TempFolder folder_;
};

}  // namespace tvr::testing
