#include <cstdint>
#include <cstdlib>

#include "data/error.h"
#include "data/tensors/zip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view archive(reinterpret_cast<const char*>(data), size);
  try {
    const tvr::ZipReader zip(archive, "fuzz");
    std::size_t bytes = 0;
    for (const auto& record : zip.records()) {
      bytes += record.bytes.size();
      if (zip.find(record.name) != &record) std::abort();
      zip.check(record);
    }
    if (bytes > size) std::abort();  // records would overlap
  } catch (const tvr::Error&) {
  }
  return 0;
}
