#include "model/distributed/agreement.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../../support/expect_error.h"
#include "thread_group.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::ThreadGroup;

TEST(Agreement, AnyOfAsksAll) {
  EXPECT_TRUE(any_of(alone(), true));
  EXPECT_FALSE(any_of(alone(), false));
  for (const int who : {-1, 0, 2}) {
    std::vector<int> said(3, -1);
    ThreadGroup(3).run([&](Collective& group) {
      said[static_cast<std::size_t>(group.rank())] = any_of(group, group.rank() == who) ? 1 : 0;
    });
    EXPECT_EQ(said, std::vector<int>(3, who < 0 ? 0 : 1));
  }
}

TEST(Agreement, OfTheFirstIsWhatRankZeroSays) {
  for (const bool says : {true, false}) {
    std::vector<int> said(3, -1);
    ThreadGroup(3).run([&](Collective& group) {
      said[static_cast<std::size_t>(group.rank())] = first_says(group, (group.rank() == 0) == says) ? 1 : 0;
    });
    EXPECT_EQ(said, std::vector<int>(3, says ? 1 : 0));
  }
}

TEST(Agreement, ThatIsRequiredSaysWhichRankHasWhich) {
  require_equal(alone(), "kernels", "avx2", "");
  ThreadGroup(4).run([](Collective& group) { require_equal(group, "kernels", "avx2", ""); });
  expect_error(
      [] {
        ThreadGroup(4).run([](Collective& group) {
          require_equal(group, "kernels", group.rank() == 2 ? "avx2" : "avx512", "Use equal processors");
        });
      },
      Fault::Mismatch, "avx2 on rank 2; avx512 on rank 0, 1, 3");
}

}  // namespace
}  // namespace tvr
