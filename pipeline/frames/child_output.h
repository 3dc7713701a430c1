#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/descriptor.h"

namespace tvr {

/// Another program, started without a shell and without input, whose standard output is read here. Its
/// standard error goes where ours does. Ended (SIGKILL) when this goes before it does.
class ChildOutput {
 public:
  /// arguments[0] is looked for in PATH. Throws Error(NotFound) where there is no such program.
  explicit ChildOutput(const std::vector<std::string>& arguments);
  ~ChildOutput();
  ChildOutput(const ChildOutput&) = delete;
  ChildOutput& operator=(const ChildOutput&) = delete;

  /// Fills `to` as far as the output goes; returns the number of bytes, fewer than asked for only at the end.
  [[nodiscard]] std::size_t read(std::uint8_t* to, std::size_t bytes);
  /// Waits for its end; the exit status, or 128 + signal.
  [[nodiscard]] int wait();

 private:
  pid_t child_ = -1;
  Descriptor output_;
  std::string name_;
};

}  // namespace tvr
