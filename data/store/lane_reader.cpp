#include "data/store/lane_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "data/error.h"
#include "data/mutex.h"
#include "data/store/feature_exchange.h"
#include "data/tensors/npy.h"
#include "data/tensors/tensor.h"

namespace tvr {
namespace {

class StoreReader : public LaneReader {
 public:
  StoreReader(const std::filesystem::path& store, const std::vector<RecipeRow>& lanes)
      : path_(store), store_(store) {
    Sha256 content;
    for (const RecipeRow& lane : lanes) {
      lanes_.push_back({lane, rate_of(lane.recipe)});
      content.add(lane.recipe.identity());
      for (const FeaturedVideo& video : store_.featured_videos(lane.id)) {
        content.add(video.source.id + '\n' + video.hash + '\n');
        videos_.emplace(video.source.id, videos_.size());
      }
    }
    digest_ = content.finish();
    checked_.resize(videos_.size() * lanes_.size());
  }

  [[nodiscard]] const std::vector<TimedLane>& lanes() const noexcept override { return lanes_; }
  [[nodiscard]] bool has(const std::string& video_id) const override { return videos_.count(video_id) > 0; }
  [[nodiscard]] Digest digest() const override { return digest_; }

  [[nodiscard]] LaneRows read(const std::string& video_id, std::size_t lane) const override {
    const auto place = videos_.find(video_id);
    if (place == videos_.end()) return {};
    std::unique_ptr<FeatureStore> store = borrow();
    const RecipeRow& recipe = lanes_[lane].recipe;
    if (!is_checked(place->second, lane)) {
      const std::optional<FeatureSequence> sequence = store->read(video_id, recipe.id);
      if (sequence) require_sound(*sequence, recipe.dim, video_id);
      set_checked(place->second, lane);
    }
    std::optional<HalfRows> rows = store->read_rows(video_id, recipe.id);
    give_back(std::move(store));
    if (!rows) return {};
    if (rows->dim != recipe.dim)  // another program has written it since
      throw Error(Fault::Corrupt, path_.string(), "the features of video '" + video_id + "' have changed");
    return LaneRows(std::move(*rows));
  }

 private:
  [[nodiscard]] double rate_of(const Recipe& recipe) const {
    const double rate = rows_per_second(recipe);
    if (rate > 0) return rate;
    throw Error(Fault::Mismatch, path_.string(),
                "the recipe of lane " + recipe.lane + " does not say how many rows a second has",
                "Import the features again with --rows-per-second");
  }
  [[nodiscard]] bool is_checked(std::size_t video, std::size_t lane) const {
    const MutexLock lock(mutex_);
    return checked_[video * lanes_.size() + lane];
  }
  void set_checked(std::size_t video, std::size_t lane) const {
    const MutexLock lock(mutex_);
    checked_[video * lanes_.size() + lane] = true;
  }

  /// A store serves one thread at a time: each reading thread gets its own.
  [[nodiscard]] std::unique_ptr<FeatureStore> borrow() const {
    {
      const MutexLock lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<FeatureStore> store = std::move(idle_.back());
        idle_.pop_back();
        return store;
      }
    }
    return std::make_unique<FeatureStore>(store_.another());
  }
  void give_back(std::unique_ptr<FeatureStore> store) const {
    const MutexLock lock(mutex_);
    idle_.push_back(std::move(store));
  }

