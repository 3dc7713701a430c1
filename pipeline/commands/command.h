#pragma once

#include <string>
#include <vector>

#include "pipeline/commands/exit_code.h"

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace tvr {

/// Makes a path absolute, so that a run's config.toml means the same from any working directory.
[[nodiscard]] const CLI::Validator& absolute_path();

/// A feature store that exists, or a pattern that one or more match.
[[nodiscard]] const CLI::Validator& existing_store();

/// A subcommand of the program, and what it does.
struct CommandRow {
  const char* name;
  const char* help;
};
/// All of them, in the order of --help.
[[nodiscard]] const std::vector<CommandRow>& command_rows();

/// Adds the subcommand of that row, without flags.
[[nodiscard]] CLI::App* add_command(CLI::App& app, const std::string& name);

/// The resolved options of a subcommand as a section of a TOML file that --config reads back.
[[nodiscard]] std::string toml_of(const CLI::App& command);

/// Whether the user has set the option, or another one that excludes it.
[[nodiscard]] bool is_settled(const CLI::Option& option);

/// Sets `flag` as if the user had, unless it is_settled(); toml_of() includes the value.
void give_default(CLI::App& command, const std::string& flag, const std::string& value);

// One per subcommand: adds it to `app`; its callback sets `exit_code`.
void add_run_command(CLI::App& app, int& exit_code);
void add_extract_command(CLI::App& app, int& exit_code);
void add_cluster_command(CLI::App& app, int& exit_code);
void add_train_command(CLI::App& app, int& exit_code);
void add_eval_command(CLI::App& app, int& exit_code);
void add_localize_command(CLI::App& app, int& exit_code);
void add_index_command(CLI::App& app, int& exit_code);
void add_search_command(CLI::App& app, int& exit_code);
void add_serve_command(CLI::App& app, int& exit_code);
void add_get_command(CLI::App& app, int& exit_code);
void add_words_command(CLI::App& app, int& exit_code);
void add_frames_command(CLI::App& app, int& exit_code);
void add_demo_command(CLI::App& app, int& exit_code);
void add_doctor_command(CLI::App& app, int& exit_code);
void add_config_command(CLI::App& app, int& exit_code);
void add_completion_command(CLI::App& app, int& exit_code);

}  // namespace tvr
