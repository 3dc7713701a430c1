#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/time.h"

namespace tvr {

/// Where videos are that are not where their features were extracted, by id.
using VideoFiles = std::map<std::string, std::filesystem::path>;

/// A caption of a video, or of a part of it.
struct KnownCaption {
  std::optional<TimeSpan> span;
  std::string text;
};

/// What the page shows besides the index, as far as it is known.
struct PageFacts {
  VideoFiles files{};
  std::map<std::string, std::vector<KnownCaption>> captions{};  // by the video's id
  std::vector<std::string> sentences{};                         // to try: test captions
  /// What the best of the wrong videos scores for half of the test captions: a hit below it is weak.
  std::optional<float> weak_below{};
};

}  // namespace tvr
