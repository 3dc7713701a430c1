#pragma once

#include <string>

namespace CLI {
class App;
}

namespace tvr {

/// The main function of both programs: parses the arguments, runs the subcommand that they name and reports
/// errors. `add_commands` adds the subcommands, whose callbacks set `exit_code`. Returns the exit code.
[[nodiscard]] int run_program(int argc, char** argv, void (*add_commands)(CLI::App& app, int& exit_code));

/// Says what the exception that is being handled says, after `who` it happened to unless that is empty;
/// returns the exit code.
[[nodiscard]] int report_failure(const std::string& who = {});

}  // namespace tvr
