// pipeline: runs `store`, `narrations`, `tokens` and `get` itself and executes pipeline-torch, which lies
// beside it, for everything else. Loading LibTorch and the 300 libraries that Debian's needs takes half a
// second; listing a million rows takes less.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <istream>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

#include "pipeline/commands/command.h"
#include "pipeline/commands/narrations/narrations_command.h"
#include "pipeline/commands/program.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/commands/tokens_command.h"
#include "pipeline/commands/usage.h"
#include "pipeline/terminal/console.h"

namespace {

bool is_ours(std::string_view command) {
  return command == "store" || command == "narrations" || command == "tokens" || command == "get";
}

/// Reads only the flags of these commands from the --config file: this program has no other subcommands.
class OurConfig : public CLI::ConfigTOML {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> flags = CLI::ConfigTOML::from_config(input);
    const auto is_foreign = [](const CLI::ConfigItem& item) {
      return !item.parents.empty() && !is_ours(item.parents.front());
    };
    flags.erase(std::remove_if(flags.begin(), flags.end(), is_foreign), flags.end());
    return flags;
  }
};

void add_commands(CLI::App& app, int& exit_code) {
  app.config_formatter(std::make_shared<OurConfig>());
  tvr::add_store_command(app, exit_code);
  tvr::add_narrations_command(app, exit_code);
  tvr::add_tokens_command(app, exit_code);
  tvr::add_get_command(app, exit_code);
}

/// Variables that set flags are left to the program that knows the flags of every subcommand.
bool is_for_us(int argc, char** argv) { return argc > 1 && is_ours(argv[1]) && !tvr::sets_variables(); }

int become_pipeline_torch(char** argv) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path program = self.parent_path() / "pipeline-torch";
  if (!error) {
    execv(program.c_str(), argv);
    error = {errno, std::generic_category()};
  }
  tvr::complain(program.string() + ": cannot be started: " + error.message() +
                "; it must be installed beside pipeline");
  return tvr::kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  return is_for_us(argc, argv) ? tvr::run_program(argc, argv, add_commands) : become_pipeline_torch(argv);
}
