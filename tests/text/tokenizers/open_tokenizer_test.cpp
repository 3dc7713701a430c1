#include "text/tokenizers/open_tokenizer.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <thread>

#include "data/text_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"
#include "tests/text/tokenizers/vocabularies.h"
#include "text/tokenizers/clip_pieces.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;
using testing::write_file;
using Ids = std::vector<std::int32_t>;

void write_gzip(const std::filesystem::path& path, const std::string& text) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
}

/// In the form of vocab.json and merges.txt.
void write_clip(const std::filesystem::path& folder) {
  write_file(folder / "vocab.json", testing::kClipVocabulary);
  std::string merges = "#version: 0.2\n";
  for (const json& merge : json::parse(testing::kClipMerges)) merges += merge.get<std::string>() + "\n";
  write_file(folder / "merges.txt", merges);
}

class OpenTokenizer : public ::testing::Test {
 protected:
  [[nodiscard]] Ids encode(const std::string& text) const {
    return open_tokenizer(folder_.path())->encode(text);
  }
  void expect_refused(Fault fault, const std::string& phrase) const {
    expect_error([&] { static_cast<void>(open_tokenizer(folder_.path())); }, fault, phrase);
  }
  testing::TempFolder folder_;
};

TEST_F(OpenTokenizer, SaysWhatItLookedFor) {
  expect_refused(Fault::NotFound,
                 "neither spiece.model nor tokenizer.json nor vocab.json with merges.txt nor");
  write_file(folder_ / "vocab.json", "{}");
  expect_refused(Fault::NotFound, "holds no tokenizer");
  expect_error([&] { static_cast<void>(open_tokenizer(folder_ / "nothing")); }, Fault::NotFound,
               "not a folder");
  expect_error([&] { static_cast<void>(open_tokenizer_file(folder_ / "nothing")); }, Fault::NotFound,
               "nothing");
}

TEST_F(OpenTokenizer, RefusesMergesThatWereCut) {
  write_clip(folder_.path());
  std::string merges = read_text_file(folder_ / "merges.txt");
  merges.resize(merges.rfind('\n', merges.size() - 2) + 1);  // without the last
  write_file(folder_ / "merges.txt", merges);
  expect_refused(Fault::Corrupt, "no merge makes the vocabulary's token");
  write_file(folder_ / "merges.txt", "");
  expect_refused(Fault::Corrupt, "no merge makes the vocabulary's token");
}

TEST_F(OpenTokenizer, RefusesAPageInPlaceOfAGzipFile) {
  for (const char* const text : {"<html>404 Not Found</html>", ""}) {
    write_file(folder_ / "bpe_simple_vocab_16e6.txt.gz", text);
    expect_refused(Fault::Corrupt, "no gzip file");
  }
}

TEST_F(OpenTokenizer, ReadsAVocabularyAndMergesAsHuggingFace) {
  write_clip(folder_.path());
  for (const auto& [text, ids] : testing::kClipGolden) {
    if (text.find('&') == std::string::npos) {
      EXPECT_EQ(encode(text), ids) << text;
    }
  }
  EXPECT_EQ(encode("cafe\xcc\x81"), encode("caf\xc3\xa9"));  // composed
  EXPECT_EQ(open_tokenizer(folder_.path())->special().pad, 49407);
}

TEST_F(OpenTokenizer, ReadsTheMergesOfOpenAi) {
  const std::string merges = "\"bpe_simple_vocab_16e6.txt#version: 0.2\nc a\nca t</w>\n";
  write_gzip(folder_ / "bpe_simple_vocab_16e6.txt.gz", merges);
  const std::vector<std::string> bytes = all_byte_characters();
  const auto place = [&](const char* c) {
    return static_cast<std::int32_t>(std::find(bytes.begin(), bytes.end(), c) - bytes.begin());
  };
  EXPECT_EQ(encode("Cat &amp;lt;"), (Ids{514, 513, 256 + place("<"), 515}));
  EXPECT_EQ(encode("cab<|EndOfText|>"), (Ids{514, 512, 256 + place("b"), 515, 515}));
  EXPECT_EQ(encode("<|\xc5\xbftartoftext|>").size(), 2 + std::string("<|\xc5\xbftartoftext|>").size());
  write_file(folder_ / "merges.bpe", merges);
  const auto unpacked = open_tokenizer_file(folder_ / "merges.bpe");
  EXPECT_EQ(unpacked->encode("cat"), (Ids{514, 513, 515}));
  EXPECT_EQ(unpacked->size(), 516);
  EXPECT_EQ(unpacked->special().pad, 0);
}

TEST_F(OpenTokenizer, RefusesDamagedMerges) {
  write_file(folder_ / "bpe_simple_vocab_16e6.txt.gz", "\x1f\x8b\x08 damaged");
  expect_refused(Fault::Corrupt, "gzip");
  write_gzip(folder_ / "bpe_simple_vocab_16e6.txt.gz", "#version\nc a\nc a\n");
  expect_refused(Fault::Corrupt, "two merges make the token 'ca'");
  write_gzip(folder_ / "bpe_simple_vocab_16e6.txt.gz", "#version\nca t\n");
  expect_refused(Fault::Corrupt, "no token 'ca'");
}

