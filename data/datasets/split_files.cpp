#include "data/datasets/split_files.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>

#include "data/datasets/dataset_notes.h"
#include "data/error.h"

namespace tvr {

SplitFiles split_files(const DatasetSpec& spec) {
  require_no_glob(spec);
  if (!spec.train.empty())
    throw Error(
        Fault::InvalidArgument, "--train",
        "it has no meaning with " + spec.annotations.string() + ", which is the training split itself",
        "Give the training split as --annotations, the others as --val and --test");
  if (spec.test_only && spec.test.empty())
    throw Error(Fault::InvalidArgument, "--test",
                "it is not given, and " + spec.annotations.string() + " is the training split",
                "Name the file of the test split by --test, and as --annotations too if there is no other");
  return {spec.test_only ? std::filesystem::path() : spec.annotations, spec.val, spec.test};
}

void require_disjoint(const DataSet& data) {
  std::set<std::string> learned;
  for (const ClipRef& clip : data.train.clips) learned.insert(clip.video_id);
  for (const auto& [name, set] : {std::pair{"val", &data.val}, std::pair{"test", &data.test}}) {
    std::set<std::string> shared;
    for (const ClipRef& clip : set->clips)
      if (learned.count(clip.video_id) != 0) shared.insert(clip.video_id);
    if (!shared.empty())
      throw Error(Fault::Mismatch, data.name,
                  fmt::format("{} videos are in both splits train and {}: {}", shared.size(), name,
                              examples({shared.begin(), shared.end()})),
                  "The splits must not share videos");
  }
}

void require_no_glob(const DatasetSpec& spec) {
  if (spec.split.test_videos.empty()) return;
  throw Error(Fault::InvalidArgument, "--test-videos", "it has no meaning with " + spec.annotations.string(),
              "Name the test videos by a list: --test FILE.csv");
}

}  // namespace tvr
