#include "data/datasets/video_selection.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;
using testing::write_file;

std::vector<std::string> ids(const VideoSelection& selection) {
  std::vector<std::string> list;
  for (const VideoSource& video : videos_of(selection)) list.push_back(video.id);
  return list;
}

TEST(VideoSelection, IsAFolderOrAList) {
  const TempFolder folder;
  write_file(folder / "videos/a.mp4", "");
  write_file(folder / "videos/b.mp4", "");
  EXPECT_EQ(ids({folder / "videos", {}, {}}), (std::vector<std::string>{"a", "b"}));
  const auto list = write_file(folder / "list.csv", "path\nvideos/b.mp4\n");
  EXPECT_EQ(ids({{}, list, {}}), (std::vector<std::string>{"videos/b"}));
}

TEST(VideoSelection, OfAShardIsItsPart) {
  const TempFolder folder;
  for (int i = 0; i < 20; ++i) write_file(folder / (std::to_string(i) + ".mp4"), "");
  const std::vector<std::string> all = ids({folder.path(), {}, {}});
  const std::vector<std::string> first = ids({folder.path(), {}, {1, 2}});
  EXPECT_LT(first.size(), all.size());
  EXPECT_EQ(first.size() + ids({folder.path(), {}, {2, 2}}).size(), all.size());
  for (const std::string& id : first) EXPECT_EQ(shard_number(id, 2), 1u) << id;
}

TEST(VideoSelection, SaysWhichFilesOfTheFolderItPassesOver) {
  const TempFolder folder;
  for (const char* const file : {"a.mp4", "b.DIVX", "c.h264", "d.3g2"}) write_file(folder / file, "");
  PassedOver none;
  EXPECT_EQ(videos_of({folder.path(), {}, {}}, {}, &none).size(), 4U);
  EXPECT_EQ(none.text(), "");
  for (const char* const file : {"x.csv", "sub/Y.CSV", "bare", ".film.mp4", ".trash/e.mp4"})
    write_file(folder / file, "");
  PassedOver some;
  EXPECT_EQ(videos_of({folder.path(), {}, {}}, {}, &some).size(), 4U);
  EXPECT_THAT(some.text(),
              ::testing::MatchesRegex("5 files were passed over, as their names are not of videos: 2 .csv "
                                      "\\((x.csv|Y.CSV), ...\\), 2 hidden \\((.film.mp4|.trash), ...\\), "
                                      "1 without an extension \\(bare\\)"));
}

TEST(VideoSelection, WithoutVideosIsAnError) {
  const TempFolder folder;
  expect_error([] { (void)videos_of({}); }, Fault::InvalidArgument, "--videos FOLDER");
  expect_error([&] { (void)videos_of({folder.path(), {}, {}}); }, Fault::NotFound, "no video files there");
  write_file(folder / "film.xyz", "");
  expect_error([&] { (void)videos_of({folder.path(), {}, {}}); }, Fault::NotFound, "1 .xyz (film.xyz)");
}

}  // namespace
}  // namespace tvr
