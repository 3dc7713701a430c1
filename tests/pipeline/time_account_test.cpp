#include "pipeline/time_account.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

TEST(TimeAccount, NamesTheLongestPhaseAndWhatToDo) {
  TimeAccount time;
  time.add("decode", 2);
  time.add("train", 30);
  time.add("report", 0.1);
  EXPECT_EQ(time.text(false),
            "where the time went    time  share\n"
            "-------------------  ------  -----\n"
            "decode                2.0 s    6 %\n"
            "train                30.0 s   93 %\n"
            "bottleneck: train (93 % of the time): more cores, fewer --epochs or a smaller --embd-dim");
}

TEST(TimeAccount, RecommendsBf16OnlyWhereItIsFast) {
  TimeAccount time;
  time.add("networks", 60);
  EXPECT_NE(time.text(true).find("--precision bf16"), std::string::npos);
  EXPECT_EQ(time.text(false).find("--precision bf16"), std::string::npos);
}

TEST(TimeAccount, IsSilentAboutShortWork) {
  TimeAccount time;
  time.add("eval", 4.9);
  EXPECT_EQ(time.text(false), "");
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
