#include "data/narrations/narration_pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/data/narrations/narration_pickles.h"
#include "tests/support/base64.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NarrationPickle : public ::testing::Test {
 protected:
  std::unique_ptr<NarrationSource> opened(const std::string& pickle) {
    return open_narrations(testing::write_file(folder_ / "caption.pickle", pickle));
  }
  std::vector<NarratedVideo> read(const std::string& pickle) {
    const auto source = opened(pickle);
    std::vector<NarratedVideo> videos;
    for (NarratedVideo video; source->next(video);) videos.push_back(video);
    return videos;
  }
  void expect_refused(const std::string& pickle, const std::string& phrase, Fault fault = Fault::Corrupt) {
    testing::expect_error([&] { (void)read(pickle); }, fault, phrase);
  }
  testing::TempFolder folder_;
};

TEST_F(NarrationPickle, ReadsListsArraysAndTextsOfJsonOfEveryProtocol) {
  for (const testing::NarrationPickle& pickle : testing::kNarrationPickles) {
    SCOPED_TRACE(pickle.name);
    const auto videos = read(testing::from_base64(pickle.base64));
    ASSERT_EQ(videos.size(), 3u);
    EXPECT_EQ(videos[0].id, "%2Da_1");
    EXPECT_THAT(videos[0].narration.start, ElementsAre(0.08, 2.4, 4));
    EXPECT_THAT(videos[0].narration.end, ElementsAre(4.05, 7.37, 9.5));
    EXPECT_THAT(videos[0].narration.text, ElementsAre("cut the onion", "caf\xc3\xa9 \xc2\xbd", ""));
    EXPECT_EQ(videos[1].id, "b");
    EXPECT_THAT(videos[1].narration.start, ElementsAre(0, 1, 2, 3, 4));
    EXPECT_THAT(videos[1].narration.end, ElementsAre(1, 2, 3, 4, 5));
    EXPECT_THAT(videos[1].narration.text, ElementsAre("x", "12", "1.5", "", "True"));
    EXPECT_EQ(videos[2].id, "c");
    EXPECT_THAT(videos[2].narration.text, IsEmpty());
  }
}

TEST_F(NarrationPickle, GoesOnWhereItWas) {
  const std::string pickle = testing::from_base64(testing::kNarrationPickles[3].base64);
  const auto source = opened(pickle);
  NarratedVideo video;
  ASSERT_TRUE(source->next(video));
  const auto again = opened(pickle);
  again->seek(source->position());
  ASSERT_TRUE(again->next(video));
  EXPECT_EQ(video.id, "b");
  EXPECT_EQ(again->total(), pickle.size());
  again->seek(3);
  EXPECT_FALSE(again->next(video));
}

/// A dict of protocol 3 with one video of `columns`, keys and values one after another.
std::string video_of(const std::string& columns) { return "\x80\x03}X\x01\0\0\0v}("s + columns + "us."; }
std::string text(const std::string& value) {
  return "X" + std::string(1, static_cast<char>(value.size())) + "\0\0\0"s + value;
}

TEST_F(NarrationPickle, NamesTheVideoOfWhatIsWrong) {
  const std::string numbers =
                        "](K\x01K\x02"
                        "e",
                    texts = "](" + text("a") + text("b") + "e";
  EXPECT_EQ(read(video_of(text("start") + numbers + text("end") + numbers + text("text") + texts)).size(),
            1u);
  expect_refused(video_of(text("start") + numbers + text("end") + numbers), "video 'v': has no 'text'");
  expect_refused(video_of(text("start") + numbers + text("end") + texts + text("text") + texts),
                 "video 'v': 'end' is not a list or an array of numbers");
  expect_refused(
      video_of(text("start") + numbers + text("end") +
               "](K\x01"
               "e" +
               text("text") + texts),
      "video 'v': its columns differ in length: 2 times in 'start', 1 in 'end', 2 entries in 'text'");
  expect_refused(
      video_of(text("start") + numbers + text("end") + numbers + text("text") + "](" + text("a") + "]e"),
      "video 'v': line 1: 'text' is neither text nor a number");
  expect_refused(video_of(text("start") + numbers + text("end") + numbers + text("text") + text("ab")),
                 "video 'v': 'text' is not a list or an array");
  expect_refused("\x80\x03}X\x01\0\0\0vK\x01s."s, "video 'v': is neither a dict with");
  expect_refused("\x80\x03}X\x01\0\0\0vX\x02\0\0\0{]s."s, "not JSON");
  expect_refused("\x80\x03}K\x01}s."s, "the key of video 1 of the pickle is not text");
  expect_refused("\x80\x03]."s, "it is not a dict");
  expect_refused("\x80\x03}X\x01\0\0\0v"s, "truncated");
  expect_refused("\x80\x03}X\x01\0\0\0vcos\nsystem\ns."s, "forbidden global 'os.system'", Fault::Unsupported);
  EXPECT_THAT(read("\x80\x03}."s), IsEmpty());
}

}  // namespace
}  // namespace tvr
