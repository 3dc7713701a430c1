#include "pipeline/run/placed_steps.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using testing::expect_error;

std::vector<PlacedStep> steps_in(const std::string& rows) {
  return parse_placed_steps("localized.csv", "video,task,step,second,score,hit,name\n" + rows);
}

TEST(PlacedSteps, ComeBackFromTheirFile) {
  const std::vector<PlacedStep> steps = {{"-4wsuPCjDBc", "23521", 0, "pour, \"water\"", 127, 0.25, true},
                                         {"films/a b", "", 1, "stir", 3.5, -0.125, false},
                                         {"films/a b", "", 2, "cut", std::nullopt, 0, std::nullopt}};
  const std::string text = placed_steps_csv(steps);
  EXPECT_EQ(text,
            "video,task,step,second,score,hit,name\n-4wsuPCjDBc,23521,1,127,0.25,1,\"pour, \"\"water\"\"\"\n"
            "films/a b,,2,3.5,-0.125,0,stir\nfilms/a b,,3,,,,cut\n");
  const std::vector<PlacedStep> read = parse_placed_steps("localized.csv", text);
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(read[0].video, "-4wsuPCjDBc");
  EXPECT_EQ(read[0].task, "23521");
  EXPECT_EQ(read[0].name, "pour, \"water\"");
  EXPECT_EQ(read[0].hit, std::optional(true));
  EXPECT_EQ(read[1].step, 1);
  EXPECT_EQ(read[1].second, std::optional(3.5));
  EXPECT_EQ(read[1].score, -0.125);
  EXPECT_EQ(read[2].second, std::nullopt);
  EXPECT_EQ(read[2].hit, std::nullopt);
}

TEST(PlacedSteps, AreRefusedByTheirLine) {
  const auto refused = [](const std::string& rows, const std::string& phrase, Fault fault = Fault::Corrupt) {
    expect_error([&] { (void)steps_in(rows); }, fault, phrase);
  };
  refused("a,1,0,1,1,1,cut\n", "localized.csv:2: the step is '0', wanted a number from 1 to 1000000");
  refused("a,1,1,nan,1,1,cut\n", "the second is 'nan'");
  refused("a,1,1,-1,1,1,cut\n", "the second is '-1'");
  refused("a,1,1,1,,1,cut\n", "the score is ''");
  refused("a,1,1,1,1,2,cut\n", "the hit is '2', wanted a number from 0 to 1");
  refused(",1,1,1,1,1,cut\n", "the cell 'video' is empty");
  refused("a,1,1,1,1\n", "the row has 5 cells, the header 7");
  expect_error([] { (void)parse_placed_steps("a.csv", "video,second\na,1\n"); }, Fault::NotFound,
               "no column 'task'");
}

}  // namespace
}  // namespace tvr
