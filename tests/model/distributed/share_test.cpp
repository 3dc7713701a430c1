#include "model/distributed/share.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "../pair_fixture.h"
#include "thread_group.h"

namespace tvr {
namespace {

using testing::random_matrix;
using testing::ThreadGroup;

TEST(Share, DividesInOrderAndEvenly) {
  for (const std::int64_t count : {0, 1, 2, 7, 32, 4096}) {
    for (const int size : {1, 2, 3, 5, 64}) {
      std::int64_t at = 0;
      for (int rank = 0; rank < size; ++rank) {
        const Share share = share_of(count, rank, size);
        EXPECT_EQ(share.first, at);
        EXPECT_GE(share.count(), count / size);
        EXPECT_LE(share.count(), (count + size - 1) / size);
        at = share.past;
      }
      EXPECT_EQ(at, count);
    }
  }
}

TEST(Share, OfRowsIsGatheredInOrderThoughARankHasNone) {
  const Matrix whole = random_matrix(6, 5, 1);  // two rows a unit
  ThreadGroup(4).run([&](Collective& group) {
    const Share mine = share_of(3, group);
    Matrix rows(2 * mine.count(), 5);
    std::copy(whole.row(2 * mine.first), whole.row(2 * mine.past), rows.data());
    const Matrix all = gather_rows(group, rows, 3, 2);
    ASSERT_EQ(all.rows(), 6);
    EXPECT_TRUE(std::equal(all.data(), all.data() + 30, whole.data()));
  });
}

}  // namespace
}  // namespace tvr
