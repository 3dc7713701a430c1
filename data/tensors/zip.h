#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/atomic_file.h"

namespace tvr {

/// The records of a zip archive in memory, as PyTorch writes them: stored, never compressed. The central
/// directory is believed only where the local headers agree, names are unique, and no record leaves the file
/// or overlaps another.
class ZipReader {
 public:
  struct Record {
    std::string name;
    std::string_view bytes;
    std::uint32_t crc = 0;  // 0: the writer did not compute it
  };

  /// `archive` must outlive this. `where` names the file in errors. Throws Error(Corrupt | Unsupported).
  ZipReader(std::string_view archive, std::string where);

  [[nodiscard]] const std::vector<Record>& records() const noexcept { return records_; }
  /// nullptr when there is none of that name.
  [[nodiscard]] const Record* find(const std::string& name) const noexcept;
  /// Throws Error(Corrupt) when the record's bytes do not have its checksum.
  void check(const Record& record) const;

 private:
  std::string where_;
  std::vector<Record> records_;
  std::unordered_map<std::string, std::size_t> index_;  // by name
};

/// Writes stored records with 64-byte aligned contents (as PyTorch does, so that they can be mapped), with
/// zip64 sizes where they are needed.
class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file) : file_(file) {}
  void add(const std::string& name, std::string_view bytes);
  /// Writes the central directory; the file is then complete, but not committed.
  void finish();

 private:
  struct Entry {
    std::string name;
    std::uint64_t offset, size;
    std::uint32_t crc;
  };
  AtomicFile& file_;
  std::vector<Entry> entries_;
};

/// CRC-32 of IEEE 802.3, as zip uses it.
[[nodiscard]] std::uint32_t crc32(std::string_view bytes) noexcept;

}  // namespace tvr
