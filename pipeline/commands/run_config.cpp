#include "pipeline/commands/run_config.h"

#include <CLI/CLI.hpp>

#include "data/error.h"
#include "pipeline/run/run_folder.h"

namespace tvr {

std::string RunConfig::one(const std::string& flag) const {
  const auto found = flags.find(flag);
  return found == flags.end() || found->second.empty() ? std::string() : found->second.front();
}

std::vector<std::string> RunConfig::all(const std::string& flag) const {
  const auto found = flags.find(flag);
  return found == flags.end() ? std::vector<std::string>() : found->second;
}

RunConfig read_run_config(const std::filesystem::path& folder) {
  const std::filesystem::path path = RunFolder(folder).config();
  if (!std::filesystem::exists(path)) {
    throw Error(Fault::NotFound, folder.string(), "no config.toml: it is not the folder of a run",
                "Name the folder that `pipeline run --out` or `pipeline train --out` wrote");
  }
  RunConfig config;
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_file(path.string())) {
      if (item.parents.empty() || item.name == "++" || item.name == "--") continue;  // marks of a section
      config.command = item.parents.front();
      config.flags[item.name] = item.inputs;
    }
  } catch (const CLI::Error& error) {
    throw Error(Fault::Corrupt, path.string(), error.what(), "Run the command again to have it written anew");
  }
  return config;
}

}  // namespace tvr
