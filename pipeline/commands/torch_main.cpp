// pipeline-torch: every subcommand. `pipeline` executes this program for everything but
// `store`, `narrations`, `tokens` and `get` (main.cpp).
#include <CLI/CLI.hpp>
#include <cstddef>

#include "pipeline/commands/command.h"
#include "pipeline/commands/narrations/narrations_command.h"
#include "pipeline/commands/program.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/commands/tokens_command.h"
#include "pipeline/commands/usage.h"

namespace {

void add_commands(CLI::App& app, int& exit_code) {
  tvr::add_run_command(app, exit_code);
  tvr::add_extract_command(app, exit_code);
  tvr::add_train_command(app, exit_code);
  tvr::add_eval_command(app, exit_code);
  tvr::add_localize_command(app, exit_code);
  tvr::add_index_command(app, exit_code);
  tvr::add_search_command(app, exit_code);
  tvr::add_serve_command(app, exit_code);
  tvr::add_store_command(app, exit_code);
  tvr::add_narrations_command(app, exit_code);
  tvr::add_get_command(app, exit_code);
  tvr::add_words_command(app, exit_code);
  tvr::add_tokens_command(app, exit_code);
  tvr::add_frames_command(app, exit_code);
  tvr::add_demo_command(app, exit_code);
  tvr::add_doctor_command(app, exit_code);
  tvr::add_config_command(app, exit_code);
  app.preparse_callback([&app](std::size_t) { tvr::require_known_variables(app); });
}

}  // namespace

int main(int argc, char** argv) { return tvr::run_program(argc, argv, add_commands); }
