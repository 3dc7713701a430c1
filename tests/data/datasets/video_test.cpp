#include "data/datasets/video.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "tests/support/expect_error.h"
#include "tests/support/hostile_files.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using testing::TempFolder;
using testing::write_file;

std::vector<std::string> ids(const std::vector<VideoSource>& sources) {
  std::vector<std::string> list;
  for (const VideoSource& source : sources) list.push_back(source.id);
  return list;
}

TEST(FindVideos, ListsAFolderThatMayNotBeReadLikeAVideo) {
  const TempFolder folder;
  testing::write_file(folder / "a.mp4", "");
  testing::write_file(folder / "closed/b.mp4", "");
  chmod(folder.path().c_str(), 0755);  // for a user who is not root
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::none);
  const testing::ChildReport report = testing::in_child([&] {
    if (geteuid() == 0 && setuid(65534) != 0) return std::string("no setuid");
    std::string ids;
    for (const VideoSource& source : find_videos(folder.path())) ids += source.id + " ";
    return ids;
  });
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::owner_all);
  EXPECT_EQ(report.text, "a closed ");
}

TEST(ValidateVideoId, TakesWhatCanBeAFileNameAndRefusesTheRest) {
  for (const char* good : {"video7010", "floor33/0001", "=1+1", "a b", "\xc3\xa4", "a..b", ".hidden", "x-y"})
    EXPECT_NO_THROW(validate_video_id(good, "here")) << good;
  for (const std::string& bad :
       {std::string(), std::string("/etc/passwd"), std::string("../a"), std::string("a/../b"),
        std::string("a/.."), std::string("./a"), std::string("a//b"), std::string("a/"), std::string("-i"),
        std::string("a\\b"), std::string("a\nb"), std::string("a\0b", 3), std::string("caf\xe9"),
        std::string(16385, 'x')})
    expect_error([&] { validate_video_id(bad, "here"); }, Fault::Corrupt, "here: the video id");
}

TEST(FindVideos, NamesThemByTheirPathBelowTheFolderWithoutExtension) {
  const TempFolder folder;
  for (const char* file :
       {"b.mp4", "gen2/0001.MP4", "gen2/deep/x.y.webm", "a.mkv", "notes.txt", ".hidden.mp4", ".git/c.mp4"})
    write_file(folder / file, "x");
  const auto sources = find_videos(folder.path());
  EXPECT_THAT(ids(sources), ElementsAre("a", "b", "gen2/0001", "gen2/deep/x.y"));
  EXPECT_EQ(sources[2].path, folder / "gen2/0001.MP4");
}

TEST(FindVideos, KeepsTheExtensionWhereOnlyItTellsTwoFilesApart) {
  const TempFolder folder;
  for (const char* file : {"a.mp4", "a.avi", "b.mp4"}) write_file(folder / file, "x");
  EXPECT_THAT(ids(find_videos(folder.path())), ElementsAre("a.avi", "a.mp4", "b"));
}

TEST(FindVideos, AFileKeepsItsIdWhenAnotherOfItsNameComesOrGoes) {
  const TempFolder folder;
  write_file(folder / "a.mkv", "x");
  write_file(folder / "b/c.mp4", "x");
  const auto known_by = [&](const std::vector<VideoSource>& sources) {
    return [sources](const auto& use) {
      for (const VideoSource& source : sources) use(source.id, source.path.string());
    };
  };
  const auto first = find_videos(folder.path());
  EXPECT_THAT(ids(first), ElementsAre("a", "b/c"));
  for (const char* file : {"a.avi", "b/c.mov"}) write_file(folder / file, "x");
  const auto second = find_videos(folder.path(), known_by(first));
  EXPECT_THAT(ids(second), ElementsAre("a", "a.avi", "b/c", "b/c.mov"));
  EXPECT_EQ(second[0].path, folder / "a.mkv");
  EXPECT_THAT(ids(find_videos(folder.path(), known_by(second))), ids(second));
  for (const char* file : {"a.mkv", "b/c.mp4"}) std::filesystem::remove(folder / file);
  EXPECT_THAT(ids(find_videos(folder.path(), known_by(second))), ElementsAre("a.avi", "b/c.mov"));
  EXPECT_THAT(ids(find_videos(folder.path())), ElementsAre("a", "b/c")) << "known to nobody";
}

