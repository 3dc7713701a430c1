#include "data/narrations/narration_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <thread>

#include "data/narrations/narration_record.h"
#include "data/narrations/narration_writer.h"
#include "tests/data/narrations/narration_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::narration_of;
using testing::same;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put_byte(const std::filesystem::path& path, std::size_t at, char byte) {
  std::fstream(path, std::ios::binary | std::ios::in | std::ios::out)
      .seekp(static_cast<std::streamoff>(at))
      .put(byte);
}

class NarrationFileTest : public ::testing::Test {
 protected:
  /// Ids in an order that is not theirs.
  static std::string id_of(int video) { return "video" + std::to_string(video * 7 % 20); }

  void write(const std::filesystem::path& path, int videos = 20, const std::string& origin = "o") const {
    NarrationWriter writer(path, origin);
    for (int i = 0; i < videos; ++i)
      writer.add(id_of(i), narration_of(static_cast<std::uint32_t>(i), static_cast<std::size_t>(i) * 3), 0);
    writer.finish();
  }

  testing::TempFolder folder_;
  std::filesystem::path path_ = folder_ / "narrations.db";
};

TEST_F(NarrationFileTest, GivesBackWhatWasWrittenByPositionAndById) {
  write(path_);
  const NarrationFile file(path_);
  ASSERT_EQ(file.video_count(), 20);
  for (int i = 19; i >= 0; --i) {
    EXPECT_EQ(file.video_id(i), id_of(i));
    EXPECT_EQ(file.find(id_of(i)), i);
    EXPECT_EQ(file.line_count(i), i * 3);
    EXPECT_TRUE(
        same(file.read(i), narration_of(static_cast<std::uint32_t>(i), static_cast<std::size_t>(i) * 3)));
  }
  for (const char* const absent : {"", "video", "video20", "zzz"}) EXPECT_EQ(file.find(absent), std::nullopt);
  EXPECT_EQ(file.origin(), "o");
  EXPECT_TRUE(file.verify().empty());
  testing::expect_error([&] { (void)file.read(20); }, Fault::InvalidArgument, "video 20 of 20");
  testing::expect_error([&] { (void)file.video_id(-1); }, Fault::InvalidArgument, "video -1 of 20");
}

TEST_F(NarrationFileTest, KeepsTimesAndTextsToTheBit) {
  const std::vector<double> odd = {0.1 + 0.2, -0.0, 1e300, 5e-324, std::numeric_limits<double>::infinity()};
  NarrationWriter writer(path_, "");
  writer.add("v", {odd, {1, 2, 3, 4, std::nan("")}, {"", std::string("a\0b", 3), "\n", "caf\xc3\xa9", "x"}},
             0);
  writer.finish();
  const Narration read = NarrationFile(path_).read(0);
  EXPECT_EQ(std::memcmp(read.start.data(), odd.data(), odd.size() * sizeof(double)), 0);
  EXPECT_TRUE(std::isnan(read.end[4]));
  EXPECT_EQ(read.text, (std::vector<std::string>{"", std::string("a\0b", 3), "\n", "caf\xc3\xa9", "x"}));
}

TEST_F(NarrationFileTest, HasADigestOfItsContentAlone) {
  write(path_);
  write(folder_ / "b.db", 20, "another origin");
  write(folder_ / "c.db", 19);
  EXPECT_EQ(NarrationFile(path_).digest(), NarrationFile(folder_ / "b.db").digest());
  EXPECT_NE(NarrationFile(path_).digest(), NarrationFile(folder_ / "c.db").digest());
}

