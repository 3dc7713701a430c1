#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace tvr::testing {

/// How a program ended and what it wrote.
struct ProgramResult {
  int exit_code = 0;  // or 128 + signal
  std::string out, err;
};

/// A program that runs in a process of its own, its output in two files. Killed at the end of its life.
class Program {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  /// Starts it in `folder`, where its output lies too (".out", ".err").
  Program(const std::filesystem::path& folder, const std::filesystem::path& file,
          const std::vector<std::string>& arguments, const Environment& environment = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// False once it has ended.
  [[nodiscard]] bool is_running();
  [[nodiscard]] pid_t id() const { return process_; }
  void signal(int number) const { kill(process_, number); }
  [[nodiscard]] ProgramResult wait();

 private:
  std::filesystem::path out_, err_;
  pid_t process_ = -1;
  bool ended_ = false;
  int status_ = 0;
};

}  // namespace tvr::testing
