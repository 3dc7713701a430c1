#include "pipeline/terminal/table.h"

#include <gtest/gtest.h>

#include "pipeline/terminal/sparkline.h"

namespace tvr {
namespace {

TEST(Table, AlignsColumnsByWhatIsSeenNotByBytes) {
  Table table({{"video"}, {"rows", Table::Align::Right}});
  table.add(
      {"k\xc3\xbc"
       "che",
       "12"});
  table.add({"a", "3"});
  EXPECT_EQ(table.text(),
            "video  rows\n"
            "-----  ----\n"
            "k\xc3\xbc"
            "che    12\n"
            "a         3\n");
}

TEST(Table, CountsTheCellsOfWideAndOfCombiningCharacters) {
  EXPECT_EQ(display_width("ab"), 2u);
  EXPECT_EQ(display_width("\u732b"), 2u) << "a Chinese cat";
  EXPECT_EQ(display_width("e\u0301"), 1u) << "e and an acute accent";
  EXPECT_EQ(display_width("\U0001f408"), 2u) << "an emoji";
  EXPECT_EQ(display_width("a\xff"
                          "b"),
            3u)
      << "not UTF-8";
  Table table({{"video"}, {"rows", Table::Align::Right}});
  table.add({"\u732b\u732b\u732b", "1"});
  EXPECT_EQ(table.text(), "video   rows\n------  ----\n\u732b\u732b\u732b     1\n");
}

TEST(Table, ShowsControlCharactersAsQuestionMarks) {
  Table table({{"video"}});
  table.add({"a\x1b[31m\nb"});
  EXPECT_EQ(table.text(), "video\n--------\na?[31m?b\n");
}

TEST(Printable, LeavesNothingThatATerminalObeys) {
  const std::vector<std::string> hostile = {"\x1b",         "\n",           "\t",           "\x7f",
                                            "\xc2\x9b",     "\xc2\x85",     "\xe2\x80\xae", "\xe2\x81\xa6",
                                            "\xe2\x80\xa8", "\xe2\x80\x8b", "\xef\xbb\xbf", "\xff"};
  for (const std::string& text : hostile) EXPECT_EQ(printable("a" + text + "b"), "a?b") << text;
  for (const char* text : {"caf\u00e9", "cafe\u0301", "\u732b", "\u05d0\u05d1", "\u0645\u06cc\u200c\u062e",
                           "\U0001f469\u200d\U0001f373"})
    EXPECT_EQ(printable(text), text);
  EXPECT_EQ(printable_lines("one\ntwo\x1b[2J"), "one\ntwo?[2J");
  EXPECT_EQ(printable("cut \xe2\x80"), "cut ??");
}

TEST(Table, WritesSizesAndTimesForPeople) {
  EXPECT_EQ(bytes_text(17), "17 B");
  EXPECT_EQ(bytes_text(1'300'000'000), "1.3 GB");
  EXPECT_EQ(seconds_text(8.31), "8.3 s");
  EXPECT_EQ(seconds_text(249), "4:09");
  EXPECT_EQ(seconds_text(7635), "2:07:15");
}

TEST(Table, IsGivenInPiecesWithOneTitle) {
  Table table({{"video"}, {"rows", Table::Align::Right}});
  table.add({"a long name", "1"});
  EXPECT_EQ(table.take(), "video        rows\n-----------  ----\na long name     1\n");
  table.add({"b", "22222"});
  EXPECT_EQ(table.take(), "b            22222\n") << "columns never shrink";
  EXPECT_EQ(table.take(), "");
}

TEST(Sparkline, RisesWithTheValuesAndKeepsPeaksWhenItIsShort) {
  EXPECT_EQ(sparkline({}, 10), "");
  EXPECT_EQ(sparkline({0, 1}, 10), "\xe2\x96\x81\xe2\x96\x88");
  EXPECT_EQ(sparkline({1, 1, 1}, 10), "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88");
  EXPECT_EQ(sparkline({0, 0, 0, 1, 0, 0}, 2), "\xe2\x96\x81\xe2\x96\x88");
  EXPECT_EQ(sparkline({0, 0}, 2), "\xe2\x96\x81\xe2\x96\x81");
}

}  // namespace
}  // namespace tvr
