#include "pipeline/commands/all_commands.h"

#include "pipeline/commands/command.h"
#include "pipeline/commands/narrations/narrations_command.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/commands/tokens_command.h"

namespace tvr {

void add_all_commands(CLI::App& app, int& exit_code) {
  add_run_command(app, exit_code);
  add_extract_command(app, exit_code);
  add_cluster_command(app, exit_code);
  add_train_command(app, exit_code);
  add_eval_command(app, exit_code);
  add_localize_command(app, exit_code);
  add_index_command(app, exit_code);
  add_search_command(app, exit_code);
  add_serve_command(app, exit_code);
  add_store_command(app, exit_code);
  add_narrations_command(app, exit_code);
  add_get_command(app, exit_code);
  add_words_command(app, exit_code);
  add_tokens_command(app, exit_code);
  add_frames_command(app, exit_code);
  add_demo_command(app, exit_code);
  add_doctor_command(app, exit_code);
  add_config_command(app, exit_code);
  add_completion_command(app, exit_code);
}

}  // namespace tvr
