#include <cstdint>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "data/json_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const nlohmann::json copy = tvr::parse_json(text, "fuzz");
    static_cast<void>(tvr::parse_json(tvr::json_text(copy), "again"));
  } catch (const tvr::Error&) {
  }
  for (const nlohmann::json& line : tvr::json_lines(text)) static_cast<void>(tvr::json_line(line));
  return 0;
}
