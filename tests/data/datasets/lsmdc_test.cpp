#include "data/datasets/lsmdc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::Contains;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::TempFolder;
using testing::write_file;
using Rows = std::vector<LsmdcRow>;

/// A row of the file with this clip and sentence.
std::string line(const std::string& clip, const std::string& sentence) {
  return clip + "\t00.00.01.000\t00.00.02.000\t00.00.01.000\t00.00.02.000\t" + sentence + "\n";
}

/// What a swallowed row looks like within a sentence.
std::string swallowed(const std::string& clip, const std::string& sentence) {
  return "\n" + clip + "\t00.00.01.000\t00.00.02.000\t00.00.01.000\t00.00.02.000\t" + sentence;
}

const std::string kFile = line("a", "SOMEONE peels an apple.") + line("b", "She says \"yes\" and nods.") +
                          line("c", "\"A sign: \"\"Exit\"\".\" He leaves.") + line("d", "\"No end here") +
                          line("e", "lost") + line("f", "Here\" it ends.") + line("g", "NA") +
                          line("h", "n/a") + line("i", "") + line("j", " 7 ") + "\n   \n" +
                          line("k", "Crème brûlée.");

TEST(Lsmdc, ALineIsARowAndQuotesAreText) {
  EXPECT_EQ(parse_lsmdc("l.csv", kFile), (Rows{{"a", "SOMEONE peels an apple."},
                                               {"b", "She says \"yes\" and nods."},
                                               {"c", "\"A sign: \"\"Exit\"\".\" He leaves."},
                                               {"d", "\"No end here"},
                                               {"e", "lost"},
                                               {"f", "Here\" it ends."},
                                               {"g", "NA"},
                                               {"h", "n/a"},
                                               {"i", ""},
                                               {"j", " 7 "},
                                               {"k", "Crème brûlée."}}));
  EXPECT_EQ(parse_lsmdc("l.csv", "a\t1\t2\t3\t4\tx\r\nb\t1\t2\t3\t4\ty"), (Rows{{"a", "x"}, {"b", "y"}}));
}

// Values computed with pandas 1.5.3, as antoine77340/howto100m 50af0ff calls it: read_csv(sep='\t',
// header=None), then str() of the sixth column.
TEST(Lsmdc, IsReadAsPandasReadsItOnRequest) {
  EXPECT_EQ(parse_lsmdc_as_pandas("l.csv", kFile),
            (Rows{{"a", "SOMEONE peels an apple."},
                  {"b", "She says \"yes\" and nods."},
                  {"c", "A sign: \"Exit\". He leaves."},
                  {"d", "No end here" + swallowed("e", "lost") + swallowed("f", "Here it ends.")},
                  {"g", "nan"},
                  {"h", "nan"},
                  {"i", "nan"},
                  {"j", " 7 "},
                  {"k", "Crème brûlée."}}));
  EXPECT_EQ(parse_lsmdc_as_pandas("l.csv", "a\t1\t2\t3\t4\tx\nb\t1\r\n"), (Rows{{"a", "x"}, {"b", "nan"}}))
      << "missing columns are missing values";
  EXPECT_EQ(parse_lsmdc_as_pandas("l.csv", "\"a\tb\"c\t1\t2\t3\t4\t\"\"\nd\t1\t2\t3\t4\t\"NA\""),
            (Rows{{"a\tbc", "nan"}, {"d", "nan"}}));
  EXPECT_EQ(parse_lsmdc_as_pandas("l.csv", "  \n a\t1\t2\t3\t4\t x \"q\" \r\n\r\nb\t1\t2\t3\t4\ty\r"),
            (Rows{{" a", " x \"q\" "}, {"b", "y"}}));
  EXPECT_EQ(parse_lsmdc_as_pandas("l.csv", line("a", "\"x\r\ny\"z\"w\"")), (Rows{{"a", "x\r\nyz\"w\""}}));
}

TEST(Lsmdc, EqualsTheGoldenRows) {
  TVR_NEEDS_SHARED("golden/lsmdc.json");
  std::ifstream file(testing::shared_data("golden/lsmdc.json"));
  const nlohmann::json golden = nlohmann::json::parse(file);
  Rows rows;
  for (const nlohmann::json& row : golden["rows"]) rows.push_back({row[0], row[1]});
  EXPECT_EQ(parse_lsmdc_as_pandas("l.csv", golden["text"].get<std::string>()), rows);
}

