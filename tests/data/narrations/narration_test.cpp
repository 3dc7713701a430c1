// Cases of antoine77340/howto100m 50af0ff (_get_single_text of its loader): what it gave for eight
// narrations, run under PyTorch 1.13. A text that is missing counts one word there ("nan"), so it does here.
#include "data/narrations/narration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "tests/support/expect_error.h"

namespace tvr {
namespace {

struct Lines {
  std::vector<double> start, end;
  std::vector<int> words;  // of each line
};

const std::map<std::string, Lines> kNarrations = {
    {"rolling", {{0, 3, 6, 9.5, 20}, {3, 6, 9, 12, 23}, {3, 2, 2, 2, 3}}},
    {"even", {{0, 2, 4, 6, 8, 10, 12}, {2, 4, 6, 8, 10, 12, 14}, {2, 2, 2, 2, 2, 2, 2}}},
    {"overlapping", {{0.08, 2.4, 4.05, 7.37}, {4.05, 7.37, 9.96, 15.05}, {2, 2, 2, 2}}},
    {"single", {{1.5}, {3}, {2}}},
    {"long_first", {{0, 30}, {30, 31}, {3, 1}}},
    {"without_time", {{5, 5, 5}, {5, 5, 5}, {1, 1, 1}}},
    {"not_all_text", {{0, 2, 4}, {2, 4, 6}, {1, 1, 1}}},
    {"end_goes_back", {{0, 10, 4}, {9, 11, 6}, {1, 1, 1}}},
};

struct Case {
  const char* narration;
  double min_time;
  int min_words;
  int line;
  std::vector<int> lines;  // in the order of their words
  double start, end;
};

const Case kCases[] = {
    {"rolling", 5, 0, 0, {0, 1}, 0, 6},
    {"rolling", 5, 0, 2, {2, 1}, 3, 9},
    {"rolling", 5, 0, 4, {4, 3}, 9.5, 23},
    {"rolling", 10, 0, 1, {1, 0, 2, 3}, 0, 12},
    {"rolling", 10, 0, 3, {3, 2, 1, 0}, 0, 12},
    {"rolling", 0, 4, 0, {0, 1}, 0, 6},
    {"rolling", 0, 4, 2, {2, 1}, 3, 9},
    {"rolling", 0, 4, 4, {4, 3}, 9.5, 23},
    {"rolling", 0, 0, 1, {1}, 3, 6},
    {"rolling", 0, 0, 3, {3}, 9.5, 12},
    {"rolling", 5, 5, 0, {0, 1}, 0, 6},
    {"rolling", 5, 5, 2, {2, 1, 0}, 0, 9},
    {"rolling", 5, 5, 4, {4, 3}, 9.5, 23},
    {"rolling", -1, 3, 1, {1, 2}, 3, 9},
    {"rolling", -1, 3, 3, {3, 4}, 9.5, 23},
    {"even", 5, 0, 0, {0, 1, 2}, 0, 6},
    {"even", 5, 0, 2, {2, 1, 0}, 0, 6},
    {"even", 5, 0, 4, {4, 3, 2}, 4, 10},
    {"even", 5, 0, 6, {6, 5, 4}, 8, 14},
    {"even", 10, 0, 1, {1, 0, 2, 3, 4}, 0, 10},
    {"even", 10, 0, 3, {3, 2, 1, 0, 4}, 0, 10},
    {"even", 10, 0, 5, {5, 4, 3, 2, 1}, 2, 12},
    {"even", 0, 4, 0, {0, 1}, 0, 4},
    {"even", 0, 4, 2, {2, 1}, 2, 6},
    {"even", 0, 4, 4, {4, 3}, 6, 10},
    {"even", 0, 4, 6, {6, 5}, 10, 14},
    {"even", 0, 0, 1, {1}, 2, 4},
    {"even", 0, 0, 3, {3}, 6, 8},
    {"even", 0, 0, 5, {5}, 10, 12},
    {"even", 5, 5, 0, {0, 1, 2}, 0, 6},
    {"even", 5, 5, 2, {2, 1, 0}, 0, 6},
    {"even", 5, 5, 4, {4, 3, 2}, 4, 10},
    {"even", 5, 5, 6, {6, 5, 4}, 8, 14},
    {"even", -1, 3, 1, {1, 2}, 2, 6},
    {"even", -1, 3, 3, {3, 4}, 6, 10},
    {"even", -1, 3, 5, {5, 6}, 10, 14},
    {"overlapping", 5, 0, 0, {0, 1}, 0.08, 7.37},
    {"overlapping", 5, 0, 2, {2}, 4.05, 9.96},
    {"overlapping", 10, 0, 0, {0, 1, 2, 3}, 0.08, 15.05},
    {"overlapping", 10, 0, 2, {2, 1, 0, 3}, 0.08, 15.05},
    {"overlapping", 0, 4, 0, {0, 1}, 0.08, 7.37},
    {"overlapping", 0, 4, 2, {2, 1}, 2.4, 9.96},
    {"overlapping", 0, 0, 0, {0}, 0.08, 4.05},
    {"overlapping", 0, 0, 2, {2}, 4.05, 9.96},
    {"overlapping", 5, 5, 0, {0, 1, 2}, 0.08, 9.96},
    {"overlapping", 5, 5, 2, {2, 1, 0}, 0.08, 9.96},
    {"overlapping", -1, 3, 0, {0, 1}, 0.08, 7.37},
    {"overlapping", -1, 3, 2, {2, 3}, 4.05, 15.05},
    {"single", 5, 0, 0, {0}, 1.5, 3},
    {"single", 0, 4, 0, {0}, 1.5, 3},
    {"single", 5, 5, 0, {0}, 1.5, 3},
    {"long_first", 5, 0, 0, {0}, 0, 30},
    {"long_first", 10, 0, 0, {0}, 0, 30},
    {"long_first", 0, 4, 0, {0, 1}, 0, 31},
    {"long_first", 0, 0, 0, {0}, 0, 30},
    {"long_first", 5, 5, 0, {0, 1}, 0, 31},
    {"long_first", -1, 3, 0, {0}, 0, 30},
    {"without_time", 5, 0, 0, {0, 1, 2}, 5, 5},
    {"without_time", 5, 0, 2, {2, 1, 0}, 5, 5},
    {"without_time", 10, 0, 1, {1, 0, 2}, 5, 5},
    {"without_time", 0, 4, 0, {0, 1, 2}, 5, 5},
    {"without_time", 0, 4, 2, {2, 1, 0}, 5, 5},
    {"without_time", 0, 0, 1, {1}, 5, 5},
    {"without_time", 5, 5, 0, {0, 1, 2}, 5, 5},
    {"without_time", 5, 5, 2, {2, 1, 0}, 5, 5},
    {"without_time", -1, 3, 1, {1, 2, 0}, 5, 5},
    {"not_all_text", 5, 0, 0, {0, 1, 2}, 0, 6},
    {"not_all_text", 5, 0, 2, {2, 1, 0}, 0, 6},
    {"not_all_text", 10, 0, 1, {1, 0, 2}, 0, 6},
    {"not_all_text", 0, 4, 0, {0, 1, 2}, 0, 6},
    {"not_all_text", 0, 4, 2, {2, 1, 0}, 0, 6},
    {"not_all_text", 0, 0, 1, {1}, 2, 4},
    {"not_all_text", 5, 5, 0, {0, 1, 2}, 0, 6},
    {"not_all_text", 5, 5, 2, {2, 1, 0}, 0, 6},
    {"not_all_text", -1, 3, 1, {1, 2, 0}, 0, 6},
    {"end_goes_back", 5, 0, 0, {0}, 0, 9},
    {"end_goes_back", 5, 0, 2, {2, 1, 0}, 0, 6},
    {"end_goes_back", 10, 0, 1, {1, 2, 0}, 0, 6},
    {"end_goes_back", 0, 4, 0, {0, 1, 2}, 0, 6},
    {"end_goes_back", 0, 4, 2, {2, 1, 0}, 0, 6},
    {"end_goes_back", 0, 0, 1, {1}, 10, 11},
    {"end_goes_back", 5, 5, 0, {0, 1, 2}, 0, 6},
    {"end_goes_back", 5, 5, 2, {2, 1, 0}, 0, 6},
    {"end_goes_back", -1, 3, 1, {1, 2, 0}, 0, 6},
};

Narration narration_of(const Lines& lines) {
  return {lines.start, lines.end, std::vector<std::string>(lines.words.size(), "word")};
}

TEST(Narration, GrowsALineAsTheReferenceDoes) {
  for (const Case& c : kCases) {
    const Lines& lines = kNarrations.at(c.narration);
    const NarratedClip clip = grow(narration_of(lines), lines.words, c.line, c.min_time, c.min_words);
    SCOPED_TRACE(::testing::Message() << c.narration << ", line " << c.line << ", " << c.min_time << " s, "
                                      << c.min_words << " words");
    EXPECT_EQ(clip.lines, c.lines);
    EXPECT_EQ(clip.start, c.start);
    EXPECT_EQ(clip.end, c.end);
  }
}

/// The later line ends before the drawn one, whose clip becomes shorter than it was.
TEST(Narration, GoesOnWhenALineMakesTheClipShorter) {
  const Narration narration{{0, 1, 2, 3}, {1, 9, 2.5, 12}, {"a", "b", "c", "d"}};
  EXPECT_EQ(grow(narration, {1, 1, 1, 1}, 1, 8, 0).lines, (std::vector<int>{1}));
  const NarratedClip clip = grow(narration, {1, 1, 1, 1}, 1, 8.5, 0);
  EXPECT_EQ(clip.lines, (std::vector<int>{1, 2, 0, 3}));
  EXPECT_EQ(clip.end, 12);
}

/// Python compares with NaN as C++ does: nothing is shorter, and the later line is taken.
TEST(Narration, EndsWhereATimeIsNotANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Narration narration{{0, 1, 2}, {1, nan, 3}, {"a", "b", "c"}};
  EXPECT_EQ(grow(narration, {1, 1, 1}, 1, 5, 0).lines, (std::vector<int>{1}));
  EXPECT_EQ(grow(narration, {1, 1, 1}, 1, 5, 2).lines, (std::vector<int>{1, 2, 0}));
}

TEST(Narration, RefusesALineThatIsNotThereAndColumnsOfUnequalLength) {
  const Narration narration{{0, 1}, {1, 2}, {"a", "b"}};
  testing::expect_error(
      [&] {
        (void)grow(narration, {1, 1}, 2, 5, 0);
      },
      Fault::InvalidArgument, "line 2 of 2 lines");
  testing::expect_error([&] { (void)grow(narration, {1, 1}, -1, 5, 0); }, Fault::InvalidArgument, "line -1");
  testing::expect_error([&] { (void)grow(narration, {1}, 0, 5, 0); }, Fault::InvalidArgument,
                        "1 numbers of words");
}

}  // namespace
}  // namespace tvr
