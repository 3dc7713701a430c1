#include "data/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/text_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using testing::TempFolder;
using testing::write_file;

TEST(CsvTable, FindsColumnsByNameWhateverTheirOrder) {
  const CsvTable table("t.csv", "caption,video\na cat,v1\n");
  ASSERT_EQ(table.rows().size(), 1u);
  EXPECT_EQ(table.rows()[0].cells[table.column("video")], "v1");
  EXPECT_EQ(table.rows()[0].cells[table.column("caption")], "a cat");
  EXPECT_FALSE(table.find_column("split"));
}

TEST(CsvTable, ReadsQuotedCellsWithCommasQuotesAndLineEnds) {
  const CsvTable table("t.csv", "video,caption\nv1,\"a \"\"big\"\", red\ncar\"\nv2,\"\"\n");
  ASSERT_EQ(table.rows().size(), 2u);
  EXPECT_THAT(table.rows()[0].cells, ElementsAre("v1", "a \"big\", red\ncar"));
  EXPECT_THAT(table.rows()[1].cells, ElementsAre("v2", ""));
  EXPECT_EQ(table.rows()[1].line, 4);
}

TEST(CsvTable, TakesEveryKindOfLineEndAndNoneAtTheEnd) {
  for (const char* text :
       {"a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r", "a,b\n1,2", "\na,b\n\n\r\n1,2\n\n"}) {
    const CsvTable table("t.csv", text);
    ASSERT_EQ(table.rows().size(), 1u) << text;
    EXPECT_THAT(table.rows()[0].cells, ElementsAre("1", "2")) << text;
  }
}

TEST(CsvTable, KeepsAQuoteInsideAnUnquotedCell) {
  const CsvTable table("t.csv", "a,b\na 6\" pipe,2\n");
  EXPECT_EQ(table.rows()[0].cells[0], "a 6\" pipe");
}

TEST(CsvTable, KeepsTheBlanksAroundANameOnlyInQuotes) {
  const CsvTable table("t.csv", "a,b\n\" a b \", a b \n\" \",\t\n");
  EXPECT_EQ(table.verbatim(table.rows()[0], 0), " a b ");
  EXPECT_EQ(table.required(table.rows()[0], 0), "a b");
  EXPECT_EQ(table.verbatim(table.rows()[0], 1), "a b");
  for (const std::size_t column : {0U, 1U})
    expect_error([&] { (void)table.verbatim(table.rows()[1], column); }, Fault::Corrupt, "is empty");
}

TEST(CsvTable, NamesTheLineWhereAQuoteWasOpenedAndNeverClosed) {
  expect_error([] { CsvTable("t.csv", "a,b\n1,2\n\"3,4\n5,6\n"); }, Fault::Corrupt,
               "t.csv:3: the quote that opens here");
}

TEST(CsvTable, NamesTheLineOfARowOfAnotherLength) {
  expect_error([] { CsvTable("t.csv", "a,b\n\n1\n"); }, Fault::Corrupt,
               "t.csv:3: the row has 1 cells, the header 2");
  expect_error([] { CsvTable("t.csv", "a,b\n1,\"x\ny\"\n1,2,3\n"); }, Fault::Corrupt,
               "t.csv:4: the row has 3 cells");
}

TEST(CsvTable, RefusesTextAfterAClosingQuote) {
  expect_error([] { CsvTable("t.csv", "a,b\n\"1\"x,2\n"); }, Fault::Corrupt,
               "t.csv:2: text follows a closing quote");
}

TEST(CsvTable, RefusesWhatIsNotPlainUtf8Text) {
  expect_error([] { CsvTable("t.csv", std::string_view("a,b\n1,\0\n", 8)); }, Fault::Corrupt,
               "t.csv:2: there is a NUL");
  expect_error([] { CsvTable("t.csv", "a,b\n1,caf\xe9\n"); }, Fault::Unsupported,
               "t.csv:2: this line is not UTF-8");
  const TempFolder folder;
  const auto utf16 = write_file(folder / "u.csv", std::string_view("\xff\xfe"
                                                                   "a\0,\0b\0",
                                                                   8));
  expect_error([&] { CsvTable{utf16}; }, Fault::Unsupported, "is UTF-16");
}

