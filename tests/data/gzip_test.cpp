#include "data/gzip.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/base64.h"
#include "tests/support/expect_error.h"
#include "tests/support/mutate.h"

namespace tvr {
namespace {

using testing::expect_error;

/// "hello\n", by Python's gzip.compress(b"hello\n", mtime=0).
const std::string kHello = testing::from_base64("H4sIAAAAAAACA8tIzcnJ5wIAIDA6NgYAAAA=");

TEST(Gzip, UnpacksOneMemberAndSeveral) {
  EXPECT_TRUE(is_gzip(kHello));
  EXPECT_FALSE(is_gzip("hello"));
  EXPECT_EQ(gunzip(kHello, "a.gz", 6), "hello\n");
  EXPECT_EQ(gunzip(kHello + kHello, "a.gz", 100), "hello\nhello\n");
}

TEST(Gzip, RefusesWhatIsDamagedCutOrTooLarge) {
  expect_error([] { (void)gunzip(kHello, "a.gz", 5); }, Fault::Limit, "more than 5 bytes");
  for (std::size_t end = 0; end < kHello.size(); ++end)
    expect_error([&] { (void)gunzip(kHello.substr(0, end), "a.gz", 100); }, Fault::Corrupt, "a.gz");
  std::string damaged = kHello;
  damaged[12] = static_cast<char>(damaged[12] ^ 8);
  expect_error([&] { (void)gunzip(damaged, "a.gz", 100); }, Fault::Corrupt, "damaged");
}

TEST(Gzip, DamagedBytesNeitherCrashNorHang) {
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    try {
      (void)gunzip(testing::mutate(kHello + kHello, random), "a.gz", 1000);
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace tvr
