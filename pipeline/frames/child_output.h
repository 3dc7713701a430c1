#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/descriptor.h"

namespace tvr {

/// A child process, started without a shell and with empty standard input, whose standard output is read
/// here. It inherits standard error. The destructor kills it (SIGKILL) if it is still running.
class ChildOutput {
 public:
  /// arguments[0] is searched in PATH. Throws Error(NotFound) if there is no such program.
  explicit ChildOutput(const std::vector<std::string>& arguments);
  ~ChildOutput();
  ChildOutput(const ChildOutput&) = delete;
  ChildOutput& operator=(const ChildOutput&) = delete;

  /// Fills `to`; returns the number of bytes read, fewer than `bytes` only at the end of the output.
  [[nodiscard]] std::size_t read(std::uint8_t* to, std::size_t bytes);
  /// Waits for it to exit; returns the exit status, or 128 + signal.
  [[nodiscard]] int wait();

 private:
  pid_t child_ = -1;
  Descriptor output_;
  std::string name_;
};

}  // namespace tvr
