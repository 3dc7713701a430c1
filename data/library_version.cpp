#include "data/library_version.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <sqlite3.h>

#include <filesystem>

namespace tvr {

std::string file_of_code(const void* address) {
  Dl_info found{};
  if (dladdr(address, &found) == 0 || found.dli_fname == nullptr) return {};
  std::error_code ignored;
  return std::filesystem::weakly_canonical(found.dli_fname, ignored).filename();
}

std::vector<LibraryVersion> data_libraries() {
  return {{"SQLite", SQLITE_VERSION, sqlite3_libversion(), {}},
          {"OpenSSL", OPENSSL_VERSION_STR, OpenSSL_version(OPENSSL_VERSION_STRING), {}}};
}

}  // namespace tvr
