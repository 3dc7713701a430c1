#include "pipeline/frames/child_output.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "data/error.h"

extern char** environ;

namespace tvr {

ChildOutput::ChildOutput(const std::vector<std::string>& arguments) : name_(arguments[0]) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(Fault::Unreadable, name_, std::strerror(errno));
  output_ = Descriptor(ends[0]);
  const Descriptor its_end(ends[1]);
  std::vector<char*> raw;
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, its_end.get(), STDOUT_FILENO);
  const int status = ::posix_spawnp(&child_, raw[0], &actions, nullptr, raw.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (status == 0) return;
  throw Error(Fault::NotFound, name_, std::string("cannot be started: ") + std::strerror(status),
              "Install it, or add its folder to PATH");
}

ChildOutput::~ChildOutput() {
  output_.reset();
  if (child_ < 0) return;
  ::kill(child_, SIGKILL);
  static_cast<void>(wait());
}

std::size_t ChildOutput::read(std::uint8_t* to, std::size_t bytes) {
  return read_all(output_, to, bytes, name_);
}

int ChildOutput::wait() {
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace tvr
