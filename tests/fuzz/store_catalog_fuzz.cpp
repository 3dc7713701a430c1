#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>

#include "data/cache_folder.h"
#include "data/error.h"
#include "data/fingerprint.h"
#include "data/store/store_catalog.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace {

namespace fs = std::filesystem;
using tvr::testing::write_file;

/// Two files of the size and time that the seed names. They are no stores: what is read comes from the cache.
struct Set {
  tvr::testing::TempFolder folder;
  std::vector<fs::path> files = {folder / "a.db", folder / "b.db"};
  fs::path cache;

  Set() {
    ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
    std::string names;
    for (const fs::path& file : files) {
      write_file(file, "x");
      const timespec time{1'000'000'000, 0};
      const timespec times[2] = {time, time};
      if (::utimensat(AT_FDCWD, file.c_str(), times, 0) != 0) std::abort();
      names += file.string() + '\n';
    }
    cache = tvr::cache_folder() / "store_sets" / tvr::sha256(names);
    fs::create_directories(cache.parent_path());
  }
};

}  // namespace

/// The cache of a set of stores behind its digest, as a stranger could write it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Set set;
  const std::string body(reinterpret_cast<const char*>(data), size);
  write_file(set.cache, "TVRC 1 " + tvr::sha256(body) + '\n' + body);
  try {
    const auto catalog = tvr::StoreCatalog::of(set.files);
    for (const std::size_t file : catalog->places_of("a"))
      if (file >= set.files.size()) std::abort();
    for (const tvr::RecipeRow& row : catalog->recipes())
      for (std::size_t file = 0; file < set.files.size(); ++file)
        (void)catalog->recipe_from(file, catalog->recipe_in(file, row.id));
  } catch (const tvr::Error&) {  // not usable: then it is made again, which the files do not allow
  }
  return 0;
}
