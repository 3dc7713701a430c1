// `pipeline tokens` by way of the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/support/program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"
#include "tests/text/tokenizers/vocabularies.h"

namespace tvr {
namespace {

using ::testing::HasSubstr;
using testing::Program;
using testing::ProgramResult;

class TokensCommand : public ::testing::Test {
 protected:
  /// With these bytes as standard input.
  [[nodiscard]] ProgramResult run(const std::string& input, const std::string& arguments) const {
    testing::write_file(folder_ / "lines", input);
    const std::string command = std::string("exec '") + TVR_PIPELINE + "' tokens " + arguments + " < lines";
    return Program(folder_.path(), "/bin/sh", {"-c", command}).wait();
  }
  testing::TempFolder folder_;
};

TEST_F(TokensCommand, PrintsTheIdsOfEachLine) {
  testing::write_file(folder_ / "encoder" / "tokenizer.json", testing::clip_json().dump());
  const std::string lines = "a photo of a cat\n\na photo of a dog";
  const std::string ids =
      "49406 320 1125 539 320 2368 49407\n49406 49407\n49406 320 1125 539 320 1929 49407\n";
  const ProgramResult by_folder = run(lines, "--encoder encoder");
  EXPECT_EQ(by_folder.exit_code, 0) << by_folder.err;
  EXPECT_EQ(by_folder.out, ids);
  EXPECT_EQ(run(lines, "--vocabulary encoder/tokenizer.json").out, ids);
  EXPECT_EQ(run("cat", "--encoder encoder --json").out, "[49406,2368,49407]\n");
}

TEST_F(TokensCommand, WantsOneTokenizerThatIsThere) {
  EXPECT_EQ(run("", "").exit_code, 64);
  EXPECT_EQ(run("", "--encoder a --vocabulary b").exit_code, 64);
  const ProgramResult missing = run("", "--encoder nothing");
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("nothing: is not a folder"));
}

TEST_F(TokensCommand, RefusesALineOfMoreThanAMebibyte) {
  testing::write_file(folder_ / "encoder" / "tokenizer.json", testing::clip_json().dump());
  const ProgramResult result = run(std::string((1 << 20) + 1, 'a'), "--encoder encoder");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("a line of more than 1 MiB"));
}

}  // namespace
}  // namespace tvr
