// Seeded damages to good files of vectors: each is read, finite, or refused by an Error; within little time
// and memory.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "tests/support/in_child.h"
#include "tests/support/mutate.h"
#include "tests/support/temp_folder.h"
#include "tests/support/vectors_of_bytes.h"
#include "text/word_vectors.h"

namespace tvr {
namespace {

using testing::TempFolder;

constexpr int kDamages = 20'000;

void expect_harmless(const std::string& good) {
  const testing::ChildReport report = testing::in_child([&] {
    std::mt19937 random(1);
    int taken = 0;
    for (int i = 0; i < kDamages; ++i) taken += testing::read_vectors_of(testing::mutate(good, random));
    return std::to_string(taken);
  });
  ASSERT_EQ(report.exit_status, 0);
  const int taken = std::stoi(report.text);
  EXPECT_GT(taken, 0);
  EXPECT_LT(taken, kDamages);
#if !defined(__SANITIZE_ADDRESS__)  // which holds on to freed memory
  EXPECT_LT(report.growth_mib, 64);
#endif
}

std::string floats(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST(DamagedVectors, AreReadOrRefusedAsWord2vecBinary) {
  const std::string numbers = floats({1, -2, 3.5F, 0});
  expect_harmless("3 4\nthe " + numbers + "\na " + numbers + "\ncat " + numbers + "\n");
}

TEST(DamagedVectors, AreReadOrRefusedAsText) {
  expect_harmless("3 4\nthe 1 -2 3.5 0\na 1e-3 2 3 4\ncat 0.1 0.2 0.3 0.4\n");
  expect_harmless("the 1 -2 3.5 0\na 1e-3 2 3 4\ncat 0.1 0.2 0.3 0.4\n");
}

TEST(DamagedVectors, AreReadOrRefusedAsFasttext) {
  const TempFolder folder;
  SkipgramOptions options;
  options.dim = 4;
  options.epochs = 1;
  options.bucket = 8;
  options.min_count = 1;
  train_skipgram({"the cat sat on a mat", "a cat"}, options, folder / "v.bin");
  std::ifstream in(folder / "v.bin", std::ios::binary);
  expect_harmless({std::istreambuf_iterator<char>(in), {}});
}

}  // namespace
}  // namespace tvr
