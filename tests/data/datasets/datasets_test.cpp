#include "data/datasets/datasets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "data/stable_hash.h"
#include "tests/support/expect_error.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::TempFolder;
using testing::write_file;

std::vector<std::string> ids(const CaptionSet& set) {
  std::vector<std::string> list;
  for (const ClipRef& clip : set.clips) list.push_back(clip.video_id);
  return list;
}

CaptionSet captions_of(const std::vector<std::string>& videos) {
  CaptionSetBuilder set;
  for (const std::string& video : videos)
    for (const char* text : {"first", "second"}) set.add({video, std::nullopt}, text);
  return set.take();
}

std::vector<VideoSource> sources(const std::vector<std::string>& list) {
  std::vector<VideoSource> made;
  for (const std::string& id : list) made.push_back({id, "/videos/" + id + ".mp4"});
  return made;
}

DataSet read(const std::string& csv, const CaptionSplit& split = {}) {
  const TempFolder folder;
  return read_captions(write_file(folder / "own.csv", csv), split);
}

TEST(ResolveVideoIds, FindsAVideoByItsNameWhateverTheIdMakesOfIt) {
  const std::map<std::string, std::string> id_of_row = {{"-4wsuPCjDBc_5_15", "%2D4wsuPCjDBc_5_15"},
                                                        {"-4wsuPCjDBc_5_15.avi", "%2D4wsuPCjDBc_5_15"},
                                                        {"%2D4wsuPCjDBc_5_15", "%2D4wsuPCjDBc_5_15"},
                                                        {"back\\slash.mp4", "back%5Cslash"},
                                                        {"caf\u00e9.mp4", "x/cafe\u0301"},
                                                        {"x/caf\u00e9", "x/cafe\u0301"},
                                                        {"\u1112\u1161\u11ab.mp4", "\ud55c"},
                                                        {"50%.mp4", "50%"}};
  for (const auto& [row, id] : id_of_row) {
    DataSet data = read("video,caption,split\n" + row + ",a cat,train\n");
    resolve_video_ids(data, sources({"%2D4wsuPCjDBc_5_15", "back%5Cslash", "x/cafe\u0301", "\ud55c", "50%"}));
    EXPECT_THAT(ids(data.train), ElementsAre(id)) << row;
  }
}

TEST(ResolveVideoIds, FindsANameWithBlanksAroundItQuotedOrNot) {
  const auto found = [](const std::string& row, const std::vector<std::string>& videos) {
    DataSet data = read("video,caption,split\n" + row + ",a cat,train\n");
    resolve_video_ids(data, sources(videos));
    return ids(data.train).front();
  };
  for (const std::string row : {" a b .mp4", "\" a b .mp4\"", "\" a b \"", " a b "})
    EXPECT_EQ(found(row, {" a b ", "a b"}), " a b ") << row;
  for (const std::string row : {" a b", "a b.mp4 ", "\ta b ", "a b"})
    EXPECT_EQ(found(row, {" a b ", "a b"}), "a b") << row;
  EXPECT_EQ(found(" -4ws.mp4 ", {"%2D4ws"}), "%2D4ws");
}

TEST(ResolveVideoIds, TakesNamesThatDifferInBlanksAloneForOneVideo) {
  DataSet data = read("video,caption,split\na,one,train\n a,two,train\na ,three,train\nb,four,test\n");
  resolve_video_ids(data, sources({"a", "b"}));
  EXPECT_THAT(ids(data.train), ElementsAre("a"));
  EXPECT_EQ(data.train.captions.size(), 3U);
  expect_error([] { (void)read("video,caption,split\na,one,train\n a,two,test\n"); }, Fault::Mismatch,
               "'a' is in two splits");
}

TEST(ResolveVideoIds, TellsNamesApartThatDifferInTheirCompositionAlone) {
  const std::vector<VideoSource> both = sources({"cafe\u0301", "caf\u00e9"});
  DataSet data = read("video,caption,split\ncaf\u00e9,a cat,train\ncafe\u0301,a dog,train\n");
  resolve_video_ids(data, both);
  EXPECT_THAT(ids(data.train), ElementsAre("caf\u00e9", "cafe\u0301"));
  DataSet neither = read("video,caption,split\n\u1e69,a cat,train\n");
  expect_error(
      [&] {
        resolve_video_ids(neither, sources({"s\u0323\u0307", "s\u0307\u0323"}));
      },
      Fault::Mismatch, "2 videos match this name");
}

TEST(ReadCaptions, AGlobMatchesNamesAsTheyWereWritten) {
  for (const char* glob : {"-4*", "caf\u00e9*", "cafe\u0301*"}) {
    const DataSet data = read("video,caption\n-4ws,a cat\ncafe\u0301,a dog\nb,a man\n", {glob, 0});
    EXPECT_EQ(data.test.clips.size(), 1U) << glob;
  }
}

