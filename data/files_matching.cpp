#include "data/files_matching.h"

#include <glob.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace tvr {

std::vector<std::filesystem::path> files_matching(const std::filesystem::path& pattern) {
  std::error_code unseen;
  if (std::filesystem::exists(pattern, unseen)) return {pattern};
  std::vector<std::string> names;
  glob_t found{};
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
    names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    const int order = strverscmp(a.c_str(), b.c_str());
    return order != 0 ? order < 0 : a < b;
  });
  return {names.begin(), names.end()};
}

}  // namespace tvr
