#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace tvr::testing {

/// What the real program said.
struct Said {
  int exit_code = 0;  // or 128 + signal
  std::string out, err;
};

/// Starts TVR_PIPELINE with `arguments`; its output goes to `out` and `err`.
inline pid_t start_pipeline(const std::vector<std::string>& arguments, const std::filesystem::path& out,
                            const std::filesystem::path& err) {
  const pid_t child = fork();
  if (child != 0) return child;
  std::vector<char*> argv{const_cast<char*>("pipeline")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  dup2(open(out.c_str(), kFlags, 0600), STDOUT_FILENO);
  dup2(open(err.c_str(), kFlags, 0600), STDERR_FILENO);
  execv(TVR_PIPELINE, argv.data());
  _exit(127);
}

inline int exit_code_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

inline Said run_pipeline(const std::vector<std::string>& arguments) {
  const TempFolder folder;
  const auto text_of = [](const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  Said said;
  said.exit_code = exit_code_of(start_pipeline(arguments, folder / "out", folder / "err"));
  said.out = text_of(folder / "out");
  said.err = text_of(folder / "err");
  return said;
}

}  // namespace tvr::testing
