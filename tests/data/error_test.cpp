#include "data/error.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

TEST(Error, SaysWhereWhatWasSeenAndWhatToDo) {
  const Error error(Fault::Mismatch, "features.db", "the row has 2048 columns, the model expects 4096",
                    "Extract the 3d lane too");
  EXPECT_STREQ(error.what(), "features.db: the row has 2048 columns, the model expects 4096. Extract the 3d lane too");
  EXPECT_EQ(error.fault(), Fault::Mismatch);
}

TEST(Error, NeedsNoAdvice) {
  EXPECT_STREQ(Error(Fault::NotFound, "a.mp4", "no such file").what(), "a.mp4: no such file");
}

}  // namespace
}  // namespace tvr
