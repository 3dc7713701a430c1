#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "data/error.h"
#include "pipeline/commands/all_commands.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/learn_options.h"
#include "pipeline/commands/run_options.h"
#include "pipeline/commands/usage.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

/// A question about the configuration may leave out what the command itself needs.
void require_nothing(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) option->required(false);
  command.require_subcommand(0);
  for (CLI::App* subcommand : command.get_subcommands({})) require_nothing(*subcommand);
}

/// The innermost subcommand of those that were named: `ls` of `store ls`.
CLI::App* chosen_of(CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  return chosen.empty() ? &app : chosen_of(*chosen.front());
}

/// The resolved options of `pipeline ARGUMENTS` as TOML; nothing is run.
std::string resolve(const std::vector<std::string>& arguments) {
  CLI::App app;
  read_config_file(app);
  app.fallthrough();
  int unused = kDone;
  add_all_commands(app, unused);
  app.remove_subcommand(app.get_subcommand("run"));
  RunOptions run;
  CLI::App* run_command = app.add_subcommand("run");
  add_run_flags(*run_command, run);
  read_environment(app);
  require_numbers(app);
  require_nothing(app);
  // Throws before the commands' own callbacks run. The callbacks cannot be removed: they own the variables
  // that the flags are parsed into.
  struct Parsed {};
  app.parse_complete_callback([&app] {
    require_legal_environment(app);
    throw Parsed();
  });
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them in reverse
  } catch (const Parsed&) {
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) throw;  // --help
    throw Error(Fault::InvalidArgument, "config", explain(app, error, arguments));
  }
  CLI::App* const chosen = chosen_of(app);
  if (chosen == run_command && (run.demo || !run.out.empty()))
    complete(*run_command, run);
  else if (chosen->get_option_no_throw(kPresetFlag) != nullptr)
    apply_training_preset(*chosen);
  return toml_of(*chosen);
}

}  // namespace

void add_config_command(CLI::App& app, int& exit_code) {
  CLI::App* command = add_command(app, "config");
  command->fallthrough(false);
  command->prefix_command();
  command->footer(
      "Example: pipeline config run --demo --epochs 20    the options of that run\n"
      "         pipeline config > my.toml                 the defaults of the largest commands, to edit");
  command->callback([&app, command, &exit_code] {
    std::vector<std::string> arguments = command->remaining();
    const CLI::Option& config = *app.get_config_ptr();
    const std::string file = config.count() > 0 ? config.as<std::string>() : "";
    if (!file.empty()) arguments.insert(arguments.end(), {"--config", file});
    const bool names_one = !arguments.empty() && arguments.front().rfind('-', 0) != 0;
    if (!names_one) arguments.insert(arguments.begin(), "");
    const std::vector<std::string> all = {"run",      "extract", "train",  "eval",
                                          "localize", "index",   "search", "serve"};
    for (const std::string& name : names_one ? std::vector{arguments.front()} : all) {
      arguments.front() = name;
      fmt::print("{}\n", resolve(arguments));
    }
    exit_code = kDone;
  });
}

}  // namespace tvr
