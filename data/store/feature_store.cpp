#include "data/store/feature_store.h"

#include <utility>

#include "data/error.h"
#include "data/files_matching.h"
#include "data/store/store_file.h"
#include "data/store/store_set.h"

namespace tvr {

FeatureStore::FeatureStore(const std::filesystem::path& path, Access access) {
  // A new store may have any name, as 'clips [2024].db'.
  if (is_store_set(path) && (access == Access::ReadOnly || !files_matching(path).empty())) {
    if (access == Access::ReadWrite) {
      throw Error(Fault::InvalidArgument, path.string(), "names a set of stores, which is only read",
                  "Name one file to write to");
    }
    reader_ = open_store_set(stores_of(path));
    return;
  }
  std::unique_ptr<StoreFile> file = open_store_file(path, access);
  file_ = file.get();
  reader_ = std::move(file);
}

FeatureStore::FeatureStore(const std::vector<std::filesystem::path>& files)
    : reader_(files.size() == 1
                  ? std::unique_ptr<FeatureReader>(open_store_file(files.front(), Access::ReadOnly))
                  : open_store_set(files)) {}

FeatureStore::FeatureStore(std::unique_ptr<FeatureReader> reader) : reader_(std::move(reader)) {}
FeatureStore::~FeatureStore() = default;
FeatureStore::FeatureStore(FeatureStore&&) noexcept = default;
FeatureStore& FeatureStore::operator=(FeatureStore&&) noexcept = default;

FeatureStore FeatureStore::another() const { return FeatureStore(reader_->another()); }

StoreFile& FeatureStore::file() const {
  if (file_ != nullptr) return *file_;
  throw Error(Fault::InvalidArgument, "the store", "is one of a set or a copy, which are only read");
}

std::vector<RecipeRow> FeatureStore::recipes() const { return reader_->recipes(); }
std::optional<KnownVideo> FeatureStore::known(const std::string& id) const { return reader_->known(id); }
void FeatureStore::look_up(const std::vector<std::string_view>& ids,
                           const std::function<void(std::size_t, const KnownVideo*)>& use) const {
  file().look_up(ids, use);
}
std::vector<VideoRow> FeatureStore::videos() const { return reader_->videos(); }
void FeatureStore::for_each_id(
    const std::function<void(const std::string& id, const std::string& path)>& use) const {
  reader_->for_each_id(use);
}
std::optional<std::string> FeatureStore::id_of_name(const std::string& name) const {
  return reader_->id_of_name(name);
}
bool FeatureStore::is_fresh(const std::string& video_id, const Digest& content, std::int64_t recipe) const {
  return file().is_fresh(video_id, content, recipe);
}
bool FeatureStore::has_features(const std::string& video_id, std::int64_t recipe) const {
  return reader_->has_features(video_id, recipe);
}
std::vector<FeaturedVideo> FeatureStore::featured_videos(std::int64_t recipe) const {
  return reader_->featured_videos(recipe);
}
std::optional<FeatureSequence> FeatureStore::read(const std::string& video_id, std::int64_t recipe) const {
  return reader_->read(video_id, recipe);
}
std::optional<HalfRows> FeatureStore::read_rows(const std::string& video_id, std::int64_t recipe) const {
  return reader_->read_rows(video_id, recipe);
}
Digest FeatureStore::content_digest() const { return reader_->content_digest(); }

std::int64_t FeatureStore::add_recipe(const Recipe& recipe) { return file().add_recipe(recipe); }
void FeatureStore::keep_shard_count(std::uint64_t count) { file().keep_shard_count(count); }
void FeatureStore::write(const VideoOutcome& outcome) { file().write(outcome); }
void FeatureStore::forget(const std::vector<RowName>& rows) { file().forget(rows); }
void FeatureStore::drop_unused() { file().drop_unused(); }
void FeatureStore::compact() { file().compact(); }
void FeatureStore::touch(const VideoSource& source, const SourceFingerprint& fingerprint) {
  file().touch(source, fingerprint);
}
void FeatureStore::checkpoint() { file().checkpoint(); }

}  // namespace tvr
