#include "data/fingerprint.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

TEST(Sha256, EqualsTheExamplesOfFips180) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(FingerprintSource, ReadsAFileAgainOnlyWhenSizeOrTimeDiffer) {
  const TempFolder folder;
  std::ofstream(folder / "v.mp4") << "content";
  SourceFingerprint known = fingerprint_source(folder / "v.mp4");
  EXPECT_EQ(known.content, sha256("content"));
  known.content = "as remembered";
  EXPECT_EQ(fingerprint_source(folder / "v.mp4", known).content, "as remembered");
  known.mtime_ns += 1;
  EXPECT_EQ(fingerprint_source(folder / "v.mp4", known).content, sha256("content"));
}

TEST(FingerprintSource, RefusesWhatIsNotARegularFile) {
  const TempFolder folder;
  testing::expect_error([&] { (void)fingerprint_source(folder / "v.mp4"); }, Fault::NotFound, "v.mp4");
  testing::expect_error([&] { (void)fingerprint_source(folder.path()); }, Fault::Unsupported, "regular");
}

TEST(FingerprintSource, StopsInTheMiddleOfALongFileWhenToldTo) {
  const TempFolder folder;
  std::ofstream(folder / "v.mp4") << "content";
  constexpr std::int64_t kBytes = std::int64_t{1} << 38;
  std::filesystem::resize_file(folder / "v.mp4", kBytes);  // a hole: no room is taken
  std::int64_t told = 0;
  const auto stop_after_a_mebibyte = [&](const ProgressEvent& hashed) {
    EXPECT_EQ(hashed.total, kBytes);
    told = hashed.done;
    return told < 1 << 20;
  };
  testing::expect_error([&] { (void)fingerprint_source(folder / "v.mp4", {}, stop_after_a_mebibyte); },
                        Fault::Interrupted, "v.mp4");
  EXPECT_EQ(told, 1 << 20);
}

}  // namespace
}  // namespace tvr
