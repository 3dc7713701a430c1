#include "extract/media/container_end.h"

#include <gtest/gtest.h>

#include <string>

namespace tvr {
namespace {

const std::string kEbmlHeader{"\x1a\x45\xdf\xa3\x84zzzz", 9};

TEST(ContainerEnd, ComparesARiffChunkWithTheFile) {
  const std::string head{
      "RIFF\x10\x01\x00\x00"
      "AVI ",
      12};
  EXPECT_FALSE(ends_early(head, 0x110 + 8));
  EXPECT_TRUE(ends_early(head, 0x110 + 7));
  EXPECT_FALSE(ends_early(head, 100'000));
}

TEST(ContainerEnd, TakesARiffSizeNeverFilledInForUnknown) {
  EXPECT_FALSE(ends_early(std::string{"RIFF\0\0\0\0AVI ", 12}, 5000));
}

TEST(ContainerEnd, ComparesAMatroskaSegmentWithTheFile) {
  const std::string head = kEbmlHeader + std::string{"\x18\x53\x80\x67\x41\x00", 6};  // two bytes: 0x100
  EXPECT_FALSE(ends_early(head, 15 + 0x100));
  EXPECT_TRUE(ends_early(head, 15 + 0xff));
}

TEST(ContainerEnd, KnowsNothingOfALiveSegment) {
  EXPECT_FALSE(ends_early(kEbmlHeader + "\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff", 30));
  EXPECT_FALSE(ends_early(kEbmlHeader + "\x18\x53\x80\x67\xff", 30));
}

TEST(ContainerEnd, CountsWholeTransportPackets) {
  std::string head(512, '\0');
  head[0] = head[188] = head[376] = 'G';
  EXPECT_FALSE(ends_early(head, 188 * 100));
  EXPECT_TRUE(ends_early(head, 188 * 100 + 1));
}

std::string ogg_page(const std::string& body) {
  std::string page = std::string("OggS\0", 5) + std::string(21, 'h');
  page += static_cast<char>(body.size() / 255 + 1);
  page += std::string(body.size() / 255, '\xff') + static_cast<char>(body.size() % 255);
  return page + body;
}

TEST(ContainerEnd, FindsAnOggPageThatIsCutWhereverTheCutIs) {
  const std::string whole = ogg_page("first") + ogg_page(std::string(700, 'x'));
  const std::string last = ogg_page("OggS" + std::string(300, 'y'));
  EXPECT_FALSE(ogg_ends_early(whole));
  EXPECT_FALSE(ogg_ends_early(whole + last));
  for (std::size_t bytes = 1; bytes < last.size(); ++bytes) {
    EXPECT_TRUE(ogg_ends_early(whole + last.substr(0, bytes))) << bytes;
    EXPECT_TRUE(ogg_ends_early((whole + last.substr(0, bytes)).substr(20))) << "a tail of " << bytes;
  }
}

TEST(ContainerEnd, CallsNoOggCutForWhatFollowsItsLastPage) {
  const std::string pages = ogg_page("first") + ogg_page("last, which is not flagged so");
  EXPECT_FALSE(ogg_ends_early(pages + std::string(100, '\0')));
  EXPECT_FALSE(ogg_ends_early(pages + "TAG of another kind"));
  EXPECT_FALSE(ogg_ends_early(""));
  EXPECT_FALSE(ogg_ends_early("OggS"));
  EXPECT_FALSE(ogg_ends_early("no page at all, but OggS in it"));
}

TEST(ContainerEnd, SaysNothingOfOtherFilesNorOfRemainsOfAHeader) {
  EXPECT_FALSE(ends_early("", 0));
  EXPECT_FALSE(ends_early("RIFF\x10", 5));
  EXPECT_FALSE(ends_early("\x1a\x45\xdf\xa3", 4));
  EXPECT_FALSE(ends_early(std::string("\x1a\x45\xdf\xa3\x00", 5), 5));
  EXPECT_FALSE(ends_early(kEbmlHeader.substr(0, 7), 7));
  EXPECT_FALSE(ends_early(kEbmlHeader + "\x18\x53\x80\x67", 13));
  EXPECT_FALSE(ends_early("ftypisom", 8));
}

}  // namespace
}  // namespace tvr
