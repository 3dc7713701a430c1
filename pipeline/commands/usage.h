#pragma once

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace tvr {

/// Lets the environment set every flag of `app` and its subcommands that neither the command line nor
/// --config sets: PIPELINE_EMBD_DIM is --embd-dim.
void read_environment(CLI::App& app);

/// To be called when `app` has parsed, before its commands work: throws CLI::ValidationError for a variable
/// whose value was not legal. CLI11 2.4 passes over it in silence, where 2.1 throws itself.
void require_legal_environment(const CLI::App& app);

/// What was not understood, and the nearest word that would have been.
[[nodiscard]] std::string explain(const CLI::App& app, const CLI::Error& error);

}  // namespace tvr
