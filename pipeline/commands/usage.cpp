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
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include "data/descriptor.h"
#include "data/error.h"
#include "data/text_file.h"
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
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> flags) const override {
    if (group == kFlagsOfOthers) return "\n" + group + ": each has its own --help\n";
    return CLI::Formatter::make_group(std::move(group), is_positional, std::move(flags));
  }
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

/// "; did you mean X?" of the word that differs least, or nothing.
std::string did_you_mean(const std::vector<std::string>& words, const std::string& unknown,
                         const std::string& before = "", const std::string& after = "") {
  const std::string nearest = nearest_of(words, unknown, std::max<std::size_t>(2, unknown.size() / 3));
  return nearest.empty() ? "" : "; did you mean " + before + nearest + after + "?";
}

std::string suggestion(const CLI::App& app, std::string unknown) {
  unknown = unknown.substr(0, unknown.find('='));
  return did_you_mean(words_like(app, unknown), unknown);
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

/// What the checks of a flag say of a value that they refuse.
std::string why_not(const CLI::Option& option, std::string value) {
  try {
    for (int i = 0;; ++i) {
      const std::string fault = (*const_cast<CLI::Option&>(option).get_validator(i))(value);
      if (!fault.empty()) return fault;
    }
  } catch (const CLI::OptionNotFound&) {  // past the last one
    return "it is not a valid value";
  }
}

/// A line of the --config file by what it sets: "run.epochs", or "[run]".
struct ConfigLine {
  std::size_t number;
  std::string sets;
};

std::vector<ConfigLine> lines_of(const std::string& file) {
  std::vector<ConfigLine> lines;
  std::istringstream text(read_text_file(file));
  std::string section, line;
  for (std::size_t number = 1; std::getline(text, line); ++number) {
    const std::string_view content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    const bool opens = content.front() == '[' && content.back() == ']';
    if (opens) section = std::string(content.substr(1, content.size() - 2));
    const std::string key(trim(content.substr(0, content.find('='))));
    lines.push_back({number, opens ? "[" + section + "]" : section.empty() ? key : section + "." + key});
  }
  return lines;
}

/// "FILE:LINE" of the first line of the --config file that sets this; empty: none does.
std::string place_in_config(const CLI::App& app, const std::string& sets) {
  const CLI::Option* const config = app.get_config_ptr();
  if (config == nullptr || config->count() == 0) return {};
  const std::string file = config->results().front();
  for (const ConfigLine& line : lines_of(file)) {
    if (line.sets == sets) return file + ":" + std::to_string(line.number);
  }
  return {};
}

std::string place_or_file(const CLI::App& app, const std::string& sets) {
  const std::string place = place_in_config(app, sets);
  return place.empty() ? app.get_config_ptr()->results().front() : place;
}

/// The subcommand "store.ls"; nullptr: there is none.
const CLI::App* command_at(const CLI::App& app, const std::string& path) {
  if (path.empty()) return &app;
  const std::size_t end = std::min(path.find('.'), path.size());
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == path.substr(0, end))
      return command_at(*command, path.substr(std::min(end + 1, path.size())));
  }
  return nullptr;
}

/// Of what CLI11 found in the --config file and does not know: "run.epohcs", or "trian.++", which is what it
/// calls the beginning of [trian].
std::string explain_config(const CLI::App& app, const std::string& name) {
  const std::size_t opens = name.rfind(".++");
  if (opens != std::string::npos) {
    const std::string section = name.substr(0, opens);
    std::vector<std::string> commands;
    for (const CLI::App* command : app.get_subcommands({})) commands.push_back(command->get_name());
    return place_or_file(app, "[" + section + "]") + ": [" + section + "] is not a command" +
           did_you_mean(commands, section, "[", "]");
  }
  const std::size_t dot = name.rfind('.');
  const std::string section = dot == std::string::npos ? "" : name.substr(0, dot);
  const std::string key = name.substr(dot == std::string::npos ? 0 : dot + 1);
  std::vector<std::string> flags;
  if (const CLI::App* const command = command_at(app, section)) {
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_configurable() && option->get_name().rfind("--", 0) == 0)
        flags.push_back(option->get_name().substr(2));
    }
  }
  return place_or_file(app, name) + ": '" + key + "' is not a flag" +
         (section.empty() ? "; flags stand below a section, a line such as [run]" : " of " + section) +
         did_you_mean(flags, key);
}

/// The first flag that a message names, such as "--epochs".
std::string flag_in(const std::string& text) {
  const std::size_t begin = text.find("--");
  if (begin == std::string::npos) return {};
  const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", begin);
  return text.substr(begin, std::min(end, text.size()) - begin);
}

bool is_given(const std::vector<std::string>& arguments, const std::string& flag) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == flag || argument.rfind(flag + "=", 0) == 0;
  });
}

/// A message about a flag, with the line or variable that sets it where the command line does not.
std::string with_origin(const CLI::App& app, const std::string& text,
                        const std::vector<std::string>& arguments) {
  const std::string flag = flag_in(text);
  if (flag.empty() || is_given(arguments, flag)) return text;
  const CLI::App* command = &innermost(app);
  const CLI::Option* option = command->get_option_no_throw(flag);
  std::string path;
  for (; command->get_parent() != nullptr; command = command->get_parent())
    path = command->get_name() + "." + path;
  if (option == nullptr) return text;
  const std::string place = place_in_config(app, path + flag.substr(2));
  if (!place.empty()) return place + ": " + text;
  const char* const value =
      option->get_envname().empty() ? nullptr : std::getenv(option->get_envname().c_str());
  if (value == nullptr || *value == '\0') return text;
  return option->get_envname() + "=" + value + ": " + text;
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
      throw CLI::ValidationError(option->get_name(), why_not(*option, value));
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

std::string explain(const CLI::App& app, const CLI::Error& error, const std::vector<std::string>& arguments) {
  const auto kind = static_cast<CLI::ExitCodes>(error.get_exit_code());
  const std::string text = error.what();
  if (kind == CLI::ExitCodes::ConfigError && text.rfind("INI was not able to parse ", 0) == 0)
    return explain_config(app, text.substr(text.rfind(' ') + 1));
  const bool may_be_a_typo = kind == CLI::ExitCodes::ExtrasError || kind == CLI::ExitCodes::RequiredError;
  const std::vector<std::string> unknown = app.remaining(true);
  if (!may_be_a_typo || unknown.empty()) return with_origin(app, text, arguments);
  return "unknown argument '" + unknown.front() + "'" + suggestion(app, unknown.front()) +
         hint_for_names(unknown.front());
}

}  // namespace tvr
