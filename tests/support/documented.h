#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace tvr::testing {

/// The Python of a document: the first block of code in it that is marked so. Empty: there is none.
inline std::string documented_python(const std::string& document) {
  std::stringstream text;
  text << std::ifstream(std::filesystem::path(TVR_SOURCE_DIR) / document).rdbuf();
  const std::string begin = "```python\n", all = text.str();
  const std::size_t at = all.find(begin), end = all.find("```", at + begin.size());
  return at == std::string::npos ? std::string() : all.substr(at + begin.size(), end - at - begin.size());
}

}  // namespace tvr::testing
