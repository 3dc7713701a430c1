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
            "bottleneck: train (93 % of the time): use more cores, fewer --epochs or a smaller --embd-dim");
}

TEST(TimeAccount, AdvisesWhatItIsGivenForTheLongestPhaseFirst) {
  TimeAccount time;
  time.add("networks", 60);
  const std::string text = time.text({{"networks", "--precision bf16 is faster here"}, {"decode", "no"}});
  EXPECT_NE(text.find("): --precision bf16 is faster here; or use more cores"), std::string::npos) << text;
  EXPECT_EQ(time.text({{"decode", "no"}}).find("no;"), std::string::npos);
}

TEST(TimeAccount, IsSilentAboutShortWork) {
  TimeAccount time;
  time.add("eval", 4.9);
  EXPECT_EQ(time.text({}), "");
}

}  // namespace
}  // namespace tvr
