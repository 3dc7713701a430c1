// pipeline-torch: every subcommand. `pipeline` executes this program for everything but
// `store`, `narrations`, `tokens` and `get` (main.cpp).
#include <CLI/CLI.hpp>
#include <cstddef>

#include "pipeline/commands/all_commands.h"
#include "pipeline/commands/program.h"
#include "pipeline/commands/usage.h"

namespace {

void add_commands(CLI::App& app, int& exit_code) {
  tvr::add_all_commands(app, exit_code);
  app.preparse_callback([&app](std::size_t) { tvr::require_known_variables(app); });
}

}  // namespace

int main(int argc, char** argv) { return tvr::run_program(argc, argv, add_commands); }
