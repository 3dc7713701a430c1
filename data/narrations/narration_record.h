#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "data/fingerprint.h"
#include "data/narrations/narration.h"

namespace tvr {

// How a video lies in a file of narrations (docs/NARRATIONS.md): for its reader and its writer.

constexpr std::string_view kNarrationsMagic = "tvr narrations 1\n";
constexpr std::string_view kNarrationsEnd = "tvr narrations end\n";
constexpr std::size_t kDigestBytes = 64;  // a Digest

/// What a video may have at most; a day of speech has some 30,000 lines.
constexpr std::int64_t kMostLines = 1'000'000;
constexpr std::size_t kMostNarrationBytes = std::size_t{64} << 20;  // of its texts together

/// The fixed beginning of a record: the hash of all that follows in it, and the sizes from which its length
/// follows.
struct RecordHead {
  static constexpr std::size_t kBytes = kDigestBytes + 16;

  Digest hash;
  std::uint32_t id_bytes = 0;
  std::uint32_t lines = 0;
  std::uint64_t text_bytes = 0;

  /// Throws Error(Corrupt) with `where` unless `bytes` begin with sizes that are possible.
  static RecordHead of(std::string_view bytes, const std::string& where);
  /// Bytes that follow: the id, starts and ends as doubles, lengths of the texts as 4 bytes each, texts.
  [[nodiscard]] std::size_t body_bytes() const noexcept;
};

/// No record is longer.
constexpr std::size_t kMostRecordBytes = kMostNarrationBytes + 20 * std::size_t{kMostLines} + (64 << 10);

/// A record without an id is a mark: its text says where the source is to be read on.
struct NarrationRecord {
  Digest hash;
  std::string id;
  Narration narration;
};

/// Appends the record to `out`; returns its hash. All numbers are little-endian. Throws Error(Limit), naming
/// the video, for more lines or text than a video may have.
Digest append_record(std::string& out, const std::string& id, const Narration& narration);

/// Takes the record at the beginning of `bytes` off them. Throws Error(Corrupt) with `where` unless it is
/// whole and matches its hash.
[[nodiscard]] NarrationRecord take_record(std::string_view& bytes, const std::string& where);

template <class T>
void append_number(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace tvr
