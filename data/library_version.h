#pragma once

#include <string>
#include <vector>

namespace tvr {

/// A library that the program uses. Versions as the library reports them; empty if it does not.
struct LibraryVersion {
  std::string name;
  std::string built;    // of the headers used at compile time
  std::string running;  // of the library loaded at run time
  std::string remark;   // further information from the library
};

/// The base name of the file that contains the code at `address`, with links resolved:
/// "libfasttext.so.0.0.0". Empty if the system cannot tell.
[[nodiscard]] std::string file_of_code(const void* address);

/// SQLite and OpenSSL. Other rooms have the same function for their libraries.
[[nodiscard]] std::vector<LibraryVersion> data_libraries();

}  // namespace tvr
