#include "pipeline/extraction/extract_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "pipeline/commands/options.h"
#include "pipeline/doctor/doctor_checks.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_clip_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::AllOf;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::TempFolder;

TEST(PlanExtraction, WantsWeightsOrLeaveToUseRandomOnes) {
  ExtractOptions options;
  expect_error([&] { (void)plan_extraction(options); }, Fault::InvalidArgument, "--weights-2d");
  options.features.random_weights = true;
  EXPECT_EQ(plan_extraction(options).lanes.size(), 2u);
}

TEST(PlanExtraction, SaysWhichWeightsFileIsNotThere) {
  ExtractOptions options;
  options.features.lanes = {"3d"};
  options.features.networks["3d"].weights = "/nowhere/resnext.pth";
  expect_error([&] { (void)plan_extraction(options); }, Fault::NotFound, "/nowhere/resnext.pth");
}

TEST(PlanExtraction, WantsLanesOfDistinctNames) {
  ExtractOptions options;
  options.features.random_weights = true;
  options.features.lanes = {"2d", "2d"};
  expect_error([&] { (void)plan_extraction(options); }, Fault::InvalidArgument, "two lanes are named 2d");
  options.features.lanes = {"4d"};
  expect_error([&] { (void)plan_extraction(options); }, Fault::InvalidArgument, "Known lanes: 2d, 3d");
}

TEST(PlanExtraction, WantsNetworksThatItKnows) {
  ExtractOptions options;
  options.features.random_weights = true;
  options.features.networks["3d"].model = "resnet999";
  expect_error([&] { (void)plan_extraction(options); }, Fault::InvalidArgument, "resnext101");
  options.features.networks["3d"].model = "resnet18";
  expect_error([&] { (void)plan_extraction(options); }, Fault::InvalidArgument,
               "'resnet18' is a network of the 2d lane. Networks of this lane: resnet18-3d");
  options.features.networks["3d"].model = "resnet18-3d";
  options.features.networks["2d"].model = "demo3d";
  expect_error([&] { (void)plan_extraction(options); }, Fault::InvalidArgument,
               "'demo3d' is a network of the 3d lane");
}

TEST(PlanExtraction, WantsTheNetworkWhereTheFramesOfAGpuAre) {
  ExtractOptions options;
  options.features.random_weights = true;
  options.features.preset = Preset::Ffmpeg5Gpu;
  options.speed.devices = devices_named("cuda:3,1");
  const LaneSpec lane = plan_extraction(options).lanes.at(1).spec;
  EXPECT_EQ(lane.sampling.preset, Preset::Ffmpeg5Gpu);
  EXPECT_EQ(lane.network.device, Device::Cuda);
  EXPECT_EQ(lane.network.gpu, 3);
  options.speed.devices = devices_named("cpu");
  expect_error([&] { (void)plan_extraction(options); }, Fault::InvalidArgument, "--device is cpu");
  const TempFolder folder;
  options.features.lanes = {
      testing::write_file(folder / "m.json", R"({"lane": "mine", "module": "m.pt", "fps": 2, "clip_frames": 1,
      "short_side": 20, "crop": 16, "scale": 0.5, "mean": [1, 2, 3], "std": [1, 2, 4], "dim": 3})")
          .string()};
  options.speed.devices = devices_named("cuda");
  expect_error([&] { (void)plan_extraction(options); }, Fault::InvalidArgument, "plug-in of lane");
}

/// A lane of this test: 12 frames per second of 16 x 16 pixels, one row per 4 frames.
LaneOptions tiny_lane(Preset preset) {
  LaneOptions lane;
  lane.name = "tiny";
  lane.sample_fps = 12;
  lane.short_side_px = lane.crop_px = 16;
  lane.clip_frames = 4;
  lane.preset = preset;
  return lane;
}

TEST(PlanExtraction, GivesTheFolderOfAnEncoderPairALaneOfItsFamily) {
  const TempFolder folder;
  testing::write_tiny_clip(folder / "pair");
  ExtractOptions options;
  options.features.lanes = {"2d", (folder / "pair").string()};
  options.features.random_weights = true;
  options.features.encoder_fps = 3;
  const ExtractionPlan plan = plan_extraction(options);
  const LaneOptions& lane = plan.lanes.at(1).spec.sampling;
  EXPECT_EQ(lane.name, "clip");
  EXPECT_EQ(lane.sample_fps, 3);
  EXPECT_EQ(lane.preset, Preset::PillowBicubic);
  EXPECT_EQ(lane.crop_px, 32);
  std::filesystem::rename(folder / "pair",
                          folder / "moved");  // the identity is that of the files, not the place
  options.features.lanes = {(folder / "moved").string()};
  EXPECT_EQ(plan_extraction(options).lanes.at(0).recipe.identity(), plan.lanes.at(1).recipe.identity());
}

