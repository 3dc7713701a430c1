#include "data/datasets/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using ::testing::HasSubstr;
using testing::TempFolder;
using testing::write_file;

constexpr const char* kJson =
    "\n {\"info\": {}, \"videos\": [{\"video_id\": \"v0\", \"split\": \"train\"}],"
    "\"sentences\": [{\"video_id\": \"v0\", \"caption\": \"a cat\"}]}";
constexpr const char* kCsv = "\xef\xbb\xbf\ncaption,video,start,end\na cat,v0,,\na dog,v1,0,2\n";

class Dataset : public ::testing::Test {
 protected:
  /// A data set in a file whose name tells nothing.
  DatasetSpec spec(const std::string& content) const {
    DatasetSpec spec;
    spec.annotations = write_file(folder_ / "annotations", content);
    return spec;
  }
  const TempFolder folder_;
};

TEST_F(Dataset, IsKnownByItsContent) {
  EXPECT_EQ(format_of(spec(kJson)).name, "msrvtt");
  EXPECT_EQ(format_of(spec(kCsv)).name, "captions");
}

TEST_F(Dataset, IsReadAsItsReaderAloneReadsIt) {
  const DatasetSpec json = spec(kJson);
  EXPECT_EQ(read_dataset(json).notes, read_msrvtt({json.annotations, {}, {}, {}}).notes);
  DatasetSpec csv = spec(kCsv);
  csv.split.test_videos = "v1";
  const DataSet data = read_dataset(csv);
  ASSERT_EQ(data.test.clips.size(), 1u);
  EXPECT_EQ(data.test.clips[0].video_id, "v1");
  EXPECT_EQ(data.notes, read_captions(csv.annotations, csv.split).notes);
}

TEST_F(Dataset, ThatIsDamagedIsStillKnownAndItsReaderSaysWhere) {
  expect_error([&] { (void)read_dataset(spec("{\"videos\": [\n{,")); }, Fault::Corrupt, "annotations:2:2");
  expect_error([&] { (void)read_dataset(spec("video,caption\nv0\n")); }, Fault::Corrupt, "annotations:2");
  expect_error([&] { (void)read_dataset(spec("\x1f\x8b")); }, Fault::Corrupt, "gzip data end too early");
}

TEST_F(Dataset, OfANamedFormatIsNotAskedForItsContent) {
  DatasetSpec film = spec("film,caption\n");
  film.format = "captions";
  expect_error([&] { (void)read_dataset(film); }, Fault::NotFound, "there is no column 'video'");
}

TEST_F(Dataset, OfNoKnownFormatListsThoseThatThereAre) {
  DatasetSpec unknown = spec(kCsv);
  unknown.format = "films";
  const std::vector<std::pair<DatasetSpec, Fault>> specs = {
      {unknown, Fault::InvalidArgument}, {DatasetSpec{}, Fault::InvalidArgument},
      {spec(""), Fault::Unsupported},    {spec("film,text\na,b\n"), Fault::Unsupported},
      {spec("{}"), Fault::Unsupported},  {spec("\xff\x01\n"), Fault::Unsupported}};
  for (const auto& [wrong, fault] : specs) {
    for (const char* known : {"MSRVTT_data.json (MSR-VTT)", "your own captions"})
      expect_error([&, &wrong = wrong] { (void)read_dataset(wrong); }, fault, known);
  }
  DatasetSpec folder;
  folder.annotations = folder_.path();
  expect_error([&] { (void)format_of(folder); }, Fault::Unsupported, "is a directory, not a regular file");
  folder.annotations = folder_ / "nowhere";
  expect_error([&] { (void)format_of(folder); }, Fault::NotFound, "no such file");
}

TEST_F(Dataset, HasTheFilesThatItIsReadFrom) {
  const auto roles = [](const DatasetSpec& spec) {
    std::string text;
    for (const DatasetFile& file : files_of(spec))
      text += file.role + " " + file.path.filename().string() + "; ";
    return text;
  };
  DatasetSpec lists = spec(kJson);
  EXPECT_EQ(roles(lists), "annotations annotations; ");
  lists.train = "a.csv";
  lists.test = "b.csv";
  EXPECT_EQ(roles(lists), "annotations annotations; train list a.csv; test list b.csv; ");
  lists.annotations = spec(kCsv).annotations;
  EXPECT_EQ(roles(lists), "captions annotations; ") << "its splits are not lists";
}

TEST_F(Dataset, RefusesAWayToCutItThatItsFormatDoesNotHave) {
  DatasetSpec csv = spec(kCsv);
  csv.test = write_file(folder_ / "list.csv", "video_id\nv1\n");
  expect_error([&] { (void)read_dataset(csv); }, Fault::InvalidArgument, "column split");
  DatasetSpec json = spec(kJson);
  json.split.test_videos = "v0";
  expect_error([&] { (void)read_dataset(json); }, Fault::InvalidArgument, "--test FILE.csv");
}

}  // namespace
}  // namespace tvr
