#include "text/tokenizers/tokenizer_json.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/expect_error.h"
#include "tests/support/mutate.h"
#include "tests/text/tokenizers/vocabularies.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::clip_json;
using testing::expect_error;
using testing::gemma_json;
using Ids = std::vector<std::int32_t>;

PipelineTokenizer read(const json& root, bool lower_case = false) {
  return PipelineTokenizer(read_tokenizer_json(root.dump(), "tokenizer.json", {lower_case, ""}));
}

void expect_refused(const json& root, Fault fault, const std::string& phrase) {
  expect_error([&] { static_cast<void>(read(root)); }, fault, phrase);
}

TEST(TokenizerJson, GivesTheIdsOfClip) {
  const PipelineTokenizer tokenizer = read(clip_json());
  for (const auto& [text, ids] : testing::kClipGolden) {
    if (text.find('&') == std::string::npos) {
      EXPECT_EQ(tokenizer.encode(text), ids) << text;
    }
  }
  EXPECT_EQ(tokenizer.encode(""), (Ids{49406, 49407}));
  EXPECT_EQ(tokenizer.size(), 49408);
  EXPECT_EQ(tokenizer.special().start, 49406);
  EXPECT_EQ(tokenizer.special().end, 49407);
  EXPECT_EQ(tokenizer.special().pad, 49407);
}

TEST(TokenizerJson, GivesTheIdsOfGemma) {
  const PipelineTokenizer tokenizer = read(gemma_json());
  for (const auto& [text, ids] : testing::kGemmaGolden) EXPECT_EQ(tokenizer.encode(text), ids) << text;
  EXPECT_EQ(tokenizer.special().start, 2);
  EXPECT_FALSE(tokenizer.special().end);
  EXPECT_EQ(tokenizer.special().pad, 0);
}

/// As SigLIP 2's: the end of a text is marked, the text in lower case, and a Split that finds nothing.
TEST(TokenizerJson, GivesTheIdsOfSiglip2) {
  json root = gemma_json();
  root["post_processor"]["single"] = {{{"Sequence", {{"id", "A"}}}}, {{"SpecialToken", {{"id", "<eos>"}}}}};
  root["post_processor"]["special_tokens"] = {{"<eos>", {{"ids", {1}}}}};
  root["pre_tokenizer"] = {{"type", "Split"},
                           {"pattern", {{"String", " "}}},
                           {"behavior", "MergedWithPrevious"},
                           {"invert", false}};
  const PipelineTokenizer tokenizer = read(root, true);
  EXPECT_EQ(tokenizer.encode("A PHOTO of a Cat"), (Ids{235250, 2686, 576, 476, 4401, 1}));
  EXPECT_EQ(tokenizer.special().end, 1);
  EXPECT_EQ(read(root).encode("a photo"), (Ids{235250, 2686, 1}));
}

TEST(TokenizerJson, LowerCaseIsNotAddedToAFileThatHasIt) {
  const std::string text = "E\xcc\x81 \xc4\xb0";  // the order of NFC and Lowercase shows
  EXPECT_EQ(read(clip_json(), true).encode(text), read(clip_json()).encode(text));
}

TEST(TokenizerJson, ReadsBothWaysOfWritingMergesAndAnyOrderOfKeys) {
  json root = gemma_json();
  for (json& merge : root["model"]["merges"]) {
    const auto text = merge.get<std::string>();
    const std::size_t blank = text.find(' ');
    merge = {text.substr(0, blank), text.substr(blank + 1)};
  }
  const PipelineTokenizer pairs = read(root);  // json sorts keys: merges come before the vocabulary
  const std::string vocabulary_first =
      R"({"model":{"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"added_tokens":[]})";
  const PipelineTokenizer lines(read_tokenizer_json(vocabulary_first, "tokenizer.json", {}));
  EXPECT_EQ(pairs.encode("a photo of a cat"), (Ids{2, 235250, 2686, 576, 476, 4401}));
  EXPECT_EQ(lines.encode("abab"), (Ids{2, 2}));
}

TEST(TokenizerJson, FindsAddedTokensBeforeAllElseAndNormalizedOnesAfter) {
  json root = clip_json();
  root["added_tokens"][0]["normalized"] = true;
  const PipelineTokenizer tokenizer = read(root);
  EXPECT_EQ(tokenizer.encode("<|EndOfText|>").size(), read(clip_json()).encode("<|EndOfText|>").size());
  EXPECT_EQ(tokenizer.encode("<|STARTOFTEXT|><|endoftext|>"), (Ids{49406, 49406, 49407, 49407}));
  EXPECT_EQ(read(clip_json()).encode("a<|endoftext|>a"), (Ids{49406, 320, 49407, 320, 49407}));
  json stripping = gemma_json();
  stripping["added_tokens"][4]["lstrip"] = stripping["added_tokens"][4]["rstrip"] = true;
  EXPECT_EQ(read(stripping).encode("a  <h1> \ta").size(), 4u);
}

