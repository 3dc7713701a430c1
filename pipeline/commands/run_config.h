#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tvr {

/// The flags in a run's config.toml and the subcommand that wrote it.
struct RunConfig {
  std::string command;  // "run" or "train"
  std::map<std::string, std::vector<std::string>> flags;

  /// The first value of `flag`; empty when it has none.
  [[nodiscard]] std::string one(const std::string& flag) const;
  [[nodiscard]] std::vector<std::string> all(const std::string& flag) const;
};

/// Of the folder that `pipeline run` or `pipeline train` wrote. Throws Error(NotFound | Corrupt).
[[nodiscard]] RunConfig read_run_config(const std::filesystem::path& folder);

}  // namespace tvr
