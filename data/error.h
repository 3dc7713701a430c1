#pragma once

#include <stdexcept>
#include <string>

namespace tvr {

/// What kind of failure it is. Callers act on this; people read the message.
enum class Fault {
  InvalidArgument,  // a request that is not valid
  NotFound,         // a file, row, word or column that must exist does not
  Unreadable,       // the operating system or a library failed to read or write it
  Corrupt,          // the bytes violate their format
  Unsupported,      // well-formed, but not supported by this program
  Mismatch,         // two inputs that must agree do not
  Limit,            // a limit (pixels, frames, bytes) was exceeded
  Timeout,          // a wall-clock limit was exceeded
  Busy,             // in use by another process
  Device,           // a GPU failed; no input is at fault
  Machine,          // a process was killed, or memory, descriptors or disk ran out; no input is at fault
  Interrupted,      // the user asked to stop
};

/// "invalid_argument", "not_found", ...: the stable name used in JSON and in the store.
[[nodiscard]] const char* name(Fault fault) noexcept;

/// The only exception type of the program. A message says where, what was seen (and wanted), and what to do:
///   throw Error(Fault::Mismatch, "features.db", "video 'msrvtt_17' has 2048 columns, wanted 4096",
///               "Extract the 3d lane too: run `pipeline extract --lanes 2d,3d`");
/// What a terminal may not get (first_character()) is shown as \x1b, long texts are truncated: names and
/// text from untrusted files may be passed as they are.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& where, const std::string& seen, const std::string& advice = {});
  [[nodiscard]] Fault fault() const noexcept { return fault_; }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[nodiscard]] const std::string& seen() const noexcept { return seen_; }
  [[nodiscard]] const std::string& advice() const noexcept { return advice_; }

 private:
  Fault fault_;
  std::string where_, seen_, advice_;
};

}  // namespace tvr
