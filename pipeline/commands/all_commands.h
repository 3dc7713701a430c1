#pragma once

namespace CLI {
class App;
}

namespace tvr {

/// Adds every subcommand, in the order of command_rows().
void add_all_commands(CLI::App& app, int& exit_code);

}  // namespace tvr
