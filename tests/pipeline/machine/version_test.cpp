#include "pipeline/machine/version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tvr {
namespace {

using ::testing::MatchesRegex;
using ::testing::StartsWith;

TEST(ProgramVersion, IsThreeNumbersAndTheCommitWhereThereIsOne) {
  EXPECT_THAT(program_version(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(program_commit(), MatchesRegex("([0-9a-f]{7,})?"));
  EXPECT_THAT(program_version_text(), StartsWith(program_version()));
  EXPECT_EQ(program_version_text().size() > std::string(program_version()).size(),
            std::string(program_commit()).size() > 0);
}

}  // namespace
}  // namespace tvr
