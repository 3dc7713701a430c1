#include "pipeline/commands/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>

namespace tvr {

const CLI::Validator& absolute_path() {
  static const CLI::Validator make_absolute(
      [](std::string& path) {
        if (!path.empty()) path = std::filesystem::absolute(path).lexically_normal().string();
        return std::string{};
      },
      "", "absolute path");
  return make_absolute;
}

std::string toml_of(const CLI::App& command) {
  std::istringstream lines(command.config_to_str(true, false));
  std::string text = "[" + command.get_name() + "]\n";
  for (std::string line; std::getline(lines, line);) {
    const bool unset = line.size() > 3 && line.compare(line.size() - 3, 3, "=\"\"") == 0;
    if (!unset && !line.empty()) text += line + '\n';
  }
  return text;
}

bool is_settled(const CLI::Option& option) {
  const auto& excluded = option.get_excludes();
  return option.count() > 0 || std::any_of(excluded.begin(), excluded.end(),
                                           [](const CLI::Option* other) { return other->count() > 0; });
}

void give_default(CLI::App& command, const std::string& flag, const std::string& value) {
  CLI::Option* option = command.get_option(flag);
  if (is_settled(*option)) return;
  option->add_result(value);
  option->run_callback();
}

}  // namespace tvr
