#include "data/narrations/narration_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "data/tensors/zip.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"
#include "tests/support/zip_bytes.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;

std::vector<NarratedVideo> videos_of(NarrationSource& source) {
  std::vector<NarratedVideo> videos;
  for (NarratedVideo video; source.next(video);) videos.push_back(video);
  return videos;
}

std::string deflated(const std::string& bytes) {
  z_stream stream{};
  constexpr int kRaw = -15, kMemory = 8;
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kRaw, kMemory, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct Packed {
  std::string name, content;
  bool deflate = true;
};

/// An archive whose records know their offsets.
std::string zip_of(const std::vector<Packed>& files) {
  std::string locals, centrals;
  for (const Packed& file : files) {
    testing::CraftedRecord record;
    record.name = record.local_name = file.name;
    record.bytes = file.deflate ? deflated(file.content) : file.content;
    record.method = file.deflate ? 8 : 0;
    record.crc = ::tvr::crc32(file.content);
    record.offset = locals.size();
    locals += record.local();
    record.size = record.bytes.size();  // packed; the content's size stands four bytes further on
    std::string central = record.central();
    central.replace(24, 4, testing::little_endian(file.content.size(), 4));
    centrals += central;
  }
  return locals + centrals + testing::end_of(files.size(), centrals.size(), locals.size());
}

class NarrationCsv : public ::testing::Test {
 protected:
  std::vector<NarratedVideo> read_folder() { return videos_of(*open_narrations(folder_.path())); }
  std::vector<NarratedVideo> read_zip(const std::string& bytes) {
    return videos_of(*open_narrations(testing::write_file(folder_ / "captions.zip", bytes)));
  }
  void expect_refused(const std::string& csv, const std::string& phrase, Fault fault = Fault::Corrupt) {
    testing::write_file(folder_ / "v.csv", csv);
    testing::expect_error([&] { (void)read_folder(); }, fault, phrase);
  }
  testing::TempFolder folder_;
};

TEST_F(NarrationCsv, ReadsAFolderInTheOrderOfNames) {
  testing::write_file(folder_ / "b.csv",
                      "text,,end,start\r\n\"cut, \"\"then\"\" stir\",0,4.05,0.08\r\n,1,7.37,2.4\r\n");
  testing::write_file(folder_ / "-a.csv", "start,end,text\n1, 2 ,x\n");
  testing::write_file(folder_ / "readme.txt", "no CSV");
  testing::write_file(folder_ / ".hidden.csv", "no CSV");
  const auto videos = read_folder();
  ASSERT_EQ(videos.size(), 2u);
  EXPECT_EQ(videos[0].id, "%2Da");  // an id does not begin with a hyphen
  EXPECT_THAT(videos[0].narration.end, ElementsAre(2));
  EXPECT_EQ(videos[1].id, "b");
  EXPECT_THAT(videos[1].narration.start, ElementsAre(0.08, 2.4));
  EXPECT_THAT(videos[1].narration.end, ElementsAre(4.05, 7.37));
  EXPECT_THAT(videos[1].narration.text, ElementsAre("cut, \"then\" stir", ""));
}

TEST_F(NarrationCsv, ReadsAZipInItsOrderWhetherDeflatedOrStored) {
  const auto videos = read_zip(zip_of({{"captions/", "", false},
                                       {"captions/b.csv", "start,end,text\n0,1,hello\n"},
                                       {"captions/a.csv", "\xef\xbb\xbfstart,end,text\n2,3,you\n", false},
                                       {"__MACOSX/captions/._a.csv", "junk"},
                                       {"captions/licence.txt", "junk"}}));
  ASSERT_EQ(videos.size(), 2u);
  EXPECT_EQ(videos[0].id, "b");
  EXPECT_THAT(videos[0].narration.text, ElementsAre("hello"));
  EXPECT_EQ(videos[1].id, "a");
  EXPECT_THAT(videos[1].narration.start, ElementsAre(2));
}

TEST_F(NarrationCsv, GoesOnWhereItWas) {
  for (const char* const name : {"a.csv", "b.csv", "c.csv"})
    testing::write_file(folder_ / name, "start,end,text\n0,1,t\n");
  const auto source = open_narrations(folder_.path());
  NarratedVideo video;
  ASSERT_TRUE(source->next(video));
  const auto again = open_narrations(folder_.path());
  EXPECT_EQ(again->total(), 3u);
  again->seek(source->position());
  const auto rest = videos_of(*again);
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0].id, "b");
}

TEST_F(NarrationCsv, NamesFileAndLineOfWhatIsWrong) {
  expect_refused("start,end\n0,1\n", "v.csv: there is no column 'text'; its header has 'start', 'end'",
                 Fault::NotFound);
  expect_refused("start,end,text\n0,1,a\n0,one,b\n",
                 "v.csv:3: 'one' in the column 'end' is not a number of seconds");
  expect_refused("start,end,text\n0,,a\n", "v.csv:2: the cell 'end' is empty");
  expect_refused("start,end,text\n0,1\n", "v.csv:2: the row has 2 cells, the header 3");
  expect_refused("start,end,text\n0,1,\"a\n", "v.csv:2: the quote that opens here is never closed");
  expect_refused("start,end,text\n0,1,\xff\n", "v.csv:2: this line is not UTF-8", Fault::Unsupported);
  expect_refused("", "v.csv: is empty");
}

TEST_F(NarrationCsv, SaysThatThereIsNone) {
  testing::expect_error([&] { (void)read_folder(); }, Fault::NotFound, "the folder holds no CSV file");
  testing::expect_error(
      [&] {
        (void)read_zip(zip_of({{"a.txt", "x"}}));
      },
      Fault::NotFound, "the archive holds no CSV file");
}

TEST_F(NarrationCsv, RefusesADamagedArchive) {
  const std::string csv = "start,end,text\n0,1,hello you\n";
  const std::string sound = zip_of({{"a.csv", csv}});
  std::string flipped = sound;
  flipped[30 + 5 + 10] ^= 4;  // in the deflated bytes
  testing::expect_error([&] { (void)read_zip(flipped); }, Fault::Corrupt, "record 'a.csv' does not match");
  std::string short_size = sound;
  short_size[short_size.size() - 22 - 46 - 5 + 24] -= 1;  // the content's size in the central directory
  testing::expect_error([&] { (void)read_zip(short_size); }, Fault::Corrupt, "record 'a.csv' does not match");
  testing::expect_error([&] { (void)read_zip(sound.substr(0, sound.size() - 30)); }, Fault::Corrupt,
                        "no central directory");
}

/// A kilobyte that claims to be gigabytes, and one that is more than it claims.
TEST_F(NarrationCsv, DoesNotInflateMoreThanAVideoMayHave) {
  const std::string zeros(1 << 20, '0');
  std::string archive = zip_of({{"a.csv", zeros}});
  const std::size_t size_at = archive.size() - 22 - 46 - 5 + 24;
  testing::expect_error(
      [&] {
        (void)read_zip(std::string(archive).replace(size_at, 4, testing::little_endian(0xf0000000, 4)));
      },
      Fault::Limit, "record 'a.csv' has 4026531840 bytes");
  testing::expect_error(
      [&] { (void)read_zip(std::string(archive).replace(size_at, 4, testing::little_endian(10, 4))); },
      Fault::Corrupt, "record 'a.csv' does not match");
}

}  // namespace
}  // namespace tvr
