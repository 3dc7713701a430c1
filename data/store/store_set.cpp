#include "data/store/store_set.h"

#include <algorithm>
#include <list>
#include <queue>
#include <string_view>
#include <utility>

#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/files_matching.h"
#include "data/store/store_catalog.h"
#include "data/store/store_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

/// Each takes up to three descriptors, of which a process has 1024.
constexpr std::size_t kMostOpenFiles = 128;

class StoreSet final : public FeatureReader {
 public:
  explicit StoreSet(std::shared_ptr<const StoreCatalog> catalog) : catalog_(std::move(catalog)) {}

  std::vector<RecipeRow> recipes() override { return catalog_->recipes(); }

  std::optional<KnownVideo> known(const std::string& id) override {
    for (const std::size_t place : catalog_->places_of(id)) {
      std::optional<KnownVideo> video = file(place).known(id);
      if (!video) continue;
      for (KnownVideo::Try& attempt : video->tries)
        attempt.recipe = catalog_->recipe_from(place, attempt.recipe);
      return video;
    }
    return std::nullopt;
  }

  std::vector<VideoRow> videos() override {
    std::vector<VideoRow> all;
    for (std::size_t place = 0; place < count(); ++place)
      for (VideoRow& row : file(place).videos()) all.push_back(std::move(row));
    std::sort(all.begin(), all.end(),
              [](const VideoRow& a, const VideoRow& b) { return a.source.id < b.source.id; });
    return all;
  }

  void for_each_id(const std::function<void(const std::string& id, const std::string& path)>& use) override {
    for (std::size_t place = 0; place < count(); ++place) file(place).for_each_id(use);
  }

  std::optional<std::string> id_of_name(const std::string& name) override {
    for (const std::string& id : {escape_video_id(name), name})
      if (known(id)) return id;
    std::optional<std::string> found;
    for (std::size_t place = 0; place < count(); ++place) {
      std::optional<std::string> id = file(place).id_of_name(name);
      if (id && found)
        throw Error(Fault::Mismatch, catalog_->files()[place].string(),
                    "another store of the set has a video with the name '" + name +
                        "', too, composed otherwise in Unicode",
                    "Copy the name from `pipeline store ls`");
      if (id) found = std::move(id);
    }
    return found;
  }

  bool has_features(const std::string& video_id, std::int64_t recipe) override {
    const auto places = catalog_->places_of(video_id);
    return std::any_of(places.begin(), places.end(), [&](std::size_t place) {
      return file(place).has_features(video_id, catalog_->recipe_in(place, recipe));
    });
  }

  std::vector<FeaturedVideo> featured_videos(std::int64_t recipe) override {
    std::vector<FeaturedVideo> all;
    for (std::size_t place = 0; place < count(); ++place) {
      const std::int64_t there = catalog_->recipe_in(place, recipe);
      if (there == 0) continue;
      for (FeaturedVideo& video : file(place).featured_videos(there)) all.push_back(std::move(video));
    }
    std::sort(all.begin(), all.end(),
              [](const FeaturedVideo& a, const FeaturedVideo& b) { return a.source.id < b.source.id; });
    return all;
  }

  std::optional<FeatureSequence> read(const std::string& video_id, std::int64_t recipe) override {
    for (const std::size_t place : catalog_->places_of(video_id)) {
      const std::int64_t there = catalog_->recipe_in(place, recipe);
      if (there == 0) continue;
      if (std::optional<FeatureSequence> features = file(place).read(video_id, there)) return features;
    }
    return std::nullopt;
  }

  std::optional<HalfRows> read_rows(const std::string& video_id, std::int64_t recipe) override {
    for (const std::size_t place : catalog_->places_of(video_id)) {
      const std::int64_t there = catalog_->recipe_in(place, recipe);
      if (there == 0) continue;
      if (std::optional<HalfRows> rows = file(place).read_rows(video_id, there)) return rows;
    }
    return std::nullopt;
  }

  /// The files' rows, merged by id: of each file some hundred rows are held at a time.
  Digest content_digest() override {
    struct Stream {
      std::vector<ContentRow> rows;
      std::size_t next = 0;
    };
    constexpr std::int64_t kVideosAtATime = 512;
    std::vector<Stream> streams(count());
    const auto id = [&](std::size_t place) -> const std::string& {
      return streams[place].rows[streams[place].next].video;
    };
    const auto later = [&](std::size_t a, std::size_t b) { return id(a) > id(b); };
    std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> first(later);
    for (std::size_t place = 0; place < count(); ++place) {
      streams[place].rows = file(place).content_after({}, kVideosAtATime);
      if (!streams[place].rows.empty()) first.push(place);
    }
    ContentDigest digest;
    while (!first.empty()) {
      const std::size_t place = first.top();
      first.pop();
      Stream& stream = streams[place];
      const std::string& video = id(place);  // of the rows until there are others
      while (stream.next < stream.rows.size() && id(place) == video) digest.add(stream.rows[stream.next++]);
      if (stream.next == stream.rows.size()) stream = {file(place).content_after(video, kVideosAtATime), 0};
      if (!stream.rows.empty()) first.push(place);
    }
    return digest.digest();
  }

  std::unique_ptr<FeatureReader> another() override { return std::make_unique<StoreSet>(catalog_); }

 private:
  [[nodiscard]] std::size_t count() const noexcept { return catalog_->files().size(); }

  /// The one that was not used for longest is closed when too many are open. Valid until the next call.
  StoreFile& file(std::size_t place) {
    const auto open = std::find_if(open_.begin(), open_.end(),
                                   [&](const auto& candidate) { return candidate.first == place; });
    if (open != open_.end()) {
      open_.splice(open_.begin(), open_, open);
      return *open_.front().second;
    }
    if (open_.size() == kMostOpenFiles) open_.pop_back();
    while (true) {
      try {
        open_.emplace_front(place, open_store_file(catalog_->files()[place], FeatureStore::Access::ReadOnly));
        return *open_.front().second;
      } catch (const Error&) {
        if (open_.empty()) throw;
        open_.pop_back();  // it may be the descriptors that have run out
      }
    }
  }

  std::shared_ptr<const StoreCatalog> catalog_;
  std::list<std::pair<std::size_t, std::unique_ptr<StoreFile>>> open_;  // the last used first
};

}  // namespace

bool is_store_set(const fs::path& path) {
  std::error_code unseen;
  return path.string().find_first_of("*?[") != std::string::npos && !fs::exists(path, unseen);
}

namespace {

/// What SQLite and StoreLock keep there, which a pattern such as parts/* matches, too.
bool lies_beside_a_store(const fs::path& file) {
  const std::string name = file.filename().string();
  for (const std::string_view ending : {"-wal", "-shm", "-journal", ".lock"}) {
    if (name.size() > ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0)
      return true;
  }
  return false;
}

}  // namespace

std::vector<fs::path> stores_of(const fs::path& path) {
  if (!is_store_set(path)) return {path};
  std::vector<fs::path> files = files_matching(path);
  files.erase(std::remove_if(files.begin(), files.end(), lies_beside_a_store), files.end());
  if (!files.empty()) return files;
  throw Error(Fault::NotFound, path.string(), "no store matches this pattern",
              "Name a store, or several by a pattern in quotes: 'parts/*.db'");
}

std::unique_ptr<FeatureReader> open_store_set(const std::vector<fs::path>& files) {
  return std::make_unique<StoreSet>(StoreCatalog::of(files));
}

}  // namespace tvr