TEST(TokenizerJson, RefusesByNameWhatNoKnownFamilyHas) {
  json root = clip_json();
  root["model"]["type"] = "WordPiece";
  expect_refused(root, Fault::Unsupported, "of the type WordPiece");
  root = clip_json();
  root["model"]["dropout"] = 0.1;
  expect_refused(root, Fault::Unsupported, "BPE with dropout 0.1");
  root = clip_json();
  root["model"]["ignore_merges"] = true;
  expect_refused(root, Fault::Unsupported, "ignore_merges");
  root = clip_json();
  root["normalizer"] = {{"type", "BertNormalizer"}};
  expect_refused(root, Fault::Unsupported, R"(the normalizer {"type":"BertNormalizer"})");
  root = clip_json();
  root["normalizer"]["normalizers"][1]["pattern"]["Regex"] = "x*";
  expect_refused(root, Fault::Unsupported, R"("Regex":"x*")");
  root = clip_json();
  root["pre_tokenizer"] = {{"type", "Whitespace"}};
  expect_refused(root, Fault::Unsupported, R"(the pre-tokenizer {"type":"Whitespace"})");
  root = clip_json();
  root["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = true;
  expect_refused(root, Fault::Unsupported, "pre-tokenizer");
  root = clip_json();
  root["post_processor"] = {{"type", "Custom"}};
  expect_refused(root, Fault::Unsupported, "the post-processor");
  root = clip_json();
  root["added_tokens"][0]["single_word"] = true;
  expect_refused(root, Fault::Unsupported, "single_word");
}

TEST(TokenizerJson, RefusesWhatContradictsItself) {
  expect_error([] { static_cast<void>(read_tokenizer_json("{", "a.json", {})); }, Fault::Corrupt, "a.json");
  expect_error([] { static_cast<void>(read_tokenizer_json("{} {}", "a.json", {})); }, Fault::Corrupt,
               "more than one");
  expect_refused(json::object(), Fault::Corrupt, "no vocabulary");
  json root = clip_json();
  root["model"]["merges"].push_back("x y z");
  expect_refused(root, Fault::Corrupt, "'x y z' is not two tokens");
  root = clip_json();
  root["model"]["merges"].push_back("c nothing");
  expect_refused(root, Fault::Corrupt, "no token 'nothing'");
  root = clip_json();
  root["model"]["vocab"]["x"] = -1;
  expect_refused(root, Fault::Corrupt, "the id -1");
  root = clip_json();
  root["model"]["vocab"]["x"] = 1 << 24;
  expect_refused(root, Fault::Corrupt, "the id 16777216");
  root = clip_json();
  root["model"]["unk_token"] = "nothing";
  expect_refused(root, Fault::Corrupt, "no token 'nothing'");
  root = clip_json();
  root["added_tokens"][0]["content"] = "";
  expect_refused(root, Fault::Corrupt, "an added token is empty");
  root = clip_json();
  root["post_processor"]["cls"] = 3;
  expect_refused(root, Fault::Corrupt, "has no cls");
  expect_error(
      [] { static_cast<void>(read_tokenizer_json(R"({"model":{"vocab":{"a":0,"a":1}}})", "a.json", {})); },
      Fault::Corrupt, "the token 'a' has two ids");
}

/// Sixty-four of these would make 2^64 bytes of one.
TEST(TokenizerJson, RefusesWhatWouldTakeEndlessTimeOrMemory) {
  json root = gemma_json();
  const json doubling = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aa"}};
  root["normalizer"] = {{"type", "Sequence"}, {"normalizers", std::vector<json>(64, doubling)}};
  const PipelineTokenizer tokenizer = read(root);
  EXPECT_EQ(tokenizer.encode("c").size(), 2u);
  expect_error([&] { static_cast<void>(tokenizer.encode("a")); }, Fault::Limit, "more than 16 MiB");
  root["normalizer"]["normalizers"].push_back(doubling);
  expect_refused(root, Fault::Limit, "more than 64 normalizers");
  root = gemma_json();
  root["normalizer"]["content"] = std::string(257, 'x');
  expect_refused(root, Fault::Limit, "more than 256 bytes");
  root = gemma_json();
  root["added_tokens"][0]["content"] = std::string(257, 'x');
  expect_refused(root, Fault::Limit, "more than 256 bytes");
}

TEST(TokenizerJson, DamagedFilesAreRefusedOrRead) {
  std::mt19937 random(11);
  const std::string files[] = {clip_json().dump(), gemma_json().dump()};
  int whole = 0;
  for (int i = 0; i < 3000; ++i) {
    try {
      const PipelineTokenizer tokenizer(
          read_tokenizer_json(testing::mutate(files[i % 2], random), "tokenizer.json", {i % 3 == 0, ""}));
      for (const std::int32_t id : tokenizer.encode("a photo of <h1> \xf0\x9f\x8e\x89 's"))
        EXPECT_TRUE(id >= 0 && id < tokenizer.size());
      ++whole;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(whole, 0);
}

}  // namespace
}  // namespace tvr
