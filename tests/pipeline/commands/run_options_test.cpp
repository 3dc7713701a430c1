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

TEST(RunOptions, NeedAFolderForTheResults) {
  std::string toml;
  testing::expect_error([&] { (void)parse({}, toml); }, Fault::InvalidArgument, "--out");
}

TEST(LanesOf, WantsWeightsOrLeaveToBeRandom) {
  FeatureOptions features;
  testing::expect_error([&] { (void)lanes_of(features, {}); }, Fault::InvalidArgument, "--weights-2d");
  features.random_weights = true;
  EXPECT_EQ(lanes_of(features, {}).size(), 2u);
}

TEST(LanesOf, WantsTheNetworkWhereThePicturesOfAGpuAre) {
  FeatureOptions features;
  features.random_weights = true;
  features.preset = "ffmpeg5-gpu";
  SpeedOptions speed;
  speed.device = "cuda:3,1";
  const std::vector<Lane> lanes = lanes_of(features, speed);
  EXPECT_EQ(lanes[1].sampling.preset, Preset::Ffmpeg5Gpu);
  EXPECT_EQ(lanes[1].network.device, Device::Cuda);
  EXPECT_EQ(lanes[1].network.gpu, 3);
  speed.device = "cpu";
  testing::expect_error([&] { (void)lanes_of(features, speed); }, Fault::InvalidArgument, "--device is cpu");
  const TempFolder folder;
  features.lanes = {
      testing::write_file(folder / "m.json", R"({"lane": "mine", "module": "m.pt", "fps": 2, "clip_frames": 1,
      "short_side": 20, "crop": 16, "scale": 0.5, "mean": [1, 2, 3], "std": [1, 2, 4], "dim": 3})")
          .string()};
  speed.device = "cuda";
  testing::expect_error([&] { (void)lanes_of(features, speed); }, Fault::InvalidArgument, "plug-in of lane");
}

TEST(DevicesNamed, AreTheProcessorOrGpusByTheirNumbers) {
  using Gpus = std::vector<int>;
  EXPECT_EQ(devices_named("auto").kind, Device::Auto);
  EXPECT_EQ(devices_named("cpu").kind, Device::Cpu);
  EXPECT_EQ(devices_named("cuda").kind, Device::Cuda);
  for (const char* name : {"auto", "cuda", "cuda:0"}) EXPECT_EQ(devices_named(name).gpus, Gpus{0}) << name;
  EXPECT_EQ(devices_named("cuda:1").gpus, Gpus{1});
  EXPECT_EQ(devices_named("cuda:2,0,11").gpus, (Gpus{2, 0, 11}));
  for (const char* name : {"", "gpu", "cpu:0", "cuda:", "cuda:,", "cuda:0,", "cuda:,0", "cuda:0,0", "cuda:-1",
                           "cuda:0 ,1", "cuda:x", "cuda:1x", "cuda0", "CUDA", "cuda:99999999999"}) {
    testing::expect_error([&] { (void)devices_named(name); }, Fault::InvalidArgument, "is not known");
  }
}

}  // namespace
}  // namespace tvr