  std::filesystem::path path_;
  FeatureStore store_;
  std::vector<TimedLane> lanes_;
  std::unordered_map<std::string, std::size_t> videos_;  // with a number each
  Digest digest_;
  mutable Mutex mutex_;
  mutable std::vector<bool> checked_ TVR_GUARDED_BY(mutex_);  // [video, lane]: found intact and sound
  mutable std::vector<std::unique_ptr<FeatureStore>> idle_ TVR_GUARDED_BY(mutex_);
};

/// The shape of features [T, D] in `tensor`. Throws Error(Unsupported).
std::pair<std::int64_t, std::int64_t> shape_of(const Tensor& tensor, const std::filesystem::path& file) {
  if (tensor.shape.size() == 2 && tensor.shape[1] > 0) return {tensor.shape[0], tensor.shape[1]};
  throw Error(Fault::Unsupported, file.string(), "the shape is " + shape_text(tensor.shape),
              "Wanted: [rows, columns]");
}

/// Throws Error(Corrupt) for a path that leads out of its folder.
void require_inside(const std::string& path) {
  const std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
  if (normal.is_relative() && !normal.empty() && *normal.begin() != "..") return;
  throw Error(Fault::Corrupt, path, "the path of a video's features leads out of their folder");
}

class FolderReader : public LaneReader {
 public:
  FolderReader(std::vector<LaneFolder> folders, LanePaths paths)
      : folders_(std::move(folders)), paths_(std::move(paths)) {
    for (const auto& [id, path] : paths_) require_inside(path);
    Sha256 content;
    for (const LaneFolder& folder : folders_) {
      std::filesystem::path any;
      for (const auto& [id, path] : paths_) {
        std::error_code error;
        const std::uintmax_t bytes = std::filesystem::file_size(folder.folder / path, error);
        if (error) continue;
        if (any.empty()) any = folder.folder / path;
        videos_.insert(id);
        content.add(fmt::format("{}\n{}\n{}\n", folder.lane, id, bytes));
      }
      if (any.empty()) {
        throw Error(Fault::NotFound, folder.folder.string(),
                    fmt::format("it has no file of any of the {} videos, such as {}", paths_.size(),
                                paths_.empty() ? "ID.npy" : paths_.begin()->second),
                    "Name the folder that the videos' paths begin in");
      }
      const std::int64_t dim = shape_of(read_npy(any), any).second;
      ImportOptions as_imported;  // so that a store that imports the files takes the model
      as_imported.rows_per_second = folder.rows_per_second;
      lanes_.push_back({{0, imported_recipe(folder.lane, dim, as_imported), dim,
                         static_cast<std::int64_t>(videos_.size())},
                        folder.rows_per_second});
    }
    digest_ = content.finish();
  }

  [[nodiscard]] const std::vector<TimedLane>& lanes() const noexcept override { return lanes_; }
  [[nodiscard]] bool has(const std::string& video_id) const override { return videos_.count(video_id) > 0; }
  [[nodiscard]] Digest digest() const override { return digest_; }

  [[nodiscard]] LaneRows read(const std::string& video_id, std::size_t lane) const override {
    const auto path = paths_.find(video_id);
    if (path == paths_.end()) return {};
    const std::filesystem::path file = folders_[lane].folder / path->second;
    if (!std::filesystem::exists(file)) return {};
    const Tensor tensor = read_npy(file);
    const auto [rows, dim] = shape_of(tensor, file);
    if (dim != lanes_[lane].recipe.dim) {
      throw Error(
          Fault::Corrupt, file.string(),
          fmt::format("it has {} columns, other files of its folder {}", dim, lanes_[lane].recipe.dim));
    }
    Matrix values(rows, dim);
    const std::vector<float> floats = tensor.to_floats();
    std::copy(floats.begin(), floats.end(), values.data());
    return LaneRows(std::move(values));
  }

 private:
  std::vector<LaneFolder> folders_;
  LanePaths paths_;
  std::vector<TimedLane> lanes_;
  std::unordered_set<std::string> videos_;
  Digest digest_;
};

}  // namespace

const float* LaneRows::row(std::int64_t row, float* buffer) const {
  if (!halves_) return floats_.row(row);
  from_halves(halves_.get() + row * dim_, static_cast<std::size_t>(dim_), buffer);
  return buffer;
}

std::unique_ptr<LaneReader> lanes_in_store(const std::filesystem::path& store,
                                           const std::vector<RecipeRow>& lanes) {
  return std::make_unique<StoreReader>(store, lanes);
}

std::unique_ptr<LaneReader> lanes_in_folders(const std::vector<LaneFolder>& folders, LanePaths paths) {
  return std::make_unique<FolderReader>(folders, std::move(paths));
}

}  // namespace tvr
