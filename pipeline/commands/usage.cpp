#include "pipeline/commands/usage.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include "data/descriptor.h"
#include "data/error.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr std::string_view kVariablePrefix = "PIPELINE_";
/// Azure Pipelines sets it in every job.
constexpr std::string_view kForeignVariable = "PIPELINE_WORKSPACE";

/// Help without "(Env:PIPELINE_...)" after every flag: the footer states the rule once.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    const std::string noise = " (Env:" + option->get_envname() + ")";
    const std::size_t at = text.find(noise);
    if (at != std::string::npos) text.erase(at, noise.size());
    return text;
  }
};

/// CLI11 would wait for somebody to write into a FIFO.
CLI::Validator regular_file() {
  return CLI::Validator(
      [](const std::string& path) {
        try {
          (void)open_regular(path);
          return std::string();
        } catch (const Error& error) {
          return std::string(error.what());
        }
      },
      "");
}

std::string upper(std::string text) {
  for (char& letter : text) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return text;
}

std::string variable_of(const std::string& flag) {
  std::string name = upper(std::string(kVariablePrefix) + flag);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// Levenshtein distance: the letters to insert, delete or change to turn `b` into `a`.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// The innermost subcommand on the command line.
const CLI::App& innermost(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : innermost(*chosen.back());
}

/// The flags or subcommands that are valid in place of `unknown`.
std::vector<std::string> words_like(const CLI::App& app, const std::string& unknown) {
  const CLI::App& command = innermost(app);
  std::vector<std::string> words;
  if (unknown.rfind('-', 0) == 0) {
    for (const CLI::Option* option : command.get_options()) words.push_back(option->get_name());
  } else {
    for (const CLI::App* subcommand : command.get_subcommands({})) words.push_back(subcommand->get_name());
  }
  return words;
}

/// The first of the words that differ least from `unknown`, by at most `limit` letters; empty: none does.
template <class Words>
std::string nearest_of(const Words& words, const std::string& unknown, std::size_t limit) {
  std::string nearest;
  for (const std::string& word : words) {
    const std::size_t distance = edit_distance(unknown, word);
    if (distance > limit || (distance == limit && !nearest.empty())) continue;
    limit = distance;
    nearest = word;
  }
  return nearest;
}

std::string suggestion(const CLI::App& app, std::string unknown) {
  unknown = unknown.substr(0, unknown.find('='));
  const std::string nearest =
      nearest_of(words_like(app, unknown), unknown, std::max<std::size_t>(2, unknown.size() / 3));
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

/// Why `text` is not a Value: empty if it is one.
template <class Value>
std::string fault_of(const std::string& text) {
  Value value = 0;
  const char* const end = text.data() + text.size();
  const char* const begin = text.data() + (text.size() > 1 && text.front() == '+' ? 1 : 0);
  const auto [at, error] = std::from_chars(begin, end, value);
  if (error == std::errc() && at == end) {
    if constexpr (std::is_floating_point_v<Value>) {
      if (std::isfinite(value)) return {};
    } else {
      const char* const digits = begin + (*begin == '-' ? 1 : 0);
      if (*digits != '0' || digits + 1 == end) return {};
      return "'" + text + "' begins with a zero, which could mean base 8; write it without";
    }
  }
  return "'" + text + "' is not " +
         (std::is_floating_point_v<Value> ? "a number"
          : std::is_signed_v<Value>       ? "a whole number"
                                          : "a whole number from 0 to 18446744073709551615");
}

/// The variables that set a flag of `app` or its subcommands.
void add_variables(const CLI::App& app, std::set<std::string>& variables) {
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_envname().empty()) variables.insert(option->get_envname());
  }
  for (const CLI::App* subcommand : app.get_subcommands({})) add_variables(*subcommand, variables);
}