TEST_F(NarrationFileTest, IsReadBySeveralThreads) {
  write(path_);
  const NarrationFile file(path_);
  std::vector<std::thread> readers;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    readers.emplace_back([&, t] {
      for (int i = 0; i < 400; ++i) {
        const int video = (i * 3 + t) % 20;
        wrong += file.read(video).size() != video * 3 || file.find(id_of(video)) != video ? 1 : 0;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

/// Whatever byte is damaged: an error when the file is opened, read or verified, never other text.
TEST_F(NarrationFileTest, NoticesEveryFlippedBit) {
  write(path_, 4);
  const std::string sound = bytes_of(path_);
  std::vector<Narration> wanted;
  for (int i = 0; i < 4; ++i) wanted.push_back(NarrationFile(path_).read(i));
  const std::filesystem::path damaged = testing::write_file(folder_ / "damaged.db", sound);
  for (std::size_t at = 0; at < sound.size(); ++at) {
    put_byte(damaged, at, static_cast<char>(sound[at] ^ (1 << at % 8)));
    int errors = 0;
    try {
      const NarrationFile file(damaged);
      for (int i = 0; i < 4; ++i) {
        try {
          EXPECT_TRUE(same(file.read(i), wanted[static_cast<std::size_t>(i)])) << "byte " << at;
        } catch (const Error& error) {
          EXPECT_EQ(error.fault(), Fault::Corrupt);
          ++errors;
        }
      }
      EXPECT_EQ(file.verify().size(), static_cast<std::size_t>(errors)) << "byte " << at;
    } catch (const Error&) {
      ++errors;
    }
    EXPECT_GT(errors, 0) << "byte " << at;
    put_byte(damaged, at, sound[at]);
  }
}

TEST_F(NarrationFileTest, RefusesAFileThatIsCutAnywhere) {
  write(path_, 3);
  const std::string sound = bytes_of(path_);
  testing::write_file(folder_ / "cut.db", sound);
  for (std::size_t size = sound.size(); size-- > 0;) {
    std::filesystem::resize_file(folder_ / "cut.db", size);
    SCOPED_TRACE(size);
    const bool is_known = size >= kNarrationsMagic.size();
    testing::expect_error([&] { NarrationFile file(folder_ / "cut.db"); },
                          is_known ? Fault::Corrupt : Fault::Unsupported,
                          is_known ? "Restore the file" : "is not a file of narrations");
  }
  testing::write_file(folder_ / "long.db", sound + "x");
  testing::expect_error([&] { NarrationFile file(folder_ / "long.db"); }, Fault::Corrupt, "Restore the file");
}

TEST_F(NarrationFileTest, SaysWhatAnotherFileIs) {
  testing::expect_error([&] { NarrationFile file(folder_ / "none.db"); }, Fault::NotFound,
                        "cannot be opened");
  testing::expect_error([&] { NarrationFile file(folder_.path()); }, Fault::Unsupported, "is a directory");
  testing::write_file(path_, "{\"a\": 1}");
  testing::expect_error([&] { NarrationFile file(path_); }, Fault::Unsupported,
                        "pipeline narrations import caption.json");
  testing::write_file(path_, kNarrationsMagic);
  testing::expect_error([&] { NarrationFile file(path_); }, Fault::Corrupt, "is cut");
}

/// A stranger's file, whose hashes are right.
TEST_F(NarrationFileTest, BelievesNoTableThatIsImpossible) {
  const std::string header = std::string(kNarrationsMagic) + std::string(4, '\0');
  const auto write_with = [&](const NarrationTable& table, std::uint64_t table_start,
                              const std::string& records) {
    NarrationEnd end;
    end.content = sha256("");
    end.table_start = table_start;
    const std::string bytes = bytes_of(table);
    end.table = table_hash(header, bytes, end);
    testing::write_file(path_, header + records + bytes + bytes_of(end));
  };
  std::string record;
  append_record(record, "a", narration_of(1, 2));
  const std::uint64_t first = header.size(), last = first + record.size();
  const NarrationTable sound{{first}, {2}, {1}, {0}, "a"};
  const auto expect_refused = [&](const NarrationTable& table) {
    write_with(table, last, record);
    testing::expect_error([&] { NarrationFile file(path_); }, Fault::Corrupt, "impossible");
  };
  expect_refused({});
  expect_refused({{first + 1}, {2}, {1}, {0}, "a"});
  expect_refused({{first, last + 5}, {2, 2}, {1, 1}, {0, 0}, "a"});
  expect_refused({{first}, {2}, {2}, {0}, "a"});
  expect_refused({{first}, {2}, {1}, {1}, "a"});
  write_with(sound, first - 1, record);
  testing::expect_error([&] { NarrationFile file(path_); }, Fault::Corrupt, "is cut");

  write_with(sound, last, record);
  testing::expect_error([&] { (void)NarrationFile(path_).verify(); }, Fault::Corrupt,
                        "do not match its digest");
  write_with({{first}, {3}, {1}, {0}, "a"}, last, record);
  testing::expect_error([&] { (void)NarrationFile(path_).read(0); }, Fault::Corrupt, "another video lies");
  write_with({{first}, {2}, {1}, {0}, "b"}, last, record);
  testing::expect_error([&] { (void)NarrationFile(path_).read(0); }, Fault::Corrupt, "another video lies");
  std::string sizes = record;
  sizes.replace(kDigestBytes + 4, 4, "\xff\xff\xff\x7f");
  write_with(sound, last, sizes);
  testing::expect_error([&] { (void)NarrationFile(path_).read(0); }, Fault::Corrupt, "impossible sizes");
}

TEST_F(NarrationFileTest, IsNotWrittenWithTheSameVideoTwiceNorWithout) {
  NarrationWriter writer(path_, "");
  testing::expect_error([&] { writer.finish(); }, Fault::Corrupt, "the source holds no video");
  writer.add("a", narration_of(1, 2), 0);
  testing::expect_error([&] { writer.add("a", narration_of(1, 2), 0); }, Fault::Corrupt,
                        "the video 'a' is in the source twice");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(NarrationFileTest, RefusesMoreTextThanAVideoMayHave) {
  NarrationWriter writer(path_, "");
  const std::string half((kMostNarrationBytes >> 1U) + 1, 'x');
  testing::expect_error(
      [&] {
        writer.add("a", {{0, 1}, {1, 2}, {half, half}}, 0);
      },
      Fault::Limit, "a: 2 lines with 67108866 bytes of text");
}

TEST_F(NarrationFileTest, KnowsWhetherItIsThereAlready) {
  EXPECT_FALSE(has_narrations(path_, "o"));
  write(path_);
  EXPECT_TRUE(has_narrations(path_, "o"));
  testing::expect_error([&] { (void)has_narrations(path_, "p"); }, Fault::Mismatch,
                        "holds narrations of another import");
  testing::write_file(path_, "notes");
  testing::expect_error([&] { (void)has_narrations(path_, "o"); }, Fault::Unsupported,
                        "not a file of narrations");
}

}  // namespace
}  // namespace tvr
