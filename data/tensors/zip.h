#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/atomic_file.h"

namespace tvr {

class MappedFile;

/// The records of an in-memory zip archive. Refused unless the central directory agrees with the local
/// headers, names are unique, and all records are inside the file without overlap.
class ZipReader {
 public:
  struct Record {
    std::string name;
    std::string_view bytes;  // as they lie in the archive
    std::uint32_t crc = 0;   // 0: the writer did not compute it
    bool deflated = false;
    std::uint64_t size = 0;  // of the content, as the archive has it: bytes.size() unless deflated
  };

  /// Of an archive as PyTorch writes it: stored, never compressed. `archive` must outlive this. `where` is
  /// the file name in errors. Throws Error(Corrupt | Unsupported).
  ZipReader(std::string_view archive, std::string where);
  /// Of one whose records may be deflated, as other programs write it. What has been read is released, so
  /// that a large archive does not fill the memory.
  ZipReader(const MappedFile& archive, std::string where);

  [[nodiscard]] const std::vector<Record>& records() const noexcept { return records_; }
  /// nullptr if there is no record of that name.
  [[nodiscard]] const Record* find(const std::string& name) const noexcept;
  /// Throws Error(Corrupt) if the checksum of the record's bytes does not match.
  void check(const Record& record) const;
  /// The record's content, inflated where it is deflated. Throws Error(Limit) if it has more than
  /// `most_bytes`, Error(Corrupt) if it does not match its size or checksum.
  [[nodiscard]] std::string content(const Record& record, std::size_t most_bytes) const;

 private:
  void read(std::string_view archive, const MappedFile* mapped);

  std::string where_;
  std::vector<Record> records_;
  std::unordered_map<std::string, std::size_t> index_;  // by name
};

/// Writes stored records with contents aligned to 64 bytes (as PyTorch does, so that they can be mapped),
/// with zip64 sizes where needed.
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

/// CRC-32 of IEEE 802.3, as used by zip.
[[nodiscard]] std::uint32_t crc32(std::string_view bytes) noexcept;

}  // namespace tvr
