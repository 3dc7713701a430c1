#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>

#include "pipeline/commands/command.h"
#include "pipeline/commands/store/store_command.h"
#include "tests/support/run_command.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::HasSubstr;

std::string completion(const std::string& shell) {
  return testing::run_command({add_index_command, add_store_command, add_completion_command},
                              {"completion", shell});
}

/// What bash offers for the last of these words.
class Completion : public ::testing::Test {
 protected:
  Completion() { testing::write_file(folder_ / "script", completion("bash")); }

  [[nodiscard]] std::string offered(const std::string& words) const {
    const std::string command =
        "bash -c 'source \"$0\"; COMP_WORDS=(" + words +
        "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _pipeline; echo \"${COMPREPLY[*]}\"' '" +
        (folder_ / "script").string() + "'";
    const std::unique_ptr<FILE, int (*)(FILE*)> output(popen(command.c_str(), "r"), pclose);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), output.get()));
    return text;
  }

  testing::TempFolder folder_;
};

TEST_F(Completion, OffersCommandsTheirFlagsAndTheWordsThatAFlagTakes) {
  EXPECT_EQ(offered("pipeline in"), "index\n");
  EXPECT_EQ(offered("pipeline store l"), "ls\n");
  EXPECT_EQ(offered("pipeline index --prec"), "--precision\n");
  EXPECT_EQ(offered("pipeline index --jobs 2 clips --precision f"), "fp32 fp16\n");
  EXPECT_EQ(offered("pipeline completion \"\""), "\n") << "then files";
}

TEST_F(Completion, IsWrittenForThreeShells) {
  EXPECT_THAT(completion("zsh"), HasSubstr("#compdef pipeline"));
  EXPECT_THAT(completion("zsh"), HasSubstr("'--encoder:"));
  EXPECT_THAT(completion("fish"),
              HasSubstr("complete -c pipeline -n '__pipeline_at '\\''index'\\''' -l encoder -d "));
  EXPECT_ANY_THROW((void)completion("tcsh"));
}

}  // namespace
}  // namespace tvr
