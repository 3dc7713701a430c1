#include "pipeline/commands/run_options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "pipeline/commands/command.h"
#include "pipeline/run/run_folder.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

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

TEST(RunOptions, OfARunAreReadBackFromItsConfig) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "v");
  std::string toml;
  const RunOptions given =
      parse({"--videos", (folder / "v").string(), "--out", folder.path().string(), "--lanes", "3d",
             "--random-weights", "--epochs", "7", "--lr", "0.25", "--seed", "9"},
            toml);
  write_text(folder / "config.toml", toml);
  const RunOptions back = read_run_options(folder.path());
  EXPECT_EQ(back.extract.videos.folder, given.extract.videos.folder);
  EXPECT_EQ(back.extract.store, folder / "features.db");
  EXPECT_EQ(back.extract.features.lanes, std::vector<std::string>{"3d"});
  EXPECT_TRUE(back.extract.features.random_weights);
  EXPECT_EQ(back.extract.features.random_seed, 9u);
  EXPECT_EQ(back.learn.train.epochs, 7);
  EXPECT_EQ(back.learn.train.lr, 0.25);
  EXPECT_EQ(back.learn.train.seed, 9u);
}

TEST(RunOptions, TakeTheDefaultLanesFromAConfigThatNamesThem) {
  const TempFolder folder;
  std::string toml;
  (void)parse({"--out", folder.path().string()}, toml);
  write_text(folder / "config.toml", toml);
  EXPECT_EQ(read_run_options(folder.path()).extract.features.lanes, (std::vector<std::string>{"2d", "3d"}));
}

TEST(RunOptions, NeedAFolderForTheResults) {
  std::string toml;
  testing::expect_error([&] { (void)parse({}, toml); }, Fault::InvalidArgument, "--out");
}

TEST(RunOptions, OfAFolderThatIsNoRunAreAnError) {
  const TempFolder folder;
  testing::expect_error([&] { (void)read_run_options(folder.path()); }, Fault::NotFound, "config.toml");
}

}  // namespace
}  // namespace tvr
