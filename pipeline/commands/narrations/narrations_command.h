#pragma once

#include <filesystem>
#include <string>

#include "pipeline/commands/exit_code.h"

namespace CLI {
class App;
}

namespace tvr {

/// `pipeline narrations COMMAND FILE`: makes and inspects a file of narrations, without LibTorch.
void add_narrations_command(CLI::App& app, int& exit_code);

// One per subcommand: adds it to `narrations`; its callback sets `exit_code`.
void add_narrations_import(CLI::App& narrations, int& exit_code);
void add_narrations_show(CLI::App& narrations, int& exit_code);
void add_narrations_stats(CLI::App& narrations, int& exit_code);
void add_narrations_verify(CLI::App& narrations, int& exit_code);

/// The arguments of the subcommands that read a file of narrations.
struct NarrationsArguments {
  std::filesystem::path file;
  bool json = false;
};

/// A subcommand with these arguments; `example` comes after "pipeline narrations " in its help.
CLI::App* add_narrations_subcommand(CLI::App& narrations, const std::string& name, const std::string& help,
                                    const std::string& example, NarrationsArguments& arguments);

}  // namespace tvr