TEST_F(OpenTokenizer, TakesThePadTokenAndTheCaseFromTheConfig) {
  write_file(folder_ / "tokenizer.json", testing::gemma_json().dump());
  EXPECT_EQ(encode("A cat"), (Ids{2, 235280, 4401}));
  for (const char* const config : {R"({"do_lower_case": true, "pad_token": {"content": "<eos>"}})",
                                   R"({"tokenizer_class": "Siglip2Tokenizer", "pad_token": "<eos>"})"}) {
    write_file(folder_ / "tokenizer_config.json", config);
    EXPECT_EQ(encode("A cat"), (Ids{2, 235250, 4401}));
    EXPECT_EQ(open_tokenizer(folder_.path())->special().pad, 1);
  }
  write_file(folder_ / "tokenizer_config.json", R"({"pad_token": "."})");
  EXPECT_EQ(open_tokenizer(folder_.path())->special().pad, 235265);  // none of the added tokens
  write_file(folder_ / "tokenizer_config.json", R"({"pad_token": "[PAD]"})");
  expect_refused(Fault::Corrupt, "no token '[PAD]'");
  write_file(folder_ / "tokenizer_config.json", "[]");
  expect_refused(Fault::Corrupt, "is not a JSON object");
}

TEST_F(OpenTokenizer, CleansAsOpenClipWhereTheFolderIsItsAlone) {
  write_file(folder_ / "tokenizer.json", testing::gemma_json().dump());
  const auto configure = [&](const std::string& text_config) {
    write_file(folder_ / "open_clip_config.json", R"({"model_cfg": {"text_cfg": )" + text_config + "}}");
  };
  configure(R"({"hf_tokenizer_name": "", "tokenizer_kwargs": {"clean": "canonicalize"}})");
  EXPECT_EQ(encode(" A  photo, of a_CAT! "), (Ids{2, 235250, 2686, 576, 476, 4401}));
  configure(R"({"hf_tokenizer_name": ""})");
  EXPECT_EQ(encode(" a &#112;hoto"), (Ids{2, 235250, 2686}));
  configure(R"({"hf_tokenizer_name": "", "tokenizer_kwargs": {"clean": "wash"}})");
  expect_refused(Fault::Unsupported, "cleaned by 'wash'");
  write_file(folder_ / "config.json", "{}");
  EXPECT_EQ(encode("a photo"), (Ids{2, 235250, 2686}));

  const testing::TempFolder clip;
  write_file(clip / "tokenizer.json", testing::clip_json().dump());
  write_file(clip / "open_clip_config.json", R"({"model_cfg": {"text_cfg": {"context_length": 77}}})");
  const auto tokenizer = open_tokenizer(clip.path());
  for (const auto& [text, ids] : testing::kClipGolden) EXPECT_EQ(tokenizer->encode(text), ids) << text;
  EXPECT_EQ(tokenizer->special().pad, 0);
}

TEST_F(OpenTokenizer, SentencePieceComesBeforeTokenizerJson) {
  write_file(folder_ / "spiece.model", testing::sentencepiece_bytes(testing::siglip_pieces()));
  write_file(folder_ / "tokenizer.json", "damaged");
  EXPECT_EQ(encode("A cat."), (Ids{5, 7, 1}));
  EXPECT_EQ(open_tokenizer_file(folder_ / "spiece.model")->encode("A cat."), (Ids{5, 7, 1}));
}

TEST_F(OpenTokenizer, AnyBytesAreEncodedTheSameByAnyNumberOfThreads) {
  write_file(folder_ / "tokenizer.json", testing::gemma_json().dump());
  const auto tokenizer = open_tokenizer(folder_.path());
  std::mt19937 random(8);
  std::vector<std::string> texts(500);
  for (std::string& text : texts)
    for (unsigned left = random() % 60; left > 0; --left) text += static_cast<char>(random());
  std::vector<Ids> alone, beside(texts.size());
  for (const std::string& text : texts) alone.push_back(tokenizer->encode(text));
  std::vector<std::thread> threads;
  for (std::size_t first = 0; first < 3; ++first)
    threads.emplace_back([&, first] {
      for (std::size_t i = first; i < texts.size(); i += 3) beside[i] = tokenizer->encode(texts[i]);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(beside, alone);
  for (const Ids& ids : alone)
    for (const std::int32_t id : ids) EXPECT_TRUE(id >= 0 && id < tokenizer->size());
}

TEST_F(OpenTokenizer, TextOfMoreThanAMebibyteIsRefused) {
  write_file(folder_ / "tokenizer.json", testing::gemma_json().dump());
  const auto tokenizer = open_tokenizer(folder_.path());
  EXPECT_GT(tokenizer->encode(std::string(kMostEncodedBytes, 'a')).size(), 1000u);
  expect_error([&] { static_cast<void>(tokenizer->encode(std::string(kMostEncodedBytes + 1, 'a'))); },
               Fault::Limit, "at most 1 MiB");
}

}  // namespace
}  // namespace tvr
