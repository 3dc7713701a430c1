// Files of vectors that are larger than what may be in memory.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/support/temp_folder.h"
#include "text/word_vectors.h"

namespace tvr {
namespace {

using testing::TempFolder;

/// A line of /proc/self/status in KiB: "VmRSS", "VmHWM" (the highest VmRSS so far).
long status_kib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(key + ":", 0) == 0) return std::stol(line.substr(key.size() + 1));
  return 0;
}

/// Forgets the highest VmRSS; false where the system does not let us.
bool reset_peak() {
  std::ofstream clear("/proc/self/clear_refs");
  return static_cast<bool>(clear << "5" << std::flush);
}

TEST(LargeVectors, AreReadWithLittleMemoryWhateverTheSizeOfTheFile) {
  constexpr int kDim = 300, kWords = 250'000;  // 300 MB
  const TempFolder folder;
  {
    std::ofstream out(folder / "v.bin", std::ios::binary);
    out << kWords << ' ' << kDim << '\n';
    std::string numbers(kDim * sizeof(float), '\0');
    for (int i = 0; i < kWords; ++i) out << 'w' << i << ' ' << numbers;
    ASSERT_TRUE(out.flush());
  }
  if (!reset_peak()) GTEST_SKIP() << "needs /proc/self/clear_refs to measure memory";
  const long before = status_kib("VmRSS");
  const auto vectors = open_word_vectors(folder / "v.bin");
  EXPECT_LT(status_kib("VmHWM") - before, 8 * 1024) << "opening reads the file";
  const WordTable table = vectors->lookup({"w0", "w249999", "nowhere"});
  EXPECT_EQ(table.words.size(), 2u);
  const long grown = status_kib("VmHWM") - before;
  EXPECT_LT(grown, 100 * 1024);
  std::cout << "peak memory grew by " << grown / 1024 << " MiB over a file of 300 MB\n";
}

TEST(LargeVectors, OpenAtOnce) {
  const TempFolder folder;
  std::ofstream(folder / "v.bin", std::ios::binary) << "3000000 300\nthe " << std::string(64, '\0');
  std::filesystem::resize_file(folder / "v.bin", std::uintmax_t{3'640'000'000});  // a hole: costs no disk
  const auto start = std::chrono::steady_clock::now();
  const auto vectors = open_word_vectors(folder / "v.bin");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_EQ(vectors->size(), 3'000'000);
}

}  // namespace
}  // namespace tvr
