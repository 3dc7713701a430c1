#include "text/tokenizers/siglip_tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <sstream>

#include "tests/support/expect_error.h"
#include "tests/support/mutate.h"
#include "tests/support/python.h"
#include "tests/text/tokenizers/vocabularies.h"
#include "text/tokenizers/code_points.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::message_field;
using testing::number_field;
using testing::PieceBytes;
using testing::sentencepiece_bytes;
using testing::siglip_pieces;
using Ids = std::vector<std::int32_t>;

SiglipTokenizer tokenizer_of(const std::string& bytes) {
  return SiglipTokenizer(parse_sentencepiece_model(bytes, "spiece.model"), "spiece.model");
}

void expect_refused(const std::string& bytes, Fault fault, const std::string& phrase) {
  expect_error([&] { static_cast<void>(tokenizer_of(bytes)); }, fault, phrase);
}

TEST(SiglipTokenizer, TakesTheMostProbablePieces) {
  const SiglipTokenizer tokenizer = tokenizer_of(sentencepiece_bytes(siglip_pieces()));
  EXPECT_EQ(tokenizer.encode("a cat"), (Ids{5, 7, 1}));  // "_cat" -7, "_" "cat" -9
  EXPECT_EQ(tokenizer.encode("catcat"), (Ids{7, 6, 1}));
  EXPECT_EQ(tokenizer.encode("tat"), (Ids{3, 9, 10, 1}));
  EXPECT_EQ(tokenizer.size(), 14);
  EXPECT_EQ(tokenizer.special().end, 1);
  EXPECT_EQ(tokenizer.special().pad, 1);
  EXPECT_FALSE(tokenizer.special().start);
}

TEST(SiglipTokenizer, RemovesPunctuationAndCaseAndBlanks) {
  const SiglipTokenizer tokenizer = tokenizer_of(sentencepiece_bytes(siglip_pieces()));
  EXPECT_EQ(tokenizer.encode("A,\t(CAT)!\n"), (Ids{5, 7, 1}));
  EXPECT_EQ(tokenizer.encode("  a"), (Ids{3, 5, 1}));  // transformers sets its own blank before the text
  EXPECT_EQ(tokenizer.encode(""), (Ids{1}));
  EXPECT_EQ(tokenizer.encode(" \xe2\x96\x81 ?!"), (Ids{1}));
}

TEST(SiglipTokenizer, UnknownCharactersInARowAreOne) {
  const SiglipTokenizer tokenizer = tokenizer_of(sentencepiece_bytes(siglip_pieces()));
  EXPECT_EQ(tokenizer.encode("axya"), (Ids{5, 2, 4, 1}));
  EXPECT_EQ(tokenizer.encode("a\xff\xfe\xf0\x9f\x8e\x89"), (Ids{5, 2, 1}));
}

TEST(SiglipTokenizer, NamedTokensAreFoundAndAnEndIsNotRepeated) {
  const SiglipTokenizer tokenizer = tokenizer_of(sentencepiece_bytes(siglip_pieces()));
  EXPECT_EQ(tokenizer.encode("a <unk> a"), (Ids{5, 2, 4, 1}));
  EXPECT_EQ(tokenizer.encode("a </S>"), (Ids{5, 1}));
}

TEST(SiglipTokenizer, FitsSixtyFourTokensWithTheEndLast) {
  const SiglipTokenizer tokenizer = tokenizer_of(sentencepiece_bytes(siglip_pieces()));
  const Ids few = fit(tokenizer.encode("a cat"), 6, tokenizer.special());
  EXPECT_EQ(few, (Ids{5, 7, 1, 1, 1, 1}));
  EXPECT_EQ(fit(tokenizer.encode("a a a a a a"), 4, tokenizer.special()), (Ids{5, 5, 5, 1}));
  EXPECT_EQ(fit(Ids{5, 7, 1}, 3, tokenizer.special()), (Ids{5, 7, 1}));
  EXPECT_EQ(fit(Ids{5, 7}, 1, SpecialIds{}), (Ids{5}));
  expect_error([] { static_cast<void>(fit({}, 0, {})); }, Fault::InvalidArgument, "at least 1");
}

