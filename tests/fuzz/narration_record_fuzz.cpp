#include <cstdint>
#include <cstdlib>

#include "data/error.h"
#include "data/narrations/narration_record.h"
#include "data/narrations/narration_table.h"

namespace {

/// A record with the hash that fits it, as a stranger could write it: what is read is written the same.
void read_record(const std::string& content) {
  const std::string bytes = tvr::sha256(content) + content;
  std::string_view rest = bytes;
  const tvr::NarrationRecord record = tvr::take_record(rest, "fuzz");
  std::string again;
  if (tvr::append_record(again, record.id, record.narration) != record.hash ||
      again + std::string(rest) != bytes)
    std::abort();
}

void read_table(std::string_view bytes) {
  const tvr::NarrationTable table = tvr::parse_narration_table(bytes, 0, bytes.size(), "fuzz");
  std::size_t id_bytes = 0;
  for (std::size_t video = 0; video < table.size(); ++video) id_bytes += table.id(video).size();
  if (id_bytes != table.ids.size() || tvr::bytes_of(table) != bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  try {
    read_table(content);
  } catch (const tvr::Error&) {
  }
  try {  // of the content's whole length, or the hash is that of something else
    read_record(content);
  } catch (const tvr::Error&) {
  }
  return 0;
}
