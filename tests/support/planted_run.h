#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/store/feature_store.h"
#include "data/tensors/pth.h"
#include "model/parameters.h"
#include "pipeline/run/run_manifest.h"
#include "tests/support/write_file.h"

namespace tvr::testing {

/// A run whose model is known in full: word i has the i-th unit vector, and a second of video that "shows"
/// word i has it as features (words 0 to 3 in lane 2d, 4 to 7 in lane 3d). Both towers pass that on, so a
/// sentence is nearest to the videos that show its words.
class PlantedRun {
 public:
  static constexpr std::int64_t kWords = 8;
  static const std::vector<std::string>& words() {
    static const std::vector<std::string> list = {"red",  "green",  "dog",  "cat",
                                                  "runs", "sleeps", "rain", "night"};
    return list;
  }

  explicit PlantedRun(const std::filesystem::path& folder) : folder_(folder) {
    std::string vectors;
    for (std::int64_t i = 0; i < kWords; ++i) {
      vectors += words()[static_cast<std::size_t>(i)];
      for (std::int64_t k = 0; k < kWords; ++k) vectors += i == k ? " 1" : " 0";
      vectors += '\n';
    }
    write_file(folder / "run/words.txt", vectors);
    write_pth(folder / "run/checkpoint.pth", state_of(open_gates()));
    make_old();
    record(manifest());
    FeatureStore made(store(), FeatureStore::Access::ReadWrite);
    made.add_recipe({"2d", "{}", "random:seed=1"});
    made.add_recipe({"3d", "{}", "random:seed=1"});
  }

  [[nodiscard]] std::filesystem::path run() const { return folder_ / "run"; }

  /// What its run.json says, and another one in its place.
  [[nodiscard]] RunManifest manifest() const {
    RunManifest manifest;
    manifest.lanes = {{"2d", "{}", "random:seed=1"}, {"3d", "{}", "random:seed=1"}};
    manifest.store = store();
    manifest.networks = {{run() / "checkpoint.pth", sha256_file(run() / "checkpoint.pth")}};
    manifest.word_vectors = run() / "words.txt";
    manifest.data.dataset.format = "captions";
    manifest.data.dataset.annotations = folder_ / "captions.csv";
    return manifest;
  }
  void record(const RunManifest& manifest) const { write_manifest(run(), manifest); }

  /// Leaves the run as version 0.1 did: a config.toml of `pipeline train`, ending with `flags`, and no
  /// run.json.
  void make_old(const std::string& flags = "") const {
    std::filesystem::remove(run() / "run.json");
    write_file(run() / "config.toml", "[train]\nmax-words=20\nstore=\"" + store().string() +
                                          "\"\nword-vectors=\"" + (run() / "words.txt").string() + "\"\n" +
                                          flags);
  }
  [[nodiscard]] std::filesystem::path store() const { return folder_ / "features.db"; }

  /// A video that shows word shown[s] in second s (-1: none), as if it had been extracted from `path`.
  void add_video(const std::string& id, const std::vector<int>& shown,
                 const std::filesystem::path& path = "/videos/none.mp4") const {
    FeatureStore open(store(), FeatureStore::Access::ReadWrite);
    VideoOutcome outcome;
    outcome.source = {id, path};
    outcome.fingerprint = {100, 7, sha256(id + std::to_string(shown.size()))};
    outcome.duration_s = static_cast<double>(shown.size());
    const std::vector<std::string> lanes = {"2d", "3d"};
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      VideoOutcome::Lane rows{open.add_recipe({lanes[lane], "{}", "random:seed=1"}), {}};
      rows.features.dim = kWords / 2;
      for (std::size_t s = 0; s < shown.size(); ++s) {
        std::vector<float> row(kWords / 2);
        const int place = shown[s] - static_cast<int>(lane) * static_cast<int>(kWords) / 2;
        if (place >= 0 && place < kWords / 2) row[static_cast<std::size_t>(place)] = 1;
        rows.features.set(s, row.data(), {std::chrono::seconds(s), std::chrono::seconds(s + 1)});
      }
      outcome.lanes.push_back(std::move(rows));
    }
    open.write(outcome);
    open.checkpoint();
  }

  /// A video with a row of `dim` times `value` in both lanes for each of `times`, which need not be those of
  /// a video.
  void add_rows(const std::string& id, const std::vector<TimeSpan>& times, float value = 0.5F,
                std::size_t dim = kWords / 2) const {
    FeatureStore open(store(), FeatureStore::Access::ReadWrite);
    VideoOutcome outcome;
    outcome.source = {id, "/videos/none.mp4"};
    outcome.fingerprint = {100, 7, sha256(id)};
    for (const char* const lane : {"2d", "3d"}) {
      VideoOutcome::Lane rows{open.add_recipe({lane, "{}", "random:seed=1"}), {}};
      rows.features.dim = static_cast<std::int64_t>(dim);
      const std::vector<float> row(dim, value);
      for (std::size_t i = 0; i < times.size(); ++i) rows.features.set(i, row.data(), times[i]);
      outcome.lanes.push_back(std::move(rows));
    }
    open.write(outcome);
    open.checkpoint();
  }

 private:
  /// fc: the identity; gate: sigmoid of a constant.
  static Parameters open_gates() {
    EmbeddingShape shape;
    shape.word_dim = shape.video_dim = shape.embd_dim = kWords;
    Parameters parameters = zero_parameters(shape);
    for (const Layer layer : {kTextPooling, kTextFc, kVideoFc}) {
      for (std::int64_t i = 0; i < kWords; ++i) parameters[layer].weight.row(i)[i] = 1;
    }
    return parameters;
  }

  std::filesystem::path folder_;
};

}  // namespace tvr::testing
