#include <cstdint>
#include <cstdlib>
#include <vector>

#include "data/fingerprint.h"
#include "pipeline/search/search_index.h"

/// The content of a kept index with the digest that fits it, as a stranger could write it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kDim = 2;
  const std::string content(reinterpret_cast<const char*>(data), size);
  const auto index = tvr::SearchIndex::read(content + tvr::sha256(content), {"", {10, 30}}, kDim);
  if (!index) return 0;
  if (index->windows().dim() != kDim) std::abort();
  std::vector<float> row(kDim);
  std::int64_t windows = 0;
  for (const tvr::IndexedVideo& video : index->videos())
    windows += static_cast<std::int64_t>(video.windows.size());
  if (windows != index->windows().windows()) std::abort();
  for (std::int64_t w = 0; w < windows; ++w) index->windows().copy_window(w, row.data());
  return 0;
}
