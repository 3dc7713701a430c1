// `pipeline demo --narrated` by way of the real program, with a few videos: about a minute of two cores.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::Program;
using testing::ProgramResult;

ProgramResult demo(const testing::TempFolder& folder, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"demo", "--narrated"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Program(folder.path(), TVR_PIPELINE, arguments).wait();
}

TEST(NarratedChain, LearnsFromNarrationsFineTunesAndLocalizesAndDoesNothingTwice) {
  const testing::TempFolder folder;
  const std::vector<std::string> few = {"--train-videos", "12", "--seeds", "1"};
  std::vector<std::string> as_json = few;
  as_json.emplace_back("--json");
  const ProgramResult first = demo(folder, as_json);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("$ pipeline train --narrations demo-narrated/narrations.db"));
  const json figures = json::parse(first.out);
  RecordProperty("figures", figures.dump());
  EXPECT_EQ(figures["queries"], 16);
  EXPECT_DOUBLE_EQ(figures["chance"]["R@5"], 100.0 * 5 / 16);
  EXPECT_DOUBLE_EQ(figures["chance"]["MedR"], 8.5);
  const auto mean = [&](const char* model, const char* figure) {
    return figures[model][figure]["mean"].get<double>();
  };
  const double chance = figures["chance"]["R@5"];
  EXPECT_GT(mean("narrations", "R@5"), chance);
  EXPECT_GT(mean("narrations", "R@5"), mean("dealt", "R@5"));
  EXPECT_GT(mean("tuned", "R@5"), chance);
  EXPECT_GT(mean("random", "steps"), 0);

  const ProgramResult again = demo(folder, few);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("all 18 videos are up to date"));
  EXPECT_THAT(again.out, HasSubstr("The videos are generated"));
  EXPECT_THAT(again.out, HasSubstr("few captions, after the narrations"));
}

TEST(NarratedChain, SaysWhichFlagsDoNotGoTogether) {
  const testing::TempFolder folder;
  EXPECT_EQ(demo(folder, {"--clips", "10"}).exit_code, 64);
  EXPECT_EQ(Program(folder.path(), TVR_PIPELINE, {"demo"}).wait().exit_code, 64);
  EXPECT_EQ(Program(folder.path(), TVR_PIPELINE, {"demo", "--out", "x", "--seeds", "1"}).wait().exit_code,
            64);
}

}  // namespace
}  // namespace tvr
