#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/store/feature_store.h"

namespace tvr {

/// Which video is in which store of a set, and by which recipes: 12 bytes per video in memory. The recipes
/// have numbers of the set's own.
class StoreCatalog {
 public:
  /// Of a set's files. Kept in the user's cache folder, and made again when a file has changed; without such
  /// a folder it is made each time. Throws Error(Mismatch) naming both files for a video that two of them
  /// have, and for two files that have features of a lane but none by the same recipe; and what opening a
  /// store throws.
  [[nodiscard]] static std::shared_ptr<const StoreCatalog> of(
      const std::vector<std::filesystem::path>& files);

  [[nodiscard]] const std::vector<std::filesystem::path>& files() const noexcept { return files_; }
  [[nodiscard]] const std::vector<RecipeRow>& recipes() const noexcept { return recipes_; }
  /// Which of files() may have the video: none, one, or rarely more, since only hashes of ids are kept.
  [[nodiscard]] std::vector<std::size_t> places_of(const std::string& video_id) const;
  /// The number in files()[file] of the set's recipe; 0: it is not there. And back.
  [[nodiscard]] std::int64_t recipe_in(std::size_t file, std::int64_t recipe) const;
  [[nodiscard]] std::int64_t recipe_from(std::size_t file, std::int64_t recipe_there) const;

 private:
  struct Part {
    std::string stamp;
    std::vector<RecipeRow> recipes;
  };

  void build();
  void look_into(std::size_t file, std::vector<std::pair<std::uint64_t, std::uint32_t>>& places);
  void number_recipes();
  void require_common_recipes() const;
  [[nodiscard]] bool load(const std::filesystem::path& cache);
  void save(const std::filesystem::path& cache) const;

  std::vector<std::filesystem::path> files_;
  std::vector<Part> parts_;  // as files_
  std::vector<RecipeRow> recipes_;
  std::vector<std::vector<std::int64_t>> numbers_;  // [file][recipe of the set - 1]: its number there
  std::vector<std::uint64_t> hashes_;               // of the videos' ids, ascending
  std::vector<std::uint32_t> places_;               // the file of each
};

/// Size and modification time of a store's file and write-ahead log, or of all of a set: they change with
/// every write.
[[nodiscard]] std::string store_stamp(const std::filesystem::path& store);

}  // namespace tvr