TEST(FindVideos, AnIdThatAnotherFileHadIsNotTakenOver) {
  const TempFolder folder;
  for (const char* file : {"a.mp4", "a.avi", "b.mp4"}) write_file(folder / file, "x");
  const auto elsewhere = [](const auto& use) {
    use("a", "/another/a.mp4");
    use("b.mp4", "/another/b.mp4");
  };
  EXPECT_THAT(ids(find_videos(folder.path(), elsewhere)), ElementsAre("a.avi", "a.mp4", "b"));
}

TEST(FindVideos, GivesNoTwoFilesOneId) {
  const TempFolder folder;
  for (const char* file :
       {"a.avi", "a.mp4", "a.mp4.mkv", "a\nb.mp4", "a%0Ab.mp4", "cafe\u0301.mp4", "caf\u00e9.mp4"})
    write_file(folder / file, "x");
  EXPECT_THAT(ids(find_videos(folder.path())),
              ElementsAre("a%0Ab", "a%250Ab", "a.avi", "a.mp4", "a.mp4.mkv", "cafe\u0301", "caf\u00e9"));
}

TEST(FindVideos, TakesPathsOfAnyLength) {
  const TempFolder folder;
  std::filesystem::path deep = folder.path();
  for (int i = 0; i < 7; ++i) deep /= std::string(200, 'n');
  write_file(deep / "video.mp4", "x");
  write_file(folder / "z.mp4", "x");
  const auto sources = find_videos(folder.path());
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0].id.size(), 7 * 201 + 5U);
  validate_video_id(sources[0].id, "a long one");
  EXPECT_EQ(sources[1].id, "z");
}

TEST(FindVideos, AFolderTooDeepForAnyPathStandsForWhatItHolds) {
  const TempFolder folder;
  write_file(folder / "z.mp4", "x");
  const std::filesystem::path home = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  for (int i = 0; i < 22; ++i) {
    std::filesystem::create_directory(std::string(200, 'n'));
    std::filesystem::current_path(std::string(200, 'n'));
  }
  std::ofstream("video.mp4") << "x";
  std::filesystem::current_path(home);
  const auto sources = find_videos(folder.path());
  ASSERT_EQ(sources.size(), 2U) << "the deepest folder that can be named, and the video beside it";
  EXPECT_EQ(sources[1].id, "z");
}

TEST(FindVideos, EscapesNamesThatNoIdCanHave) {
  const TempFolder folder;
  for (const char* file : {"-4wsuPCjDBc.avi", "a\nb.mp4", "caf\xe9.mp4", "back\\slash.mp4"})
    write_file(folder / file, "x");
  EXPECT_THAT(ids(find_videos(folder.path())),
              ElementsAre("%2D4wsuPCjDBc", "a%0Ab", "back%5Cslash", "caf%E9"));
}

TEST(FindVideos, FollowsLinksEntersNoFolderTwiceAndListsWhatCannotBeOpened) {
  const TempFolder folder, elsewhere;
  write_file(elsewhere / "far.mp4", "x");
  std::filesystem::create_directory(folder / "sub");
  std::filesystem::create_directory_symlink(elsewhere.path(), folder / "linked");
  std::filesystem::create_directory_symlink(folder.path(), folder / "sub/loop");
  std::filesystem::create_symlink("nowhere", folder / "dangling.mp4");
  ASSERT_EQ(mkfifo((folder / "pipe.mp4").c_str(), 0600), 0);
  EXPECT_THAT(ids(find_videos(folder.path())), ElementsAre("dangling", "linked/far", "pipe"));
}

TEST(FindVideos, SaysWhenThereIsNoSuchFolder) {
  const TempFolder folder;
  expect_error([&] { (void)find_videos(folder / "none"); }, Fault::NotFound, "no such folder");
  expect_error([&] { (void)find_videos(write_file(folder / "f", "")); }, Fault::NotFound, "is not a folder");
}

