#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/commands/learning_fixture.h"
#include "tests/support/expect_error.h"
#include "text/word_vectors.h"

namespace tvr {
namespace {

using testing::expect_error;
using ::testing::HasSubstr;
using testing::LearningFolder;

TEST(WordsCommand, ExportsTheVectorsOfARunInBothFormats) {
  const LearningFolder folder;
  (void)folder.train("run", {"--epochs", "1"});
  const std::vector<std::string> words = {"cat", "boat", "some"};
  const WordTable of_run = open_word_vectors(folder / "run/words.bin")->lookup(words);
  const auto exported = [&](const std::string& from, const std::vector<std::string>& flags) {
    std::vector<std::string> arguments = {"words", "export", (folder / from).string(),
                                          (folder / "out").string()};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    EXPECT_THAT(folder.run(arguments), HasSubstr("words of 100 numbers in"));
    return open_word_vectors(folder / "out")->lookup(words);
  };
  for (const char* from : {"run", "run/words.bin"}) {
    for (const std::vector<std::string>& flags : {std::vector<std::string>(), {"--text"}}) {
      const WordTable table = exported(from, flags);
      ASSERT_EQ(table.words, words);
      for (std::int64_t i = 0; i < 3; ++i) {
        EXPECT_EQ(std::vector<float>(table.vectors.row(i), table.vectors.row(i + 1)),
                  std::vector<float>(of_run.vectors.row(i), of_run.vectors.row(i + 1)));
      }
    }
  }
  const std::string text = read_text(folder / "out");
  EXPECT_EQ(text.find('\0'), std::string::npos) << "the last one was text";
}

TEST(WordsCommand, DoesNotReplaceTheFileThatItReads) {
  const LearningFolder folder;
  write_text(folder / "words.vec", "cat 1 2\n");
  const std::string file = (folder / "words.vec").string();
  expect_error(
      [&] {
        (void)folder.run({"words", "export", file, file});
      },
      Fault::InvalidArgument, "is the file that is exported");
  EXPECT_EQ(read_text(file), "cat 1 2\n");
}

}  // namespace
}  // namespace tvr
