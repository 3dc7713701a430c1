#pragma once

namespace CLI {
class App;
}

namespace tvr {

/// What `pipeline` is whatever its subcommands: parses the arguments, runs the one that they name, and says
/// what went wrong. `add_commands` adds the subcommands, whose callbacks set `exit_code`. Returns the exit
/// code.
[[nodiscard]] int run_program(int argc, char** argv, void (*add_commands)(CLI::App& app, int& exit_code));

}  // namespace tvr
