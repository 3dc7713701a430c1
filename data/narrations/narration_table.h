#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/fingerprint.h"

namespace tvr {

/// The table of videos at the end of a file of narrations, by which one is found without reading the others.
struct NarrationTable {
  std::vector<std::uint64_t> starts;   // of each video's record in the file
  std::vector<std::uint32_t> lines;    // of each video
  std::vector<std::uint64_t> id_ends;  // of each video's id in `ids`
  std::vector<std::uint32_t> by_id;    // videos, sorted by id
  std::string ids;

  [[nodiscard]] std::size_t size() const noexcept { return starts.size(); }
  [[nodiscard]] std::string_view id(std::size_t video) const noexcept {
    const std::uint64_t begin = video == 0 ? 0 : id_ends[video - 1];
    return std::string_view(ids).substr(begin, id_ends[video] - begin);
  }

  void add(std::uint64_t start, std::uint32_t line_count, std::string_view id);
  /// Cuts off all but the first `videos`.
  void resize(std::size_t videos);
  void sort();  // fills by_id
};

/// How a file of narrations ends: the table, then this.
struct NarrationEnd {
  static constexpr std::size_t kBytes = 2 * 64 + 8 + 19;

  Digest content;                 // over the records' hashes, in their order
  Digest table;                   // over the file's header, the table and the other members
  std::uint64_t table_start = 0;  // in the file
};

[[nodiscard]] std::string bytes_of(const NarrationTable& table);
/// Throws Error(Corrupt) with `where` unless the bytes are a table of at least one video, whose records lie
/// one after another from `first` to `last`.
[[nodiscard]] NarrationTable parse_narration_table(std::string_view bytes, std::uint64_t first,
                                                   std::uint64_t last, const std::string& where);

[[nodiscard]] std::string bytes_of(const NarrationEnd& end);
/// Of kBytes bytes. Throws Error(Corrupt) with `where` when the file does not end as it must.
[[nodiscard]] NarrationEnd parse_narration_end(std::string_view bytes, const std::string& where);
/// The hash that NarrationEnd::table must have.
[[nodiscard]] Digest table_hash(std::string_view header, std::string_view table, const NarrationEnd& end);

}  // namespace tvr
