#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/store/feature_store.h"

namespace tvr {

/// What FeatureStore reads from one file (store_file.h) or from a set of files (store_set.h); its methods of
/// these names say what each does.
class FeatureReader {
 public:
  virtual ~FeatureReader() = default;
  virtual std::vector<RecipeRow> recipes() = 0;
  virtual std::optional<KnownVideo> known(const std::string& id) = 0;
  virtual std::vector<VideoRow> videos() = 0;
  virtual void for_each_id(
      const std::function<void(const std::string& id, const std::string& path)>& use) = 0;
  virtual std::optional<std::string> id_of_name(const std::string& name) = 0;
  virtual bool has_features(const std::string& video_id, std::int64_t recipe) = 0;
  virtual std::vector<FeaturedVideo> featured_videos(std::int64_t recipe) = 0;
  virtual std::optional<FeatureSequence> read(const std::string& video_id, std::int64_t recipe) = 0;
  virtual std::optional<HalfRows> read_rows(const std::string& video_id, std::int64_t recipe) = 0;
  virtual Digest content_digest() = 0;
  /// A connection of its own to the same files, for another thread.
  [[nodiscard]] virtual std::unique_ptr<FeatureReader> another() = 0;
};

}  // namespace tvr