TEST(CaptionSetBuilder, KeepsClipsInOrderOfAppearanceEachOnce) {
  CaptionSetBuilder builder;
  const TimeSpan span{Micros(0), Micros(5)};
  builder.add({"b", std::nullopt}, "1");
  builder.add({"a", std::nullopt}, "2");
  builder.add({"b", span}, "3");
  builder.add({"b", std::nullopt}, "4");
  const CaptionSet set = builder.take();
  EXPECT_THAT(ids(set), ElementsAre("b", "a", "b"));
  EXPECT_EQ(set.clips[2].span, span);
  EXPECT_EQ(set.captions[3].clip, 0);
}

TEST(ReadCaptions, TakesSpansInSecondsAndSplitsByColumn) {
  const DataSet data = read(
      "caption,video,start,end,split\n"
      "a cat,v/1.mp4,0.5,2.25,train\na dog,v/1.mp4,,,train\nthe end,v2,0,1e1,test\nmid,v3,1,2,val\n");
  EXPECT_EQ(data.name, "own");
  EXPECT_THAT(ids(data.train), ElementsAre("v/1.mp4", "v/1.mp4"));
  EXPECT_EQ(data.train.clips[0].span, (TimeSpan{Micros(500'000), Micros(2'250'000)}));
  EXPECT_FALSE(data.train.clips[1].span);
  EXPECT_EQ(data.test.captions[0].text, "the end");
  EXPECT_THAT(ids(data.val), ElementsAre("v3"));
}

TEST(ReadCaptions, LeavesOutAndCountsClipsThatEndWhereTheyStart) {
  const DataSet data = read(
      "video,caption,start,end,split\nv1,a cat,1,2,train\nv1,a dog,3,3,train\nv2,a cow,0,0,test\n"
      "v2,a hen,1,1.0000001,test\nv3,a fly,,,train\n");
  EXPECT_THAT(ids(data.train), ElementsAre("v1", "v3"));
  EXPECT_EQ(data.empty_spans, 3);
  EXPECT_THAT(data.notes,
              ::testing::Contains(::testing::HasSubstr("3 captions are left out: their clip ends where it "
                                                       "starts (")));
  EXPECT_THAT(data.notes.front(), ::testing::HasSubstr("own.csv:3, "));
  expect_error([] { (void)read("video,caption,start,end\nv1,x,3,3\n"); }, Fault::Corrupt,
               "every clip ends where it starts");
}

TEST(ReadCaptions, NotesWhatDividesItsLinesWhereThatIsNoComma) {
  const DataSet data = read("video;caption\nv1;a cat, asleep\nv2;a dog\n");
  EXPECT_THAT(data.notes, ::testing::Contains(::testing::HasSubstr(
                              "is divided by semicolons rather than commas: video;caption")));
  EXPECT_THAT(read("video,caption\nv1,a cat\nv2,a dog; asleep\n").notes,
              ::testing::Not(::testing::Contains(::testing::HasSubstr("divided"))));
}

TEST(ReadCaptions, NotesColumnsThatItDoesNotRead) {
  const DataSet data = read("video,caption,begin,ende\nv1,a cat,1,2\nv2,a dog,1,2\n");
  EXPECT_THAT(data.notes, ::testing::Contains("columns that are not read: 'begin', 'ende'; those that are: "
                                              "caption, end, split, start, video"));
}

TEST(ReadCaptions, CutsByAGlobOverNamesWhateverFoldersLeadThere) {
  const std::string csv = "video,caption\nvideos/ours/1.mp4,x\nvideos/gen2/1.mp4,x\nvideos/ours/2.mp4,y\n";
  for (const char* glob : {"ours/*", "videos/ours/*", "*ours*"}) {
    const DataSet data = read(csv, {glob, 0.2});
    EXPECT_THAT(ids(data.test), ElementsAre("videos/ours/1.mp4", "videos/ours/2.mp4")) << glob;
    EXPECT_THAT(ids(data.train), ElementsAre("videos/gen2/1.mp4")) << glob;
  }
  for (const char* glob : {"our/*", "*", "ours"})
    expect_error([&] { (void)read(csv, {glob, 0.2}); }, Fault::NotFound, "videos match");
}

TEST(ReadCaptions, CutsByAShareOfTheVideosAndAlwaysTheSame) {
  std::string csv = "video,caption\n";
  for (int i = 0; i < 100; ++i) csv += "v" + std::to_string(i % 50) + ",caption " + std::to_string(i) + "\n";
  const DataSet data = read(csv, {"", 0.2});
  EXPECT_EQ(data.test.clips.size(), 10u);
  EXPECT_EQ(data.test.captions.size(), 20u);
  EXPECT_EQ(data.train.clips.size(), 40u);
  EXPECT_EQ(ids(read(csv, {"", 0.2}).test), ids(data.test));
  EXPECT_THAT(data.notes, ElementsAre("train: 40 clips, 80 captions", "test: 10 clips, 20 captions"));
  EXPECT_TRUE(read(csv, {"", 0}).test.clips.empty()) << "no share: all is for training";
  expect_error([&] { (void)read(csv, {"", 1.5}); }, Fault::InvalidArgument, "1.5 is not between 0 and 1");
}

TEST(ReadCaptions, NamesTheLineAtFault) {
  const std::map<std::string, std::string> wrong = {
      {"video,caption\nv1,  \n", ":2: the cell 'caption' is empty"},
      {"video,caption\n,x\n", ":2: the cell 'video' is empty"},
      {"video,caption,start,end\nv1,x,1,zwei\n", ":2: 'zwei' is not a time in seconds"},
      {"video,caption,start,end\nv1,x,-1,2\n", ":2: '-1' is not a time"},
      {"video,caption,start,end\nv1,x,nan,2\n", ":2: 'nan' is not a time"},
      {"video,caption,start,end\nv1,x,0,1e300\n", ":2: '1e300' is not a time"},
      {"video,caption,start,end\nv1,x,3,2\n", ":2: the clip ends at 2 s, before its start at 3 s"},
      {"video,caption,start,end\nv1,x,3,\n", ":2: the cell 'end' is empty"},
      {"video,caption,split\nv1,x,dev\n", ":2: the split is 'dev'"},
      {"video,caption,start\nv1,x,1\n", "has only one of the columns 'start' and 'end'"},
      {"video,caption,split\nv1,x,train\nv1,y,test\n", ":3: the video 'v1' is in two splits"},
      {"video,caption\n../../etc/passwd,x\n", ":2: the video id '../../etc/passwd' has a part '..'"},
      {"video,caption\n", "has no caption"},
      {"video,text\nv1,x\n", "there is no column 'caption'; its header has 'video', 'text'"}};
  for (const auto& [csv, phrase] : wrong) {
    try {
      (void)read(csv);
      ADD_FAILURE() << csv;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(phrase));
    }
  }
}

TEST(ResolveVideoIds, FindsVideosUnderEveryNameTheyGoBy) {
  const std::map<std::string, std::string> cases = {{"floor33/0001", "floor33/0001"},
                                                    {"floor33/0001.mp4", "floor33/0001"},
                                                    {"videos/floor33/0001.mp4", "floor33/0001"},
                                                    {"data/videos/floor33/0001", "floor33/0001"},
                                                    {"video7010", "TrainVideo/video7010"},
                                                    {"video7010.avi", "TrainVideo/video7010"},
                                                    {"x/both.avi", "both.avi"},
                                                    {"%2Dabc.mp4", "%2Dabc"}};
  for (const auto& [name, id] : cases) {
    DataSet data;
    data.train = captions_of({name});
    resolve_video_ids(data, sources({"TrainVideo/video7010", "both.avi", "both.mp4", "floor33/0001",
                                     "gen2/0001", "%2Dabc"}));
    EXPECT_THAT(ids(data.train), ElementsAre(id)) << name;
    EXPECT_EQ(data.train.captions.size(), 2u);
    EXPECT_TRUE(data.notes.empty());
  }
}

TEST(ResolveVideoIds, LeavesOutMissingVideosWithTheirCaptionsAndCountsThem) {
  DataSet data;
  data.train = captions_of({"a", "gone1", "b", "gone2"});
  data.test = captions_of({"c"});
  resolve_video_ids(data, sources({"a", "b", "c", "unused"}));
  EXPECT_THAT(ids(data.train), ElementsAre("a", "b"));
  EXPECT_EQ(data.train.captions[2].clip, 1);
  EXPECT_THAT(data.notes,
              ElementsAre("train: 2 of 4 videos are missing; their captions are skipped (gone1, gone2)"));
}

TEST(ResolveVideoIds, RefusesToLoseAWholeSplit) {
  const TempFolder folder;
  const auto csv = write_file(folder / "c.csv", "video,caption,split\na,x,train\nb,y,test\n");
  DataSet data = read_captions(csv, {});
  expect_error([&] { resolve_video_ids(data, sources({"a"})); }, Fault::NotFound, "split test");
}

TEST(ResolveVideoIds, KeepsTheSpansOfClips) {
  DataSet data;
  CaptionSetBuilder set;
  const TimeSpan span{Micros(1), Micros(2)};
  set.add({"videos/a.mp4", span}, "x");
  data.test = set.take();
  resolve_video_ids(data, sources({"a"}));
  EXPECT_EQ(data.test.clips[0].span, span);
}

TEST(ResolveVideoIds, RefusesNamesThatFitSeveralVideosAndVideosThatFitSeveralNames) {
  DataSet ambiguous;
  ambiguous.train = captions_of({"0001"});
  expect_error(
      [&] {
        resolve_video_ids(ambiguous, sources({"a/0001", "b/0001"}));
      },
      Fault::Mismatch, "a/0001, b/0001");
  DataSet shared;
  shared.train = captions_of({"videos/a/0001.mp4"});
  shared.test = captions_of({"videos/b/0001.mp4"});
  expect_error([&] { resolve_video_ids(shared, sources({"0001"})); }, Fault::Mismatch,
               "both 'videos/a/0001.mp4' and");
}

TEST(ResolveVideoIds, NeverTakesAVideoOfAnotherFolder) {
  DataSet data;
  data.train = captions_of({"floor33/0001", "ours/0001"});
  resolve_video_ids(data, sources({"ours/0001"}));
  EXPECT_THAT(ids(data.train), ElementsAre("ours/0001"));
}

TEST(ResolveVideoIds, ShowsAnExampleOfEachSideWhenNothingFits) {
  DataSet data;
  data.train = captions_of({"videos/a.mp4"});
  expect_error([&] { resolve_video_ids(data, sources({"clip_17"})); }, Fault::NotFound,
               "they refer to 'videos/a.mp4', the 1 videos have ids like 'clip_17'");
  expect_error([&] { resolve_video_ids(data, {}); }, Fault::NotFound, "the 0 videos");
  EXPECT_EQ(data.train.clips.size(), 1u);
}

TEST(HoldOutValidation, MovesAShareOfTheVideosWithAllTheirClips) {
  DataSet data;
  std::vector<std::string> videos;
  for (int i = 0; i < 200; ++i) videos.push_back("video" + std::to_string(i));
  data.train = captions_of(videos);
  DataSet again = data, other = data;
  hold_out_validation(data, 0.1, 1);
  EXPECT_EQ(data.val.clips.size(), 20u);
  EXPECT_EQ(data.val.captions.size(), 40u);
  EXPECT_EQ(data.train.clips.size(), 180u);
  std::set<std::string> all;
  for (const CaptionSet* set : {&data.train, &data.val})
    for (const std::string& id : ids(*set)) EXPECT_TRUE(all.insert(id).second) << id;
  EXPECT_EQ(all.size(), 200u);

  hold_out_validation(again, 0.1, 1);
  EXPECT_EQ(ids(again.val), ids(data.val));
  hold_out_validation(other, 0.1, 2);
  EXPECT_NE(ids(other.val), ids(data.val));
  expect_error([&] { hold_out_validation(data, 0, 1); }, Fault::InvalidArgument, "0 is not between 0 and 1");
}

TEST(ChooseShare, TakesAtLeastOneAndNeverAll) {
  const std::set<std::string> ids = {"a", "b", "c"};
  EXPECT_EQ(choose_share(ids, 0.01, 1).size(), 1u);
  EXPECT_EQ(choose_share(ids, 0.99, 1).size(), 2u);
  EXPECT_TRUE(choose_share({"a"}, 0.5, 1).empty());
}

TEST(StableHash, IsTheSameForever) {
  EXPECT_EQ(stable_hash(""), 0xf52a15e9a9b5e89bu);
  EXPECT_EQ(stable_hash("video7010"), 0x63e2fa8c10be716eu);
  EXPECT_NE(stable_hash("video7010"), stable_hash("video7010", 1));
}

TEST(ReadCaptions, ReadsARealSetAndFindsItsVideos) {
  TVR_NEEDS_SHARED("corpus");
  const auto folder = testing::shared_data("corpus") / "snapvideo";
  DataSet data = read_captions(folder / "captions.csv", {"ours/*", 0.2});
  const std::size_t train = data.train.clips.size(), test = data.test.clips.size();
  EXPECT_EQ(train + test, 235u);
  EXPECT_GT(test, 50u);
  for (const auto& [root, first] : std::map<std::string, std::string>{{"videos", ""}, {".", "videos/"}}) {
    DataSet found = data;
    resolve_video_ids(found, find_videos(folder / root));
    EXPECT_EQ(found.train.clips.size(), train);
    EXPECT_EQ(found.test.clips.size(), test);
    EXPECT_THAT(found.test.clips[0].video_id, ::testing::StartsWith(first + "ours/"));
  }
}

}  // namespace
}  // namespace tvr
