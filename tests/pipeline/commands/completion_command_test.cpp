#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pipeline/commands/all_commands.h"
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

/// CLI11 from 2.4 on takes "videos" for "--videos", and aborts when both are added.
TEST(Commands, HaveNoArgumentByTheNameOfAFlag) {
  CLI::App app;
  int exit_code = 0;
  add_all_commands(app, exit_code);
  std::vector<const CLI::App*> commands = {&app};
  for (std::size_t i = 0; i < commands.size(); ++i) {
    for (const CLI::App* below : commands[i]->get_subcommands([](const CLI::App*) { return true; }))
      commands.push_back(below);
    std::set<std::string> flags;
    for (const CLI::Option* option : commands[i]->get_options())
      flags.insert(option->get_lnames().begin(), option->get_lnames().end());
    for (const CLI::Option* option : commands[i]->get_options()) {
      if (!option->get_positional()) continue;
      EXPECT_EQ(flags.count(option->get_name(true)), 0U)
          << commands[i]->get_name() << ' ' << option->get_name(true);
    }
  }
  EXPECT_GT(commands.size(), 30U);
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