TEST(ReadVideoList, TakesPathsRelativeToTheListAndMakesIdsOfThem) {
  const TempFolder folder;
  const auto csv = write_file(folder / "list.csv",
                              "path,note\nsub/a.mp4,x\n./b.mp4,y\n/data/c.mkv,z\n../up/d.mp4,\n-e.mp4,\n");
  const auto sources = read_video_list(csv);
  EXPECT_THAT(ids(sources), ElementsAre("sub/a", "b", "c", "d", "%2De"));
  EXPECT_EQ(sources[0].path, folder / "sub/a.mp4");
  EXPECT_EQ(sources[2].path, "/data/c.mkv");
}

TEST(ReadVideoList, KeepsTheBlanksAroundAPathInQuotesOrOfAFileThatIsThere) {
  const TempFolder folder;
  write_file(folder / " a b .mp4 ", "");
  const auto listed = [&](const std::string& row) {
    return read_video_list(write_file(folder / "list.csv", "path\n" + row + "\n")).front();
  };
  for (const std::string row : {" a b .mp4 ", "\" a b .mp4 \""}) {
    EXPECT_EQ(listed(row).path, folder / " a b .mp4 ") << row;
    EXPECT_EQ(listed(row).id, " a b ") << row;
  }
  EXPECT_EQ(listed(" c.mp4 ").path, folder / "c.mp4");
  EXPECT_EQ(listed("\" c.mp4 \"").path, folder / " c.mp4 ");
}

TEST(ReadVideoList, TakesIdsFromTheirColumnAndRefusesThoseThatCannotBeFileNames) {
  const TempFolder folder;
  const auto good = write_file(folder / "good.csv", "video_id,video_path\nkitchen/7,a.mp4\n-4ws,b.mp4\n");
  EXPECT_THAT(ids(read_video_list(good)), ElementsAre("kitchen/7", "%2D4ws"));
  const auto bad = write_file(folder / "bad.csv", "video_id,video_path\n../x,a.mp4\n");
  expect_error([&] { (void)read_video_list(bad); }, Fault::Corrupt, "bad.csv:2: the video id '../x'");
  write_file(folder / "bad.csv", "video_id,video_path\n-x//y,a.mp4\n");
  expect_error([&] { (void)read_video_list(bad); }, Fault::Corrupt, "the video id '-x//y' has an empty part");
}

TEST(ReadVideoList, RefusesAPathAnIdOrAnOutputThatComesTwice) {
  const TempFolder folder;
  const std::map<std::string, std::string> lists = {
      {"path\na.mp4\na.mp4\n", "the video 'a.mp4' appears twice, first in line 2"},
      {"path\na.mp4\na.avi\n", "the video id 'a' appears twice"},
      {"path,feature_path\na.mp4,o.npy\nb.mp4,o.npy\n", "the feature file 'o.npy' appears twice"},
      {"path,feature_path\n,a.npy\n", "the cell 'path' is empty"}};
  for (const auto& [text, phrase] : lists) {
    const auto csv = write_file(folder / "list.csv", text);
    try {
      (void)read_video_list(csv);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(phrase));
    }
  }
}

TEST(ReadVideoList, MeetsEveryHostileListAsTheManifestSays) {
  TVR_NEEDS_SHARED("hostile");
  const std::map<std::string, std::pair<Fault, std::string>> wanted = {
      {"csv_syntax", {Fault::Corrupt, ":2: the quote that opens here is never closed"}},
      {"csv_row", {Fault::Corrupt, ".csv:2: the "}},
      {"csv_encoding", {Fault::Unsupported, "UTF-16"}},
      {"duplicate_id", {Fault::Mismatch, "twice"}},
      {"id_invalid", {Fault::Corrupt, "NUL"}}};
  const auto files = testing::hostile_files("csv");
  ASSERT_FALSE(files.empty());
  for (const testing::HostileFile& file : files) {
    SCOPED_TRACE(file.name + ": " + file.note);
    if (file.is_ok) {
      EXPECT_EQ(read_video_list(file.path).size(), file.facts["rows"]);
    } else {
      const auto& [fault, phrase] = wanted.at(file.error_class);
      expect_error([&] { (void)read_video_list(file.path); }, fault, phrase);
    }
  }
}

}  // namespace
}  // namespace tvr
