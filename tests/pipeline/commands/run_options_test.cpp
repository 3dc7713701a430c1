#include "pipeline/commands/run_options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "pipeline/commands/command.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

/// Parses as the program does and keeps what its config.toml would hold.
RunOptions parse(std::vector<std::string> arguments, std::string& toml) {
  RunOptions options;
  CLI::App app;
  CLI::App* command = app.add_subcommand("run");
  add_run_flags(*command, options);
  arguments.insert(arguments.begin(), "run");
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  complete(*command, options);
  toml = toml_of(*command);
  return options;
}

TEST(RunOptions, NeedAFolderForTheResults) {
  std::string toml;
  testing::expect_error([&] { (void)parse({}, toml); }, Fault::InvalidArgument, "--out");
}

TEST(RunOptions, KeepTheStoreInTheFolderOfTheResultsAndOneSeedForAll) {
  const TempFolder folder;
  std::string toml;
  const RunOptions options = parse({"--out", folder.path().string(), "--seed", "9"}, toml);
  EXPECT_EQ(options.extract.store, folder / "features.db");
  EXPECT_EQ(options.extract.features.random_seed, 9u);
  EXPECT_EQ(options.learn.train.seed, 9u);
}

}  // namespace
}  // namespace tvr
