#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// A file of pipeline/serve/page, embedded in the program.
struct WebFile {
  std::string name;  // "app.js"
  std::string_view content;
};
[[nodiscard]] const std::vector<WebFile>& web_files();

}  // namespace tvr
