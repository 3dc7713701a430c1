// Thousands of lines of the whole vocabularies, whose ids the originals gave.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "text/tokenizers/open_tokenizer.h"

namespace tvr {
namespace {

std::string joined(const std::vector<std::int32_t>& ids) {
  std::string text;
  for (const std::int32_t id : ids) text += (text.empty() ? "" : " ") + std::to_string(id);
  return text;
}

/// Of a file with "IDS TAB TEXT" a line.
void expect_golden(const SubwordTokenizer& tokenizer, const std::filesystem::path& file, int wanted_lines) {
  std::ifstream in(file);
  int lines = 0, differences = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    const std::size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos);
    const std::string ids = joined(tokenizer.encode(line.substr(tab + 1)));
    if (ids != line.substr(0, tab) && ++differences <= 5) {
      EXPECT_EQ(ids, line.substr(0, tab)) << line;
    }
  }
  EXPECT_EQ(differences, 0);
  EXPECT_EQ(lines, wanted_lines);
}

TEST(GoldenTokens, EveryLineOfClipIsAsByOpenAi) {
  TVR_NEEDS_SHARED("corpus/tokenizers");
  const auto folder = testing::shared_data("corpus/tokenizers");
  const auto tokenizer = open_tokenizer_file(folder / "bpe_simple_vocab_16e6.txt.gz");
  EXPECT_EQ(tokenizer->size(), 49408);
  expect_golden(*tokenizer, folder / "clip_ids.tsv", 3099);
}

TEST(GoldenTokens, EveryLineOfGemmaIsAsByHuggingFace) {
  TVR_NEEDS_SHARED("corpus/tokenizers");
  const auto folder = testing::shared_data("corpus/tokenizers");
  const testing::TempFolder unpacked;
  const auto file = unpacked / "tokenizer.json";
  const std::string command =
      "xz -dc '" + (folder / "gemma_tokenizer.json.xz").string() + "' > '" + file.string() + "'";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "needs the xz program";
  const auto tokenizer = open_tokenizer_file(file);
  EXPECT_EQ(tokenizer->size(), 256000);
  expect_golden(*tokenizer, folder / "gemma_ids.tsv", 1500);
}

}  // namespace
}  // namespace tvr