TEST(CsvTable, PassesOverAByteOrderMark) {
  const TempFolder folder;
  const CsvTable table(write_file(folder / "b.csv", "\xef\xbb\xbfvideo\nv1\n"));
  EXPECT_EQ(table.rows()[0].cells[table.column("video")], "v1");
}

TEST(CsvTable, ListsTheColumnsThatThereAreWhenOneIsMissing) {
  const CsvTable table("t.csv", "video;text\nv1;x\n");
  expect_error([&] { (void)table.column("caption"); }, Fault::NotFound, "its header has 'video', 'text'");
}

TEST(CsvTable, TakesWhatSpreadsheetsWriteInsteadOfCommas) {
  for (const char* text : {"video;caption\nv1;\"a;b\", c, d\n", "video\tcaption\nv1\t\"a;b\", c, d\n"})
    expect_error([&] { CsvTable table("t.csv", text); }, Fault::Corrupt, "text follows a closing quote");
  for (const char* text : {"video;caption\nv1;one, two\n", "video\tcaption\r\nv1\tone, two\r\n",
                           "video|caption\nv1|\"one, two\"\n"}) {
    const CsvTable table("t.csv", text);
    ASSERT_EQ(table.rows().size(), 1u);
    EXPECT_EQ(table.required(table.rows()[0], table.column("caption")), "one, two");
  }
  EXPECT_EQ(CsvTable("t.csv", "video,a;b\nv1,x\n").columns()[1], "a;b") << "a comma comes first";
  expect_error([] { CsvTable("t.csv", "video;caption\nv1;a;b\n"); }, Fault::Corrupt, "3 cells");
}

TEST(CsvTable, FindsAColumnInUpperCaseUnlessOneHasExactlyThatName) {
  EXPECT_EQ(CsvTable("t.csv", "Video,CAPTION\nv,x\n").column("caption"), 1u);
  EXPECT_EQ(CsvTable("t.csv", "Video,video\nv,x\n").column("video"), 1u);
}

TEST(CsvTable, ReadsAFileThatIsCompressed) {
  const TempFolder folder;
  // gzip.compress(b"video,caption\nv1,x\n", mtime=0) of Python.
  const std::string bytes(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xcb\x4c\x49\xcd\xd7\x49\x4e\x2c\x28\xc9\xcc"
      "\xcf\xe3\x2a\x33\xd4\xa9\xe0\x02\x00\x33\xa3\x36\x18\x13\x00\x00\x00",
      39);
  EXPECT_EQ(CsvTable(write_file(folder / "c.csv.gz", bytes)).rows().size(), 1u);
  expect_error([&] { CsvTable{write_file(folder / "cut.csv.gz", bytes.substr(0, 20))}; }, Fault::Corrupt,
               "cut.csv.gz");
}

TEST(CsvTable, RefusesAnEmptyFileARepeatedColumnAndAHugeRow) {
  expect_error([] { CsvTable("t.csv", "\n\n"); }, Fault::Corrupt, "is empty");
  expect_error([] { CsvTable("t.csv", "a, a\n1,2\n"); }, Fault::Corrupt, "'a' is there twice");
  expect_error([] { CsvTable("t.csv", std::string(100'000, ',')); }, Fault::Limit, "1000 cells");
}

TEST(CsvTable, RefusesAFolderAndAMissingFile) {
  const TempFolder folder;
  expect_error([&] { CsvTable{folder.path()}; }, Fault::Unsupported, "not a regular file");
  expect_error([&] { CsvTable{folder / "none.csv"}; }, Fault::NotFound, "No such file");
}

TEST(Utf8, IsAcceptedAndRefusedAsRfc3629Says) {
  for (const char* good : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_EQ(find_invalid_utf8(good), std::string_view::npos) << good;
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
                          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
    EXPECT_EQ(find_invalid_utf8("ab" + std::string(bad)), 2u);
}

}  // namespace
}  // namespace tvr