/// A map from "A" to "cat", from "B" to nothing: a double array as darts-clone lays it out, by hand.
TEST(SiglipTokenizer, CharactersAreMappedAsTheModelSays) {
  constexpr std::uint32_t kLeaf = 1U << 8U, kValue = 1U << 31U;
  std::vector<std::uint32_t> units(512, 0);
  units[0] = 256U << 10U;  // children of the root are at 256 ^ label
  units[256 ^ '1'] = '1' | kLeaf | ((256U ^ '1' ^ 300U) << 10U);
  units[300] = kValue | 0;
  units[256 ^ '2'] = '2' | kLeaf | ((256U ^ '2' ^ 301U) << 10U);
  units[301] = kValue | 4;
  std::string map = testing::varint(0);
  map.assign(4, '\0');
  const auto bytes = static_cast<std::uint32_t>(units.size() * sizeof units[0]);
  std::memcpy(map.data(), &bytes, sizeof bytes);
  map.append(reinterpret_cast<const char*>(units.data()), bytes);
  map += std::string("cat\0\0", 5);
  const SiglipTokenizer tokenizer =
      tokenizer_of(sentencepiece_bytes(siglip_pieces(), {}, message_field(2, map)));
  EXPECT_EQ(tokenizer.encode("1"), (Ids{7, 1}));
  EXPECT_EQ(tokenizer.encode("a2 12"), (Ids{5, 7, 1}));
  expect_refused(sentencepiece_bytes(siglip_pieces(), {}, message_field(2, map.substr(0, 100))),
                 Fault::Corrupt, "its character map is cut");
}

TEST(SentencePieceModel, RefusesOtherModels) {
  expect_refused(sentencepiece_bytes(siglip_pieces(), number_field(3, 2)), Fault::Unsupported, "not unigram");
  expect_refused(sentencepiece_bytes(siglip_pieces(), number_field(35, 1)), Fault::Unsupported, "to bytes");
  expect_refused(sentencepiece_bytes(siglip_pieces(), number_field(24, 1)), Fault::Unsupported,
                 "behind words");
  expect_refused("", Fault::Corrupt, "no pieces");
  expect_refused("\x0f", Fault::Corrupt, "unknown kind");
  expect_refused(
      "\x0a\x7f"
      "abc",
      Fault::Corrupt, "ends in a field");
  auto pieces = siglip_pieces();
  pieces.push_back({"cat", -1});
  expect_refused(sentencepiece_bytes(pieces), Fault::Corrupt, "the piece 'cat' comes twice");
  pieces.back() = {"x", std::numeric_limits<float>::quiet_NaN()};
  expect_refused(sentencepiece_bytes(pieces), Fault::Corrupt, "not finite");
  pieces.back() = {std::string(257, 'x'), -1};
  expect_refused(sentencepiece_bytes(pieces), Fault::Corrupt, "more than 256 bytes");
  pieces.back() = {"x", -1, 7};
  expect_refused(sentencepiece_bytes(pieces), Fault::Corrupt, "unknown kind");
  pieces.back() = {"x", -1, 2};
  expect_refused(sentencepiece_bytes(pieces), Fault::Corrupt, "two pieces stand for the unknown");
  expect_refused(sentencepiece_bytes({{"<unk>", 0, 2}, {"a", -1}}), Fault::Corrupt, "no piece '</s>'");
  expect_refused(sentencepiece_bytes({{"</s>", 0, 3}, {"<unk>", -1}}), Fault::Corrupt, "for the unknown");
}

TEST(SentencePieceModel, DamagedOnesAreRefusedOrRead) {
  std::mt19937 random(2);
  const std::string model = sentencepiece_bytes(siglip_pieces(), number_field(3, 1), number_field(4, 1));
  for (int i = 0; i < 5000; ++i) {
    try {
      const SiglipTokenizer tokenizer = tokenizer_of(testing::mutate(model, random));
      for (const std::int32_t id : tokenizer.encode("a cat \xe2\x96\x81 \xff sat"))
        EXPECT_TRUE(id >= 0 && id < tokenizer.size());
    } catch (const Error&) {
    }
  }
}

/// Trains a small model with SentencePiece and encodes lines by it, as SiglipTokenizer of transformers does:
/// argv: folder, the trainer's further options. Reads lines.txt, writes spiece.model and ids.txt.
constexpr const char* kOracle = R"py(
import os, re, string, sys, sentencepiece as spm
os.chdir(sys.argv[1])  # the trainer takes no paths with blanks
lines = open("lines.txt", encoding="utf-8", newline="\n").read().split("\n")[:-1]
spm.SentencePieceTrainer.Train("--input=lines.txt --model_prefix=m --vocab_size=300 --model_type=unigram "
    "--pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1 --hard_vocab_limit=false --minloglevel=2 %s" % sys.argv[2])
