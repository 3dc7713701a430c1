#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/store/feature_reader.h"

namespace tvr {

/// What the content digest is made of: one per feature.
struct ContentRow {
  std::string video, recipe;  // id, identity
  Digest content, hash;       // of the file, of the rows
};

/// FeatureStore's content digest, row by row in order of video and recipe.
class ContentDigest {
 public:
  void add(const ContentRow& row);
  [[nodiscard]] Digest digest() const { return digest_; }

 private:
  Digest digest_ = sha256("store 1");
};

/// A store that is one file. FeatureStore's methods of these names say what each does.
class StoreFile : public FeatureReader {
 public:
  virtual void look_up(const std::vector<std::string_view>& ids,
                       const std::function<void(std::size_t, const KnownVideo*)>& use) = 0;
  virtual bool is_fresh(const std::string& video_id, const Digest& content, std::int64_t recipe) = 0;
  virtual std::int64_t add_recipe(const Recipe& recipe) = 0;
  virtual void keep_shard_count(std::uint64_t count) = 0;
  virtual void write(const VideoOutcome& outcome) = 0;
  virtual void forget(const std::vector<FeatureStore::RowName>& rows) = 0;
  virtual void drop_unused() = 0;
  virtual void compact() = 0;
  virtual void touch(const VideoSource& source, const SourceFingerprint& fingerprint) = 0;
  virtual void checkpoint() = 0;
  /// What the first `limit` videos with features have whose ids come after `id`, in order.
  virtual std::vector<ContentRow> content_after(const std::string& id, std::int64_t limit) = 0;
};

[[nodiscard]] std::unique_ptr<StoreFile> open_store_file(const std::filesystem::path& path,
                                                         FeatureStore::Access access);

}  // namespace tvr
