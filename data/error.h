#pragma once

#include <stdexcept>
#include <string>

namespace tvr {

/// What kind of thing went wrong; callers decide by this, people read the message.
enum class Fault {
  InvalidArgument,  // the caller or the user asked for something that has no meaning
  NotFound,         // a file, row, word or column that must exist does not
  Unreadable,       // the operating system or a library refuses to read or write it
  Corrupt,          // the bytes do not follow their own format
  Unsupported,      // well-formed, but a kind that this program does not take
  Mismatch,         // two inputs that must agree do not
  Limit,            // a budget (pixels, frames, bytes) was passed
  Timeout,          // a wall-clock budget was passed
  Busy,             // somebody else holds it
  Device,           // a GPU failed, which is the fault of no input
  Interrupted,      // the user said stop
};

/// "invalid_argument", "not_found", ... : the stable name used in JSON and in the store.
[[nodiscard]] const char* name(Fault fault) noexcept;

/// The one exception type of the program. A message says where, what was seen (and wanted), what to do:
///   throw Error(Fault::Mismatch, "features.db", "video 'msrvtt_17' has 2048 columns, wanted 4096",
///               "Extract the 3d lane too: run `pipeline extract --lanes 2d,3d`");
/// Control characters and bytes that are not UTF-8 are shown as \x1b, long texts are cut: names and words of
/// untrusted files may be put into a message as they are.
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
