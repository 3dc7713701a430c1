#include "data/narrations/candidates.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tvr {
namespace {

struct Case {
  const char* narration;
  int count;
  std::int64_t line;
  const char* candidates;  // a letter per line
  double start, end;
};

// Computed by video_loader.py of antoine77340/MIL-NCE_HowTo100M b282b15, with min_time 5.
const std::vector<Case> kCases = {
    {"steady", 1, 0, "a", 0, 5},       {"steady", 1, 1, "b", 2, 7},      {"steady", 1, 2, "c", 5, 10},
    {"steady", 1, 3, "d", 8, 13},      {"steady", 1, 4, "e", 19, 24},    {"steady", 2, 0, "ab", 0, 5},
    {"steady", 2, 1, "bc", 2, 7},      {"steady", 2, 2, "cd", 5, 10},    {"steady", 2, 3, "cd", 8, 13},
    {"steady", 2, 4, "de", 19, 24},    {"steady", 3, 0, "abc", 0, 5},    {"steady", 3, 1, "bcd", 2, 7},
    {"steady", 3, 2, "bcd", 5, 10},    {"steady", 3, 3, "bcd", 8, 13},   {"steady", 3, 4, "cde", 19, 24},
    {"steady", 4, 0, "abcd", 0, 5},    {"steady", 4, 1, "abcd", 2, 7},   {"steady", 4, 2, "abcd", 5, 10},
    {"steady", 4, 3, "abcd", 8, 13},   {"steady", 4, 4, "bcde", 19, 24}, {"steady", 5, 0, "abcde", 0, 5},
    {"steady", 5, 1, "abcde", 2, 7},   {"steady", 5, 2, "abcde", 5, 10}, {"steady", 5, 3, "abcde", 8, 13},
    {"steady", 5, 4, "abcde", 19, 24}, {"ties", 1, 0, "a", 0, 5},        {"ties", 1, 1, "b", 0, 5},
    {"ties", 1, 2, "c", 2, 7},         {"ties", 1, 3, "d", 4, 9},        {"ties", 1, 4, "e", 6, 11},
    {"ties", 1, 5, "f", 8, 13},        {"ties", 2, 0, "ab", 0, 5},       {"ties", 2, 1, "bc", 0, 5},
    {"ties", 2, 2, "cd", 2, 7},        {"ties", 2, 3, "de", 4, 9},       {"ties", 2, 4, "ef", 6, 11},
    {"ties", 2, 5, "ef", 8, 13},       {"ties", 3, 0, "abc", 0, 5},      {"ties", 3, 1, "bcd", 0, 5},
    {"ties", 3, 2, "cde", 2, 7},       {"ties", 3, 3, "def", 4, 9},      {"ties", 3, 4, "def", 6, 11},
    {"ties", 3, 5, "def", 8, 13},      {"ties", 4, 0, "abcd", 0, 5},     {"ties", 4, 1, "bcde", 0, 5},
    {"ties", 4, 2, "cdef", 2, 7},      {"ties", 4, 3, "cdef", 4, 9},     {"ties", 4, 4, "cdef", 6, 11},
    {"ties", 4, 5, "cdef", 8, 13},     {"ties", 5, 0, "abcde", 0, 5},    {"ties", 5, 1, "bcdef", 0, 5},
    {"ties", 5, 2, "bcdef", 2, 7},     {"ties", 5, 3, "bcdef", 4, 9},    {"ties", 5, 4, "bcdef", 6, 11},
    {"ties", 5, 5, "bcdef", 8, 13},    {"two", 1, 0, "a", 0, 5},         {"two", 1, 1, "b", 0, 5},
    {"two", 2, 0, "ab", 0, 5},         {"two", 2, 1, "ab", 0, 5},        {"two", 3, 0, "abb", 0, 5},
    {"two", 3, 1, "aab", 0, 5},        {"two", 4, 0, "abbb", 0, 5},      {"two", 4, 1, "aaab", 0, 5},
    {"two", 5, 0, "abbbb", 0, 5},      {"two", 5, 1, "aaaab", 0, 5},
};

Narration narration_named(const std::string& name) {
  if (name == "two") return {{0.2, 1.7}, {1.5, 2.9}, {"a", "b"}};
  if (name == "ties") return {{0, 2, 4, 6, 8, 10}, {2, 4, 6, 8, 10, 12}, {"a", "b", "c", "d", "e", "f"}};
  return {{0, 3, 6, 9.5, 20}, {3, 6, 9, 12, 23}, {"a", "b", "c", "d", "e"}};
}

TEST(Candidates, AndTheirClipAreThoseOfTheReference) {
  for (const Case& example : kCases) {
    const Narration narration = narration_named(example.narration);
    std::string lines;
    for (const int line : candidate_lines(narration, example.line, example.count))
      lines += narration.text[static_cast<std::size_t>(line)];
    const std::string where = std::string(example.narration) + " " + std::to_string(example.count) + " " +
                              std::to_string(example.line);
    EXPECT_EQ(lines, example.candidates) << where;
    const NarratedClip clip = centred_clip(narration, example.line, 5);
    EXPECT_EQ(clip.start, example.start) << where;
    EXPECT_EQ(clip.end, example.end) << where;
  }
}

TEST(Candidates, AClipThatIsLongEnoughIsCutToWholeSeconds) {
  const NarratedClip clip = centred_clip({{1.9}, {8.7}, {"a"}}, 0, 5);
  EXPECT_EQ(clip.start, 1);
  EXPECT_EQ(clip.end, 8);
}

}  // namespace
}  // namespace tvr