TEST(Lsmdc, ThatIsDamagedIsRefusedByFileAndLine) {
  const auto refused = [](const std::string& text, Fault fault, const std::string& phrase) {
    expect_error([&] { (void)parse_lsmdc("l.csv", text); }, fault, phrase);
  };
  refused(line("a", "x") + "b\tx\n", Fault::Corrupt, "l.csv:2: the line has 2 columns, wanted 6");
  refused(line("a", "x\ty"), Fault::Corrupt, "l.csv:1: the line has 7 columns");
  refused(line("", "x"), Fault::Corrupt, "l.csv:1: the line names no clip");
  refused(line("a", "x") + line("b", "\xff"), Fault::Unsupported, "l.csv:2: this line is not UTF-8");
  refused(std::string("a\0b", 3), Fault::Corrupt, "NUL");
  refused("\n \n", Fault::Corrupt, "has no row");
  const auto refused_legacy = [](const std::string& text, const std::string& phrase) {
    expect_error([&] { (void)parse_lsmdc_as_pandas("l.csv", text); }, Fault::Corrupt, phrase);
  };
  refused_legacy(line("a", "x") + line("b", "\"x"), "l.csv:2: the quote that opens here is never closed");
  refused_legacy(line("a", "x") + line("b", "x\ty"), "l.csv:2: the row that begins here has 7 columns");
  refused_legacy("a\tb\n", "l.csv:1: the row that begins here has 2 columns");
  refused_legacy("", "has no row");
}

class LsmdcFiles : public ::testing::Test {
 protected:
  DatasetSpec spec(const std::string& train, const std::string& test) const {
    DatasetSpec spec;
    spec.annotations = write_file(folder_ / "train.csv", train);
    spec.test = write_file(folder_ / "test.csv", test);
    return spec;
  }
  const TempFolder folder_;
};

TEST_F(LsmdcFiles, AreADataSetWhoseRowsAreClipsOfTheirOwn) {
  const DatasetSpec files = spec(kFile, line("t", "Same words.") + line("t", "Same words."));
  EXPECT_EQ(format_of(files).name, "lsmdc");
  DataSet data = read_dataset(files);
  EXPECT_EQ(data.train.clips.size(), 11u);
  EXPECT_EQ(data.test.clips.size(), 2u);
  EXPECT_EQ(data.test.captions.size(), 2u);
  EXPECT_TRUE(data.test.by_reference);
  EXPECT_THAT(data.notes,
              Contains(HasSubstr("train: 7 of 11 lines are not what the reference reads, which has 9 rows")));
  EXPECT_THAT(data.notes, Contains("train: 1 clips have no text and so no words"));
  resolve_video_ids(data, {{"x/t", {}}, {"x/a", {}}});
  EXPECT_EQ(data.test.clips.size(), 2u) << "and remain so";

  DatasetSpec legacy = files;
  legacy.legacy_quotes = true;
  data = read_dataset(legacy);
  EXPECT_EQ(data.train.clips.size(), 9u);
  EXPECT_THAT(data.notes, Contains(HasSubstr("--legacy-quotes")));
  EXPECT_THAT(data.notes, Contains(HasSubstr("7 of 11 lines")));

  legacy.annotations = write_file(folder_ / "open.csv", line("a", "\"open"));
  expect_error([&] { (void)read_dataset(legacy); }, Fault::Corrupt, "never closed");
  legacy.legacy_quotes = false;
  EXPECT_THAT(read_dataset(legacy).notes, Contains(HasSubstr("it can be read in one way only")));
}

TEST_F(LsmdcFiles, OfTheTestSplitAloneNeedNoOther) {
  DatasetSpec files = spec(kFile, line("t", "x"));
  files.test_only = true;
  files.annotations = files.test;
  const DataSet data = read_dataset(files);
  EXPECT_TRUE(data.train.empty());
  EXPECT_EQ(data.test.clips.size(), 1u);
  files.test.clear();
  expect_error([&] { (void)read_dataset(files); }, Fault::InvalidArgument, "--test");
}

TEST_F(LsmdcFiles, ThatShareAClipAreRefused) {
  expect_error([&] { (void)read_dataset(spec(kFile, line("a", "x"))); }, Fault::Mismatch,
               "1 videos are in both splits train and test: a");
}

}  // namespace
}  // namespace tvr
