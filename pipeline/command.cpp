#include "pipeline/command.h"

#include <CLI/CLI.hpp>
#include <filesystem>

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
  return "[" + command.get_name() + "]\n" + command.config_to_str(true, false);
}

}  // namespace tvr