model = open("m.model", "rb").read()
open("spiece.model", "wb").write(model)
p = spm.SentencePieceProcessor()
p.LoadFromSerializedProto(model + bytes([0x1a, 2, 0x18, 0]))  # NormalizerSpec.add_dummy_prefix = false
def words(text):
    text = text.translate(str.maketrans("", "", string.punctuation))
    text = re.sub(r"\s+", " ", text).strip()
    marker = len(p.encode("<unk>"))
    pieces = p.encode("<unk>" + text, out_type=str)
    return pieces[marker:] if len(pieces) >= marker else pieces
with open("ids.txt", "w") as out:
    for line in lines:
        text = "\u2581" + line.replace("\u2581", " ")
        text = re.sub(r"(</s>|<unk>)|(.+?)", lambda m: m.group(1) or m.group(2).lower(), text)
        ids = []
        for part in re.split(r"(</s>|<unk>)", text):
            if part in ("</s>", "<unk>"): ids.append(p.piece_to_id(part))
            elif part: ids += [p.piece_to_id(piece) for piece in words(part)]
        if not ids or ids[-1] != 1: ids.append(1)
        print(*ids, file=out)
)py";

std::vector<std::string> odd_lines() {
  const std::vector<std::string> parts = {"a",
                                          "cat",
                                          "The ",
                                          " dog",
                                          "running",
                                          "  ",
                                          "\t",
                                          "'s",
                                          "\xc3\xa9",
                                          "e\xcc\x81",
                                          "\xe2\x84\xab",
                                          "\xef\xac\x81",
                                          "\xef\xbc\xa1",
                                          "\xe2\x91\xa0",
                                          "\xe3\x8c\x94",
                                          "\xf0\x9f\x8e\x89",
                                          "\xe2\x80\x8b",
                                          "\xe2\x96\x81",
                                          "</s>",
                                          "<unk>",
                                          "</S>",
                                          "-",
                                          "_",
                                          "!?",
                                          "\xc4\xb0",
                                          "\xce\xa3",
                                          "\x1c",
                                          "\xe3\x80\x80",
                                          "photo of ",
                                          "12"};
  std::mt19937 random(4);
  std::vector<std::string> lines;
  for (int i = 0; i < 3000; ++i) {
    std::string line = "a ";
    for (unsigned left = random() % 10; left > 0; --left) line += parts[random() % parts.size()];
    lines.push_back(i % 2 == 0 ? line : line.substr(2));
  }
  return lines;
}

void expect_equal_to_the_library(const std::string& options) {
  const testing::TempFolder folder;
  const std::vector<std::string> lines = odd_lines();
  std::ofstream out(folder / "lines.txt", std::ios::binary);
  for (const std::string& line : lines) out << line << '\n';
  out.close();
  int status = 0;
  const std::string said =
      testing::run_python(kOracle, "'" + folder.path().string() + "' '" + options + "'", status);
  ASSERT_EQ(status, 0) << said;
  std::ifstream model(folder / "spiece.model", std::ios::binary);
  const SiglipTokenizer tokenizer = tokenizer_of({std::istreambuf_iterator<char>(model), {}});
  std::ifstream wanted(folder / "ids.txt");
  int differences = 0;
  for (const std::string& line : lines) {
    std::string row, ours;
    ASSERT_TRUE(std::getline(wanted, row));
    for (const std::int32_t id : tokenizer.encode(line))
      ours += (ours.empty() ? "" : " ") + std::to_string(id);
    if (ours != row && ++differences <= 5) {
      EXPECT_EQ(ours, row) << line;
    }
  }
}

TEST(SiglipTokenizerParity, ModelsOfSentencePieceGiveTheIdsOfItsLibrary) {
  TVR_NEEDS_PYTHON("sentencepiece");
  expect_equal_to_the_library("");
  expect_equal_to_the_library("--normalization_rule_name=nmt_nfkc_cf");
  expect_equal_to_the_library("--normalization_rule_name=identity --remove_extra_whitespaces=false");
  expect_equal_to_the_library("--user_defined_symbols=running,photo");
}

}  // namespace
}  // namespace tvr
