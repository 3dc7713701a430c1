#include "pipeline/narrated/narrated_videos.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "data/datasets/howto100m.h"
#include "data/datasets/video_id.h"
#include "data/error.h"

namespace tvr {
namespace {

// The rates of antoine77340/video_feature_extractor, whose folders these are: a frame per second, and 16
// frames of 24 per second.
constexpr double kRows2d = 1, kRows3d = 1.5;

/// The places in `file` of the videos to use, in its order.
std::vector<std::int32_t> wanted_videos(const NarrationFile& file, const NarratedOptions& options,
                                        std::vector<std::string>& notes) {
  std::vector<std::int32_t> places;
  if (options.videos.empty()) {
    for (std::int64_t i = 0; i < file.video_count(); ++i) places.push_back(static_cast<std::int32_t>(i));
    return places;
  }
  std::int64_t silent = 0;
  for (const HowTo100MVideo& video : read_howto100m(options.videos, options.max_rank)) {
    if (const auto place = file.find(video.id)) {
      places.push_back(static_cast<std::int32_t>(*place));
    } else {
      ++silent;
    }
  }
  if (silent > 0)
    notes.push_back(fmt::format("{} videos of the list have no narration and are left out", silent));
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

}  // namespace

NarratedVideos::NarratedVideos(const NarratedOptions& options, std::unique_ptr<LaneReader> features,
                               Pooling pooling)
    : options_(options),
      features_(std::move(features)),
      pooling_(pooling),
      file_(options.narrations),
      first_line_{0} {
  std::int64_t without_features = 0, without_lines = 0;
  for (const std::int32_t place : wanted_videos(file_, options_, notes_)) {
    const std::int64_t lines = file_.line_count(place);
    if (lines == 0) {
      ++without_lines;
    } else if (!features_->has(file_.video_id(place))) {
      ++without_features;
    } else {
      videos_.push_back(place);
      first_line_.push_back(first_line_.back() + lines);
    }
  }
  if (without_lines > 0)
    notes_.push_back(fmt::format("{} videos have no line and are left out", without_lines));
  if (without_features > 0)
    notes_.push_back(fmt::format("{} narrated videos have no features and are left out", without_features));
  if (videos_.empty()) {
    throw Error(Fault::Mismatch, options_.narrations.string(), "none of its videos has features",
                "Name the store or the folders of the narrated videos");
  }
  if (line_count() > std::numeric_limits<std::int32_t>::max()) {
    throw Error(Fault::Limit, options_.narrations.string(), fmt::format("it has {} lines", line_count()),
                "Choose fewer videos: --max-rank");
  }
}

std::string NarratedVideos::id(std::int64_t video) const {
  return file_.video_id(videos_[static_cast<std::size_t>(video)]);
}

Narration NarratedVideos::narration(std::int64_t video) const {
  Narration narration = file_.read(videos_[static_cast<std::size_t>(video)]);
  if (narration.size() == line_count(video)) return narration;
  throw Error(
      Fault::Corrupt, options_.narrations.string(),
      fmt::format("video {} has {} lines, its table says {}", id(video), narration.size(), line_count(video)),
      "Import the narrations again");
}

std::int64_t NarratedVideos::video_of(std::int64_t line) const {
  return std::upper_bound(first_line_.begin(), first_line_.end(), line) - first_line_.begin() - 1;
}

std::int64_t NarratedVideos::first_line(std::int64_t video) const {
  return first_line_[static_cast<std::size_t>(video)];
}

std::int64_t NarratedVideos::line_count(std::int64_t video) const {
  return first_line(video + 1) - first_line(video);
}

Digest NarratedVideos::digest() const {
  Sha256 content;
  content.add(fmt::format("narrated 1\n{}\n{}\n{} {} {} {}\n", file_.digest(), features_->digest(),
                          options_.min_time, options_.min_words, options_.candidates,
                          kPoolings.name(pooling_)));
  content.add({reinterpret_cast<const char*>(videos_.data()), videos_.size() * sizeof videos_.front()});
  return content.finish();
}

std::unique_ptr<LaneReader> open_features(const NarratedOptions& options, const std::filesystem::path& store,
                                          const std::vector<RecipeRow>& lanes) {
  std::vector<LaneFolder> folders;
  if (!options.features_2d.empty()) folders.push_back({"2d", options.features_2d, kRows2d});
  if (!options.features_3d.empty()) folders.push_back({"3d", options.features_3d, kRows3d});
  if (folders.empty()) return lanes_in_store(store, lanes);
  LanePaths paths;
  if (!options.videos.empty()) {
    for (const HowTo100MVideo& video : read_howto100m(options.videos, options.max_rank))
      paths[video.id] = video.path.string();
  } else {
    const NarrationFile file(options.narrations);
    for (std::int64_t i = 0; i < file.video_count(); ++i) {
      const std::string id = file.video_id(i);
      paths[id] = video_name(id) + ".npy";
    }
  }
  return lanes_in_folders(folders, std::move(paths));
}

}  // namespace tvr
