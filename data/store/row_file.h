#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/descriptor.h"
#include "data/fingerprint.h"
#include "data/time.h"

namespace tvr {

/// Where the rows of a video in progress are kept: a file, and what they are the rows of. Only rows written
/// with an equal key are read back.
struct RowPlace {
  std::filesystem::path file;  // empty: nowhere
  Digest key;
};

/// Feature rows in a file instead of in memory, each with its time and a hash: what a killed run has written,
/// the next one reads, and whatever else the file holds is no row. Nothing is opened through a link.
class RowFile {
 public:
  /// Opens or creates the file. Throws Error(Machine), as do all methods but has().
  RowFile(RowPlace place, std::int64_t dim);

  void write(std::int64_t row, const TimeSpan& span, const std::uint16_t* halves);
  /// Reads `dim` values; false: it was never written, or is damaged.
  [[nodiscard]] bool read(std::int64_t row, TimeSpan& span, std::uint16_t* halves) const;
  /// Deletes the file.
  void discard();

 private:
  [[nodiscard]] Digest hash_of(std::int64_t row, std::string_view content) const;
  [[nodiscard]] std::size_t content_bytes() const;
  [[nodiscard]] std::int64_t offset_of(std::int64_t row) const;
  [[noreturn]] void fail(const char* what) const;

  RowPlace place_;
  std::int64_t dim_;
  Descriptor file_;
};

}  // namespace tvr
