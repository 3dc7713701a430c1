#include "model/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace tvr {
namespace {

/// Restores one thread a core.
struct ParallelFor : public ::testing::Test {
  ~ParallelFor() override { set_compute_threads(0); }
};

TEST_F(ParallelFor, CoversEachItemOnce) {
  for (const int threads : {1, 2, 5}) {
    set_compute_threads(threads);
    for (const std::int64_t count : {0, 1, 7, 64, 1001}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      parallel_for(count, 1 << 20, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
      });
      for (const std::atomic<int>& visit : visits) ASSERT_EQ(visit, 1) << threads << ' ' << count;
    }
  }
}

/// Two pieces that wait for each other can only both end when they run at once.
TEST_F(ParallelFor, RunsItsPiecesAtOnce) {
  set_compute_threads(2);
  std::atomic<std::int64_t> pieces{0};
  std::atomic<bool> met{false};
  parallel_for(2, 1 << 22, [&](std::int64_t, std::int64_t) {
    ++pieces;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!met && std::chrono::steady_clock::now() < limit) {
      if (pieces == 2) met = true;
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(met);
}

}  // namespace
}  // namespace tvr
