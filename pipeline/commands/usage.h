#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace tvr {

/// A group of flags of which --help says only that they are there. A hidden one would have flags without
/// names in messages (CLI11).
constexpr const char* kFlagsOfOthers = "Flags of the planned job's commands";

/// Adds --config FILE.toml, a regular file that sets flags of `app` and its subcommands and nothing else.
void read_config_file(CLI::App& app);

/// Lets environment variables set the flags of `app` and its subcommands that neither the command line nor
/// --config sets: PIPELINE_EMBD_DIM is --embd-dim.
void read_environment(CLI::App& app);

/// Call after `app` has parsed and before its commands run. Throws CLI::ValidationError for a variable with
/// an invalid value, which CLI11 2.4 ignores silently; 2.1 throws by itself.
void require_legal_environment(const CLI::App& app);

/// Makes every flag that takes a number refuse text that is none: NaN, infinity, digits beyond 64 bits, a
/// sign where only positive numbers are possible. CLI11 takes some of these for another number.
void require_numbers(CLI::App& app);

/// Call before `app` parses. Throws CLI::ValidationError for a variable PIPELINE_X that sets no flag, with
/// the most similar one that does; warns about one that other programs are known to set. `app` has every
/// subcommand.
void require_known_variables(const CLI::App& app);

/// Whether there is a variable PIPELINE_X.
[[nodiscard]] bool sets_variables();

/// The message for an error of parsing `arguments`: for a misspelt flag or subcommand, with the most similar
/// one; where the --config file or a variable sets the flag, with its line or the variable.
[[nodiscard]] std::string explain(const CLI::App& app, const CLI::Error& error,
                                  const std::vector<std::string>& arguments);

}  // namespace tvr
