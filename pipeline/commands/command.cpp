#include "pipeline/commands/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cassert>
#include <filesystem>
#include <sstream>
#include <string>

#include "data/files_matching.h"
#include "data/store/store_set.h"

namespace tvr {

const std::vector<CommandRow>& command_rows() {
  static const std::vector<CommandRow> rows = {
      {"run",
       "Extract features, train word vectors and the model, evaluate, report; skips what is up to date"},
      {"extract", "Extract features from videos into the store"},
      {"cluster", "Write the scripts of a job on many machines"},
      {"train", "Train the joint embedding on a feature store and captions"},
      {"eval", "Compute the metrics of a run or a checkpoint, or compare runs"},
      {"localize", "Find when the steps of a task happen in videos"},
      {"index", "Make videos searchable by sentences with a pretrained encoder pair, without training"},
      {"search", "Find videos, and moments of long ones, by a sentence"},
      {"serve", "Search and play videos in a local web page"},
      {"store", "Inspect and maintain a feature store"},
      {"narrations", "Import what is said in videos (HowTo100M), and look at it"},
      {"get", "Download published models, weights, word vectors and annotations; without a NAME, list them"},
      {"words", "Use the word vectors of a run in other programs"},
      {"tokens", "Print the ids that an encoder's text tower gets for each line of standard input"},
      {"frames", "Write the frames that a lane's network sees"},
      {"demo",
       "Write the demo data set: generated H.264 clips with captions. With --narrated: generate long "
       "narrated videos, learn from them, transfer, localize"},
      {"doctor", "Check what is installed, found and missing on this machine, and say what to do about it"},
      {"config",
       "Print the resolved configuration (precedence: flags, --config FILE.toml, environment, defaults)"},
      {"completion", "Print what completes the commands and flags in a shell"},
  };
  return rows;
}

CLI::App* add_command(CLI::App& app, const std::string& name) {
  const auto row = std::find_if(command_rows().begin(), command_rows().end(),
                                [&](const CommandRow& other) { return other.name == name; });
  assert(row != command_rows().end());
  return app.add_subcommand(name, row->help);
}

const CLI::Validator& absolute_path() {
  static const CLI::Validator make_absolute(
      [](std::string& path) {
        if (!path.empty()) path = std::filesystem::absolute(path).lexically_normal().string();
        return std::string{};
      },
      "", "absolute path");
  return make_absolute;
}

const CLI::Validator& existing_store() {
  static const CLI::Validator exists(
      [](std::string& path) {
        if (!is_store_set(path)) return CLI::ExistingFile(path);
        return files_matching(path).empty() ? "No store matches: " + path : std::string{};
      },
      "FILE", "existing store");
  return exists;
}

std::string toml_of(const CLI::App& command) {
  std::istringstream lines(command.config_to_str(true, false));
  std::string path = command.get_name();
  for (const CLI::App* in = command.get_parent(); in != nullptr && in->get_parent() != nullptr;
       in = in->get_parent())
    path = in->get_name() + "." + path;
  std::string text = "[" + path + "]\n";
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
