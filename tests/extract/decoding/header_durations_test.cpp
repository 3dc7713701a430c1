#include "extract/decoding/header_durations.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "extract/media/clip_stream.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

TEST(HeaderDurations, AreThoseOfTheContainersAndZeroWhereThereIsNone) {
  const testing::TempFolder folder;
  testing::TestVideo video;
  video.codec = "rawvideo";  // its size fits its length
  video.pts_ms = testing::at_rate(1, 3);
  testing::write_video(folder / "a.mkv", video);
  const std::vector<double> durations =
      header_durations({folder / "a.mkv", testing::write_file(folder / "b.mkv", "no film"),
                        folder / "none.mkv", folder / "a.mkv"},
                       60);
  ASSERT_EQ(durations.size(), 4u);
  EXPECT_NEAR(durations[0], 2, 0.1);  // Matroska's begin of the last picture
  EXPECT_EQ(durations[1], 0);
  EXPECT_EQ(durations[2], 0);
  EXPECT_EQ(durations[3], durations[0]);
}

TEST(HeaderDurations, AreReadHoweverMuchMemoryTheProgramHas) {
  const testing::TempFolder folder;
  testing::TestVideo video;
  video.codec = "rawvideo";
  video.pts_ms = testing::at_rate(1, 3);
  testing::write_video(folder / "a.mkv", video);
  // As networks do: more than reading a header may take.
  const auto bytes = static_cast<std::size_t>(DecodeLimits().max_memory_bytes) + (std::size_t{64} << 20);
  void* const memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  EXPECT_NEAR(header_durations({folder / "a.mkv"}, 60).at(0), 2, 0.1);
  ::munmap(memory, bytes);
}

TEST(HeaderDurations, AreNoLongerThanTheFilesSizeAllows) {
  const testing::TempFolder folder;
  testing::TestVideo video;
  video.pts_ms = {0, 1000, 20'000'000};
  testing::write_video(folder / "a.mkv", video);
  const double least = static_cast<double>(std::filesystem::file_size(folder / "a.mkv")) / 500;
  EXPECT_DOUBLE_EQ(header_durations({folder / "a.mkv"}, 60).at(0), least);
}

TEST(HeaderDurations, WaitNoLongerThanTheyMay) {
  const testing::TempFolder folder;
  EXPECT_EQ(header_durations({folder / "a.mkv"}, 0), std::vector<double>{0});
  EXPECT_TRUE(header_durations({}, 1).empty());
}

}  // namespace
}  // namespace tvr
