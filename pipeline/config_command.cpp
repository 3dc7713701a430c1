#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "pipeline/command.h"
#include "pipeline/console.h"

namespace tvr {

void add_config_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "config",
      "The resolved configuration: flags, then --config FILE.toml, then environment, then defaults");
  command->callback([&app, &exit_code] {
    for (const char* name : {"run", "extract", "train", "eval"}) {
      fmt::print("{}\n", toml_of(*app.get_subcommand(name)));
    }
    exit_code = kDone;
  });
}

}  // namespace tvr
