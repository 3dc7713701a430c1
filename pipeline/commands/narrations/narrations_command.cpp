#include "pipeline/commands/narrations/narrations_command.h"

#include <CLI/CLI.hpp>

#include "pipeline/commands/command.h"

namespace tvr {

CLI::App* add_narrations_subcommand(CLI::App& narrations, const std::string& name, const std::string& help,
                                    const std::string& example, NarrationsArguments& arguments) {
  CLI::App* command = narrations.add_subcommand(name, help);
  command->add_option("file", arguments.file, "the file of narrations, as `narrations import` makes it")
      ->required();
  command->add_flag("--json", arguments.json, "print JSON");
  command->footer("Example: pipeline narrations " + example);
  return command;
}

void add_narrations_command(CLI::App& app, int& exit_code) {
  CLI::App* narrations = add_command(app, "narrations");
  narrations->require_subcommand(1);
  narrations->footer("Example: pipeline narrations import caption.json narrations.db");
  add_narrations_import(*narrations, exit_code);
  add_narrations_show(*narrations, exit_code);
  add_narrations_stats(*narrations, exit_code);
  add_narrations_verify(*narrations, exit_code);
}

}  // namespace tvr