/// Names of videos may begin with one hyphen, as no flag of ours does.
std::string hint_for_names(const std::string& unknown) {
  const bool may_be_a_name = unknown.size() > 2 && unknown[0] == '-' && unknown[1] != '-';
  return may_be_a_name ? "; if it is the name of a video, write -- before it" : "";
}

}  // namespace

void read_config_file(CLI::App& app) {
  app.set_config("--config", "", "TOML file that sets flags, in sections named after the subcommands")
      ->check(regular_file());
  app.allow_config_extras(CLI::config_extras_mode::error);
}

void read_environment(CLI::App& app) {
  app.formatter(std::make_shared<HelpFormatter>());
  for (CLI::Option* option : app.get_options()) {
    const std::string flag = option->get_name();  // "--embd-dim", or a positional's plain name
    if (option->get_configurable() && flag.rfind("--", 0) == 0) option->envname(variable_of(flag.substr(2)));
  }
  for (CLI::App* subcommand : app.get_subcommands({})) read_environment(*subcommand);
}

void require_legal_environment(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string variable = option->get_envname();
    const char* const value = variable.empty() ? nullptr : std::getenv(variable.c_str());
    if (value != nullptr && *value != '\0' && option->count() == 0) {
      throw CLI::ValidationError(option->get_name(), variable + "=" + value + " is not a valid value");
    }
  }
  for (const CLI::App* subcommand : app.get_subcommands()) require_legal_environment(*subcommand);
}

void require_numbers(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name().substr(0, option->get_type_name().find_first_of(" :["));
    if (type == "UINT") option->check(CLI::Validator(fault_of<std::uint64_t>, ""));
    if (type == "INT") option->check(CLI::Validator(fault_of<std::int64_t>, ""));
    if (type == "FLOAT") option->check(CLI::Validator(fault_of<double>, ""));
  }
  for (CLI::App* subcommand : app.get_subcommands({})) require_numbers(*subcommand);
}

void require_known_variables(const CLI::App& app) {
  std::set<std::string> known;
  add_variables(app, known);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = std::string(*entry).substr(0, std::string(*entry).find('='));
    if (variable.rfind(kVariablePrefix, 0) != 0 || known.count(variable) != 0) continue;
    if (variable == kForeignVariable) {
      warn("the environment variable " + variable + " sets no flag and is ignored");
      continue;
    }
    const std::size_t letters = variable.size() - kVariablePrefix.size();
    const std::string nearest = nearest_of(known, upper(variable), std::max<std::size_t>(1, letters / 3));
    throw CLI::ValidationError(
        printable(variable), "this environment variable sets no flag; " +
                                 (nearest.empty() ? "one that does has the flag's name, as PIPELINE_EMBD_DIM "
                                                    "for --embd-dim: unset it"
                                                  : "did you mean " + nearest + "?"));
  }
}

bool sets_variables() {
  char** entry = environ;
  while (*entry != nullptr && std::string_view(*entry).rfind(kVariablePrefix, 0) != 0) ++entry;
  return *entry != nullptr;
}

std::string explain(const CLI::App& app, const CLI::Error& error) {
  const auto kind = static_cast<CLI::ExitCodes>(error.get_exit_code());
  const std::string text = error.what();
  if (kind == CLI::ExitCodes::ConfigError && text.rfind("INI was not able to parse ", 0) == 0) {
    const std::string name = text.substr(text.rfind(' ') + 1);
    const std::size_t section = name.rfind(".++");  // what CLI11 calls the beginning of one
    return section == std::string::npos
               ? "the --config file contains '" + name + "', which is not a flag"
               : "the --config file contains [" + name.substr(0, section) + "], which is not a command";
  }
  const bool may_be_a_typo = kind == CLI::ExitCodes::ExtrasError || kind == CLI::ExitCodes::RequiredError;
  const std::vector<std::string> unknown = app.remaining(true);
  if (!may_be_a_typo || unknown.empty()) return text;
  return "unknown argument '" + unknown.front() + "'" + suggestion(app, unknown.front()) +
         hint_for_names(unknown.front());
}

}  // namespace tvr
