// pipeline: runs `store`, `narrations`, `tokens` and `get` itself, lists the commands and tells the version,
// and executes pipeline-torch, which lies beside it, for everything else. Loading LibTorch and the 300
// libraries that Debian's needs takes half a second; listing a million rows takes less.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <istream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "pipeline/commands/command.h"
#include "pipeline/commands/narrations/narrations_command.h"
#include "pipeline/commands/program.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/commands/tokens_command.h"
#include "pipeline/commands/usage.h"
#include "pipeline/terminal/console.h"

namespace {

/// The commands that this program has.
const std::map<std::string_view, void (*)(CLI::App& app, int& exit_code)>& ours() {
  static const std::map<std::string_view, void (*)(CLI::App&, int&)> commands = {
      {"store", tvr::add_store_command},
      {"narrations", tvr::add_narrations_command},
      {"tokens", tvr::add_tokens_command},
      {"get", tvr::add_get_command},
  };
  return commands;
}

bool is_ours(std::string_view command) { return ours().count(command) > 0; }

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

/// Of the other program's commands only what --help says of them.
void add_commands(CLI::App& app, int& exit_code) {
  app.config_formatter(std::make_shared<OurConfig>());
  for (const tvr::CommandRow& row : tvr::command_rows()) {
    const auto command = ours().find(row.name);
    if (command != ours().end())
      command->second(app, exit_code);
    else
      (void)tvr::add_command(app, row.name);
  }
}

bool is_command(std::string_view word) {
  const auto& rows = tvr::command_rows();
  return std::any_of(rows.begin(), rows.end(), [&](const tvr::CommandRow& row) { return word == row.name; });
}

/// Whether the other program is not needed: for commands of ours, unless variables set flags, which is left
/// to the program that knows the flags of every command; for the list of commands, the version, and a word
/// that is no command.
bool is_for_us(const std::vector<char*>& arguments) {
  if (arguments.size() < 2) return true;
  const std::string_view first = arguments[1];
  if (is_ours(first)) return !tvr::sets_variables();
  if (first.rfind('-', 0) == 0)
    return first == "-h" || first == "--help" || first == "-V" || first == "--version";
  return !is_command(first);
}

/// `pipeline help run` is `pipeline run --help`, and `pipeline version` is `pipeline --version`.
std::vector<char*> plain(int argc, char** argv) {
  static char help[] = "--help", version[] = "--version";  // argv is of text that may be changed
  std::vector<char*> arguments(argv, argv + argc);
  if (argc < 2) return arguments;
  const std::string_view first = arguments[1];
  if (argc == 2 && first == "version") arguments[1] = version;
  if (first != "help") return arguments;
  arguments.erase(arguments.begin() + 1);
  arguments.push_back(help);
  return arguments;
}

/// What is wrong with the memory that a process may have (ulimit -v, ulimit -d); empty: nothing. The
/// libraries of pipeline-torch reserve half a gigabyte when they are loaded, and OpenBLAS tries for ever
/// where it may not.
std::string too_little_memory() {
  constexpr rlim_t kLeast = rlim_t{5} << 28U;
  for (const auto& [resource, flag] : {std::pair{RLIMIT_AS, "-v"}, {RLIMIT_DATA, "-d"}}) {
    rlimit limits{};
    if (getrlimit(resource, &limits) != 0 || limits.rlim_cur >= kLeast) continue;
    return fmt::format("the memory of a process is limited to {} MB (ulimit {}); at least {} MB are needed",
                       limits.rlim_cur >> 20U, flag, kLeast >> 20U);
  }
  return {};
}

int become_pipeline_torch(char** argv) {
  if (const std::string problem = too_little_memory(); !problem.empty()) {
    tvr::complain(problem);
    return tvr::kFailed;
  }
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
  std::vector<char*> arguments = plain(argc, argv);
  if (is_for_us(arguments))
    return tvr::run_program(static_cast<int>(arguments.size()), arguments.data(), add_commands);
  arguments.push_back(nullptr);
  return become_pipeline_torch(arguments.data());
}
