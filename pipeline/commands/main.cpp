// pipeline: looks at stores itself, and becomes pipeline-torch, which lies beside it, for everything else.
// Loading LibTorch and the 300 libraries that come with Debian's takes half a second: a million rows are
// listed in less.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "pipeline/commands/program.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/terminal/console.h"

namespace {

void add_commands(CLI::App& app, int& exit_code) { tvr::add_store_command(app, exit_code); }

/// `store` and one of its subcommands that are here. A --config may set flags of any subcommand: all must be
/// known.
bool is_for_us(int argc, char** argv) {
  if (argc < 3 || std::string(argv[1]) != "store") return false;
  for (int i = 3; i < argc; ++i) {
    if (std::string(argv[i]).rfind("--config", 0) == 0) return false;
  }
  CLI::App app;
  int exit_code = 0;
  const std::string name = argv[2];
  const auto has_name = [&](const CLI::App* command) { return command->get_name() == name; };
  return !tvr::add_store_command(app, exit_code).get_subcommands(has_name).empty();
}

int become_pipeline_torch(char** argv) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path program = self.parent_path() / "pipeline-torch";
  if (!error) {
    execv(program.c_str(), argv);
    error = {errno, std::generic_category()};
  }
  tvr::complain(program.string() + ": cannot be started: " + error.message() +
                "; it belongs beside pipeline");
  return tvr::kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  return is_for_us(argc, argv) ? tvr::run_program(argc, argv, add_commands) : become_pipeline_torch(argv);
}
