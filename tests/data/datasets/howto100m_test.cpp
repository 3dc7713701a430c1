#include "data/datasets/howto100m.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;
using testing::write_file;

const std::string kHeader = "video_id,category_1,category_2,rank,task_id";

class HowTo100M : public ::testing::Test {
 protected:
  std::filesystem::path list(const std::string& content) const {
    return write_file(folder_ / "h.csv", content);
  }
  void expect_refused(const std::string& content, Fault fault, const std::string& phrase,
                      int max_rank = 0) const {
    expect_error([&] { (void)read_howto100m(list(content), max_rank); }, fault, phrase);
  }
  const TempFolder folder_;
};

TEST_F(HowTo100M, ListsTheVideosUpToARank) {
  const auto csv = list(kHeader +
                        "\nnVbIUDjzWY4,Cars & Other Vehicles,Motorcycles,27,52907\n"
                        "CTPAZ2euJ2Q,Food and Entertaining,,2,1\n-abc,\"Pets, Animals\",Dogs,3,2\n");
  const auto all = read_howto100m(csv);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].id, "nVbIUDjzWY4");
  EXPECT_EQ(all[0].rank, 27);
  EXPECT_EQ(all[0].path, "nVbIUDjzWY4.npy");
  EXPECT_EQ(all[2].id, "%2Dabc");
  EXPECT_EQ(all[2].path, "-abc.npy");
  EXPECT_EQ(read_howto100m(csv, 3).size(), 2u);
  const auto first = read_howto100m(csv, 2);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].id, "CTPAZ2euJ2Q");
}

TEST_F(HowTo100M, TakesPathsWithoutTheBlanksAroundThem) {
  const auto videos = read_howto100m(
      list(kHeader + ", path\na,x,y,1,1, food/a.mp4.npy \nb,x,y,1,1,\"food/b c.npy\"\nc,x,y,1,1, \n"), 1);
  ASSERT_EQ(videos.size(), 3u);
  EXPECT_EQ(videos[0].path, "food/a.mp4.npy");
  EXPECT_EQ(videos[1].path, "food/b c.npy");
  EXPECT_EQ(videos[2].path, "c.npy");
}

TEST_F(HowTo100M, NeedsARankOnlyToChooseByIt) {
  const auto csv = list("path,video_id\np.npy,a\n");
  EXPECT_EQ(read_howto100m(csv).at(0).rank, 0);
  expect_error([&] { (void)read_howto100m(csv, 2); }, Fault::NotFound, "there is no column 'rank'");
}

TEST_F(HowTo100M, ThatIsDamagedIsRefusedByFileAndLine) {
  expect_refused(kHeader + "\na,x,y,1,1\nb,x,y,first,1\n", Fault::Corrupt, "h.csv:3: 'first' is not a rank");
  expect_refused(kHeader + "\na,x,y,0,1\n", Fault::Corrupt, "h.csv:2: '0' is not a rank");
  expect_refused(kHeader + "\na,x,y,99999999999,1\n", Fault::Corrupt, "is not a rank");
  expect_refused(kHeader + "\na,x,1,1\n", Fault::Corrupt, "h.csv:2: the row has 4 cells, the header 5");
  expect_refused(kHeader + "\n,x,y,1,1\n", Fault::Corrupt, "the cell 'video_id' is empty");
  expect_refused(kHeader + "\n../a,x,y,1,1\n", Fault::Corrupt, "h.csv:2");
  expect_refused(kHeader + ",path\na,x,y,1,1,/etc/passwd\n", Fault::Corrupt, "leads out of the folder");
  expect_refused(kHeader + ",path\na,x,y,1,1,x/../../y.npy\n", Fault::Corrupt, "h.csv:2: the path");
  expect_refused("id,rank\na,1\n", Fault::NotFound, "there is no column 'video_id'");
  expect_refused(kHeader + "\n", Fault::NotFound, "lists no video");
  expect_refused(kHeader + "\na,x,y,5,1\n", Fault::NotFound, "lists no video of rank 2 or less", 2);
  expect_refused(kHeader + "\na,x,y,5,1\n", Fault::InvalidArgument, "-1 is not a rank", -1);
}

}  // namespace
}  // namespace tvr
