// The group over MPI: ctest starts this program by mpirun as three processes.
#include "model/distributed/mpi_group.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "model/distributed/agreement.h"
#include "model/distributed/launcher.h"
#include "model/distributed/share.h"

namespace tvr {
namespace {

constexpr std::int64_t kMostAtOnce = 64;  // bytes of a call: what is longer is sent in pieces
Collective* joined = nullptr;

std::vector<int> numbers(std::int64_t count) {
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 1);
  return values;
}

TEST(MpiGroup, IsOfTheProcessesThatWereStarted) {
  EXPECT_TRUE(is_started_in_group());
  EXPECT_EQ(joined->size(), 3);
  EXPECT_EQ(place_of(*joined).rfind("rank " + std::to_string(joined->rank()) + " of 3 on ", 0), 0U);
}

TEST(MpiGroup, GathersInOrderWhatRanksHaveInOneCallOrInSeveral) {
  for (const std::int64_t count : {1, 2, 7, 16, 17, 300}) {
    const std::vector<int> whole = numbers(count);
    const Share mine = share_of(count, *joined);
    const std::vector<std::int64_t> bytes = bytes_of_shares(count, sizeof(int), *joined);
    const std::vector<int> rows(whole.begin() + mine.first, whole.begin() + mine.past);
    std::vector<int> all(whole.size());
    joined->all_gather(rows.data(), all.data(), bytes);
    EXPECT_EQ(all, whole);
    std::vector<int> in_place(whole.size());
    std::copy(rows.begin(), rows.end(), in_place.begin() + mine.first);
    joined->all_gather(in_place.data() + mine.first, in_place.data(), bytes);
    EXPECT_EQ(in_place, whole);
  }
}

TEST(MpiGroup, BroadcastsWhatRankZeroHas) {
  for (const std::int64_t count : {0, 1, 16, 17, 300}) {
    const std::vector<int> whole = numbers(count);
    std::vector<int> values = joined->rank() == 0 ? whole : std::vector<int>(whole.size());
    joined->broadcast(values.data(), count * static_cast<std::int64_t>(sizeof(int)));
    EXPECT_EQ(values, whole);
  }
  EXPECT_TRUE(any_of(*joined, joined->rank() == 2));
  EXPECT_FALSE(any_of(*joined, false));
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const auto group = tvr::join_group(tvr::kMostAtOnce);
  tvr::joined = group.get();
  return RUN_ALL_TESTS();
}
