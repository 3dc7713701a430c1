#pragma once

#include <string>
#include <vector>

#include "data/narrations/narration_writer.h"
#include "data/store/feature_store.h"
#include "model/random.h"
#include "pipeline/run/run_folder.h"
#include "tests/support/temp_folder.h"

namespace tvr::testing {

/// Generated videos of ten parts of six seconds. Each part shows one of 24 things, which has a column of
/// its own in the features, and is described by a narrated line; `dealt`: by a line of another video instead.
/// features.db, narrations.db, and clips.csv: three parts of each of eight other videos, with captions, as
/// test split, in which each thing is there once.
struct NarratedFolder {
  static constexpr int kVideos = 48, kTestVideos = 8, kParts = 10, kThings = 24;

  explicit NarratedFolder(bool dealt = false) {
    const std::vector<std::string> kBeginnings = {"now we take the ", "here is a ", "and then some ", "a "};
    FeatureStore store(folder / "features.db", FeatureStore::Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe({"2d", R"({"clip_frames":1,"fps":1})", "random:seed=1"});
    NarrationWriter narrations(folder / "narrations.db", "generated");
    std::string csv = "video,caption,start,end,split\n";
    for (int v = 0; v < kVideos + kTestVideos; ++v) {
      const std::string id = (v < kVideos ? "narrated " : "test ") + std::to_string(v);
      store.write(outcome(id, recipe, v));
      Narration narration;
      for (int part = 0; part < kParts; ++part) {
        const double start = 6 * part;
        if (v < kVideos) {
          narration.start.push_back(start);
          narration.end.push_back(start + 6.5);
          narration.text.push_back(kBeginnings[static_cast<std::size_t>((v + part) % 4)] +
                                   thing(dealt ? v + 17 : v, dealt ? part + 3 : part));
        } else if (part < 3) {
          csv += id + ",\"a " + thing(v, part) + "\"," + std::to_string(6 * part) + "," +
                 std::to_string(6 * part + 6) + ",test\n";
        }
      }
      if (v < kVideos) narrations.add(id, narration, static_cast<std::uint64_t>(v) + 1);
    }
    narrations.finish();
    write_text(folder / "clips.csv", csv);
  }

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return folder / name; }

  TempFolder folder;

 private:
  static int number(int video, int part) {
    if (video >= kVideos) return (3 * (video - kVideos) + part) % kThings;
    return static_cast<int>(CounterRandom(3, RandomUse::Weights)
                                .below(kThings, static_cast<std::uint64_t>(video * kParts + part)));
  }
  static std::string thing(int video, int part) {
    static const std::vector<std::string> kNames = {"onion", "boat",  "drum",  "tree",  "lamp",   "goat",
                                                    "kite",  "road",  "apple", "bench", "candle", "dish",
                                                    "egg",   "fork",  "grape", "hat",   "iron",   "jar",
                                                    "knife", "lemon", "mug",   "nut",   "oven",   "pan"};
    return kNames.at(static_cast<std::size_t>(number(video, part)));
  }
  static VideoOutcome outcome(const std::string& id, std::int64_t recipe, int v) {
    VideoOutcome outcome;
    outcome.source = {id, "/videos/" + id + ".mp4"};
    outcome.fingerprint = {100, 7, sha256(id)};
    VideoOutcome::Lane lane{recipe, {}};
    lane.features.dim = kThings;
    for (int row = 0; row < 6 * kParts; ++row) {
      std::vector<float> values(kThings, 0.1F);
      values[static_cast<std::size_t>(number(v, row / 6))] = 1;
      lane.features.set(static_cast<std::size_t>(row), values.data(),
                        {Micros(1'000'000 * row), Micros(1'000'000 * (row + 1))});
    }
    outcome.lanes.push_back(lane);
    return outcome;
  }
};

}  // namespace tvr::testing
