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

/// What was not understood, and the nearest word that would have been.
[[nodiscard]] std::string explain(const CLI::App& app, const CLI::Error& error);

}  // namespace tvr
