// The tokenizer against the thing itself: re.findall of the installed Python.
#include <gtest/gtest.h>
#include <utf8proc.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "data/datasets/msrvtt_json.h"
#include "tests/support/python.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "text/tokenizer.h"

namespace tvr {
namespace {

using testing::TempFolder;

/// Reads sentences that end with a NUL byte from the first file and writes to the second the words of each,
/// every word and then the sentence followed by a NUL.
constexpr const char* kWordsOracle = R"py(
import re, sys
text = open(sys.argv[1], "rb").read().decode("utf-8", errors="surrogateescape")
with open(sys.argv[2], "wb") as out:
    for sentence in text.split("\0")[:-1]:
        for word in re.findall(r"[\w']+", sentence):
            out.write(word.encode() + b"\0")
        out.write(b"\0")
)py";

/// Writes '1' or '0' for each code point: whether Python's version of Unicode lacks it.
constexpr const char* kUnassignedOracle = R"py(
import sys, unicodedata
open(sys.argv[1], "w").write("".join("01"[unicodedata.category(chr(c)) == "Cn"] for c in range(0x110000)))
)py";

std::string quoted(const std::filesystem::path& path) { return "'" + path.string() + "'"; }

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What the oracle writes for one sentence when its words are `words`.
std::string as_oracle_writes(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += word + '\0';
  return line + '\0';
}

/// The words that Python finds in each sentence, as the oracle writes them.
std::vector<std::string> python_words(const std::vector<std::string>& sentences) {
  const TempFolder folder;
  std::ofstream in(folder / "in", std::ios::binary);
  for (const std::string& sentence : sentences) in << sentence << '\0';
  in.close();
  int status = 0;
  const std::string said =
      testing::run_python(kWordsOracle, quoted(folder / "in") + " " + quoted(folder / "out"), status);
  EXPECT_EQ(status, 0) << said;
  std::vector<std::string> lines(1);
  bool in_word = false;
  for (const char c : bytes_of(folder / "out")) {
    lines.back() += c;
    if (c == '\0' && !in_word) lines.emplace_back();
    in_word = c != '\0';
  }
  lines.pop_back();
  EXPECT_EQ(lines.size(), sentences.size());
  return lines;
}

void expect_equal_words(const std::vector<std::string>& sentences) {
  const std::vector<std::string> wanted = python_words(sentences);
  ASSERT_EQ(wanted.size(), sentences.size());
  int differences = 0;
  for (std::size_t i = 0; i < sentences.size() && differences < 5; ++i) {
    const std::string got = as_oracle_writes(tokenize(sentences[i]));
    EXPECT_EQ(got, wanted[i]) << "sentence " << i << ": " << sentences[i];
    differences += got != wanted[i];
  }
}

std::string utf8(char32_t code_point) {
  std::string text(4, '\0');
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point),
                                           reinterpret_cast<utf8proc_uint8_t*>(text.data()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

TEST(TokenizerParity, AgreesOnEveryCodePointThatBothUnicodeVersionsKnow) {
  TVR_NEEDS_PYTHON("unicodedata");
  std::vector<std::string> sentences;
  std::vector<char32_t> code_points;
  for (char32_t c = 1; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;  // surrogates are no characters
    code_points.push_back(c);
    sentences.push_back("a" + utf8(c) + "b");
  }
  const std::vector<std::string> wanted = python_words(sentences);
  ASSERT_EQ(wanted.size(), sentences.size());
  const TempFolder folder;
  int status = 0;
  const std::string said = testing::run_python(kUnassignedOracle, quoted(folder / "unassigned"), status);
  ASSERT_EQ(status, 0) << said;
  const std::string unassigned = bytes_of(folder / "unassigned");
  ASSERT_EQ(unassigned.size(), 0x110000u);

  int newer = 0;  // code points that only one of the two versions of Unicode has
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    if (as_oracle_writes(tokenize(sentences[i])) == wanted[i]) continue;
    const char32_t c = code_points[i];
    const bool known_to_both =
        unassigned[c] == '0' && utf8proc_category(static_cast<utf8proc_int32_t>(c)) != UTF8PROC_CATEGORY_CN;
    EXPECT_FALSE(known_to_both) << "U+" << std::hex << static_cast<std::uint32_t>(c);
    ++newer;
  }
  std::cout << newer << " code points differ, all new in one of the two versions of Unicode\n";
  EXPECT_LT(newer, 15'000);
}

TEST(TokenizerParity, AgreesOnATortureList) {
  TVR_NEEDS_PYTHON("re");
  expect_equal_words({
      "",
      " ",
      "'",
      "''",
      "_",
      "___'",
      "a",
      "don't  stop",
      "rock'n'roll 'til",
      "\"quoted\" (text) [x] {y} <z>",
      "tab\tnewline\nreturn\rform\fvertical\vend",
      "1,000.50$ 5%",
      "a-b_c+d",
      "e\xcc\x81 \xc3\xa9 n\xcc\x83",
      "\xef\xbb\xbf"
      "byte order mark",
      "zero\xe2\x80\x8bwidth\xe2\x80\x8djoiner",
      "soft\xc2\xadhyphen",
      "non\xc2\xa0"
      "breaking",
      "\xe2\x80\x98"
      "curly\xe2\x80\x99s",
      "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95\x8c\xe3\x80\x82",
      "\xd8\xa7\xd9\x84\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a\xd8\xa9",
      "\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80",
      "\xf0\x9f\x98\x80\xf0\x9f\x8f\xbd \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa",
      "x\xc2\xb2 \xe2\x85\xa7 \xc2\xbd \xe2\x91\xa0",
      "\xf0\x9d\x95\x8f \xf0\xa0\x80\x80",
      "\xff\xfe bad \xc3 bytes \xe2\x82",
      "\xed\xa0\xbd\xed\xb8\x80",
      "\xc0\xafover\xf8long",
      std::string(5000, 'x'),
      std::string(5000, '\''),
  });
}

TEST(TokenizerParity, AgreesOnRandomBytes) {
  TVR_NEEDS_PYTHON("re");
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {"a",
                                           "B",
                                           "'",
                                           "_",
                                           " ",
                                           "-",
                                           "9",
                                           "\xc3\xa9",
                                           "\xcc\x81",
                                           "\xe4\xba\xba",
                                           "\xf0\x9f\x98\x80",
                                           "\xc2\xb2",
                                           "\xe2\x82",
                                           "\xff",
                                           "\xc3",
                                           "\xf0\x9d\x95\x8f",
                                           "\xed\xa0\x80",
                                           "\x7f",
                                           "\x01"};
  std::vector<std::string> sentences(20'000);
  for (std::string& sentence : sentences)
    for (unsigned length = random() % 12; length > 0; --length) sentence += pieces[random() % pieces.size()];
  expect_equal_words(sentences);
}

TEST(TokenizerParity, AgreesOnEveryCaptionOfMsrvtt) {
  TVR_NEEDS_SHARED("corpus");
  TVR_NEEDS_PYTHON("re");
  const TempFolder folder;
  const auto packed = testing::shared_data("corpus") / "msrvtt/MSRVTT_data.json.gz";
  const std::string command = "gunzip -c " + quoted(packed) + " > " + quoted(folder / "a.json");
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "needs the gunzip program";
  std::vector<std::string> captions;
  for (auto& sentence : read_msrvtt_json(folder / "a.json").sentences)
    captions.push_back(std::move(sentence.caption));
  ASSERT_EQ(captions.size(), 200'000u);
  expect_equal_words(captions);
}

}  // namespace
}  // namespace tvr
