#include "tests/support/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace tvr::testing {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void redirect(int descriptor, const std::filesystem::path& path, int flags) {
  const int file = open(path.c_str(), flags, 0600);
  if (file < 0 || dup2(file, descriptor) < 0) _exit(127);
  close(file);
}

}  // namespace

Program::Program(const std::filesystem::path& folder, const std::filesystem::path& file,
                 const std::vector<std::string>& arguments, const Environment& environment)
    : out_(folder / ".out"), err_(folder / ".err") {
  std::vector<char*> words = {const_cast<char*>(file.c_str())};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  process_ = fork();
  if (process_ < 0) throw std::runtime_error("no fork");
  if (process_ > 0) return;
  if (chdir(folder.c_str()) != 0) _exit(127);
  redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
  redirect(STDOUT_FILENO, out_, O_WRONLY | O_CREAT | O_TRUNC);
  redirect(STDERR_FILENO, err_, O_WRONLY | O_CREAT | O_TRUNC);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  execv(file.c_str(), words.data());
  _exit(127);
}

Program::~Program() {
  if (ended_) return;
  kill(process_, SIGKILL);
  waitpid(process_, &status_, 0);
}

bool Program::is_running() {
  if (!ended_) ended_ = waitpid(process_, &status_, WNOHANG) == process_;
  return !ended_;
}

ProgramResult Program::wait() {
  if (!ended_) ended_ = waitpid(process_, &status_, 0) == process_;
  const int exit_code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  return {exit_code, text_of(out_), text_of(err_)};
}

}  // namespace tvr::testing
