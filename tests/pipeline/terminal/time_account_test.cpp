#include "pipeline/terminal/time_account.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

TEST(TimeAccount, NamesTheLongestPhaseAndWhatToDo) {
  TimeAccount time;
  time.add("decode", 2);
  time.add("train", 30);
  time.add("report", 0.1);
  EXPECT_EQ(time.text({}),
            "where the time went    time  share\n"
            "-------------------  ------  -----\n"
            "decode                2.0 s    6 %\n"
            "train                30.0 s   93 %\n"
            "bottleneck: train (93 % of the time): more cores, fewer --epochs or a smaller --embd-dim");
}

TEST(TimeAccount, RecommendsAPrecisionOnlyWhereItIsFaster) {
  TimeAccount time;
  time.add("networks", 60);
  EXPECT_NE(time.text({"bf16", false}).find(": --precision bf16 is faster here"), std::string::npos);
  EXPECT_EQ(time.text({"", true}).find("--precision"), std::string::npos);
}

TEST(TimeAccount, RecommendsScalingOnTheGpuOnlyWhereOneCould) {
  TimeAccount time;
  time.add("decode", 60);
  EXPECT_NE(time.text({"fp16", true}).find(": a preset -gpu scales on the GPU"), std::string::npos);
  EXPECT_EQ(time.text({"fp16", false}).find("preset"), std::string::npos);
}

/// On a processor, whatever it computes fast.
TEST(TimeAccount, RecommendsNothingOfAGpuWhereNoneIsUsed) {
  ExtractOptions options;
  options.speed.device = "cpu";
  EXPECT_FALSE(faster_ways(options).gpu_could_scale);
  EXPECT_NE(faster_ways(options).precision, "fp16");
  options.features.precision = "bf16";
  EXPECT_EQ(faster_ways(options).precision, "");
}

TEST(TimeAccount, IsSilentAboutShortWork) {
  TimeAccount time;
  time.add("eval", 4.9);
  EXPECT_EQ(time.text({}), "");
}

TEST(TimeAccount, SharesOutAnExtractionByWhatItsThreadsDid) {
  ExtractReport extraction;
  extraction.times = {30, 60, 10, 1e9};  // a wall time cannot be longer than the lap
  TimeAccount time;
  time.lap(extraction);
  EXPECT_LT(time.seconds(), 5) << "thread time is not wall time";
}

}  // namespace
}  // namespace tvr
