#include "data/cache_folder.h"

#include <cstdlib>

#include "data/error.h"

namespace tvr {
namespace fs = std::filesystem;

fs::path cache_folder() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return fs::path(value == nullptr ? "" : value);
  };
  // Relative paths there are to be ignored (XDG Base Directory Specification).
  if (const fs::path cache = variable("XDG_CACHE_HOME"); cache.is_absolute()) return cache / "pipeline";
  if (const fs::path home = variable("HOME"); home.is_absolute()) return home / ".cache" / "pipeline";
  throw Error(Fault::NotFound, "cache folder", "neither XDG_CACHE_HOME nor HOME is set",
              "Set one of them, or pass --to FOLDER");
}

}  // namespace tvr
