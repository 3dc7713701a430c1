// The configs of an encoder's folder: open_clip's, or {"config": ..., "preprocessor": ...} of transformers.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "data/json_text.h"
#include "towers/config_readers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const nlohmann::json root = tvr::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
    const bool is_hf = root.is_object() && root.contains("config") && root.contains("preprocessor");
    const tvr::EncoderSpec spec = is_hf ? tvr::read_hf_config(root["config"], "c", root["preprocessor"], "p")
                                        : tvr::read_open_clip_config(root, "fuzz");
    tvr::require_consistent(spec, "fuzz");
    if (spec.dim < 1 || spec.image.rows() < 1 || spec.text.transformer.layers < 1) std::abort();
  } catch (const tvr::Error&) {
  }
  return 0;
}
