#pragma once

#include <string>
#include <vector>

namespace tvr {

/// A library that the program stands on. Versions as it tells them, empty where it does not.
struct LibraryVersion {
  std::string name;
  std::string built;    // of the headers that the program was compiled with
  std::string running;  // of the library that is loaded now
  std::string remark;   // what else it says of itself
};

/// The base name of the file that holds the code at `address`, links followed: "libfasttext.so.0.0.0".
/// Empty where the system cannot say.
[[nodiscard]] std::string file_of_code(const void* address);

/// SQLite and OpenSSL. The other rooms have the like of theirs.
[[nodiscard]] std::vector<LibraryVersion> data_libraries();

}  // namespace tvr