TEST(PlanExtraction, RefusesAnEncoderPairBesideFramesOnAGpu) {
  const TempFolder folder;
  testing::write_tiny_clip(folder / "pair");
  ExtractOptions options;
  options.features.lanes = {"2d", (folder / "pair").string()};
  options.features.random_weights = true;
  options.features.preset = Preset::Ffmpeg5Gpu;
  expect_error([&] { (void)plan_extraction(options); }, Fault::InvalidArgument, "without -gpu");
}

TEST(BuiltinLanes, AreARowEach) {
  std::vector<BuiltinLane> lanes = builtin_lanes();
  lanes.push_back({"tiny", tiny_lane, "demo2d", 3, "tiny.pth", "https://example.org/tiny.pth"});

  CLI::App app;
  ExtractOptions options;
  add_feature_flags(app, options.features, lanes);
  EXPECT_THAT(app.help(), HasSubstr("--model-tiny"));
  EXPECT_THAT(app.help(), HasSubstr("2d, 3d, tiny"));
  app.parse("--lanes tiny --model tiny=resnet18 --random-weights");
  const PlannedLane lane = plan_extraction(options, lanes).lanes.at(0);
  EXPECT_EQ(lane.spec.sampling.crop_px, 16);
  EXPECT_EQ(lane.spec.network.model, "resnet18");
  EXPECT_EQ(lane.recipe.lane, "tiny");

  const Check check = check_published_weights({}, lanes.back());
  EXPECT_EQ(check.name, "weights tiny");
  EXPECT_THAT(check.advice, HasSubstr("https://example.org/tiny.pth"));
  const auto second = [](const std::filesystem::path&) { return 1.0; };
  EXPECT_GT(estimate_store({{"v", "v.mp4"}}, second, lanes).bytes,
            estimate_store({{"v", "v.mp4"}}, second).bytes);
}

TEST(NetworkFlags, TakeALaneThatIsNamedInTheValue) {
  const TempFolder folder;
  const std::string weights = testing::write_file(folder / "w.pth", "").string();
  CLI::App app;
  std::map<std::string, NetworkChoice> networks;
  add_network_flags(app, networks, "");
  app.parse(std::vector<std::string>{"2d=" + weights, "--weights", "3d=resnext50", "--model", "2d=resnet18",
                                     "--model"});  // in reverse
  EXPECT_EQ(networks["2d"].model, "resnet18");
  EXPECT_EQ(networks["3d"].model, "resnext50");
  EXPECT_EQ(networks["2d"].weights.filename(), "w.pth");
  CLI::App refusing;
  add_network_flags(refusing, networks, "");
  EXPECT_THROW(refusing.parse("--model 4d=resnet18"), CLI::ValidationError);
}

TEST(NetworkFlags, SayWhatIsWrongWithAFileOfWeightsAndWhereToGetIt) {
  const TempFolder folder;
  const auto said = [&](const std::string& value) {
    CLI::App app;
    std::map<std::string, NetworkChoice> networks;
    add_network_flags(app, networks, "");
    try {
      app.parse(std::vector<std::string>{value, "--weights-2d"});  // in reverse
    } catch (const CLI::ValidationError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(
      said((folder / "none.pth").string()),
      AllOf(HasSubstr("none.pth: cannot be opened: No such file"), HasSubstr("`pipeline get resnet152`")));
  EXPECT_THAT(said(folder.path().string()), HasSubstr("is a directory, not a regular file"));
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(said((folder / "fifo").string()), HasSubstr("is a FIFO, socket or device"));
}

TEST(NetworkFlags, TakeTheNameOfWhatHasBeenDownloaded) {
  const TempFolder folder;
  ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
  testing::write_file(folder / "pipeline/resnet152/resnet152-b121ed2d.pth", "");
  CLI::App app;
  std::map<std::string, NetworkChoice> networks;
  add_network_flags(app, networks, "");
  app.parse("--weights-2d resnet152");
  EXPECT_EQ(networks["2d"].weights, folder / "pipeline/resnet152/resnet152-b121ed2d.pth");
  ::unsetenv("XDG_CACHE_HOME");
}

}  // namespace
}  // namespace tvr
