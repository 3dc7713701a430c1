#include "text/tokenizers/normalization.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/support/in_child.h"
#include "tests/support/python.h"
#include "tests/support/temp_folder.h"
#include "text/tokenizers/code_points.h"
#include "text/tokenizers/html_entities.h"

namespace tvr {
namespace {

using testing::TempFolder;

TEST(Normalization, LowersASigmaByItsPlaceInAWordAsPythonDoes) {
  EXPECT_EQ(lower_as_python("ΟΔΟΣ ΣΑΣ Σ AΣ. AΣ.B"), "οδος σας σ aς. aσ.b");
  EXPECT_EQ(lower_by_character("ΟΔΟΣ"), "οδοσ");
  EXPECT_EQ(lower_by_character("İA"),
            "i\xcc\x87"
            "a");
}

TEST(Normalization, ComposesWhatIsDecomposed) {
  EXPECT_EQ(nfc("e\xcc\x81"), "\xc3\xa9");
  EXPECT_EQ(nfc("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8"), "\xea\xb0\x81");            // Hangul
  EXPECT_EQ(nfc("q\xcc\x87\xcc\xa3"), "q\xcc\xa3\xcc\x87");                          // marks in their order
  EXPECT_EQ(nfc("\xe2\x84\xab plain \xef\xac\x81"), "\xc3\x85 plain \xef\xac\x81");  // not NFKC
}

/// utf8proc sorts marks in quadratic time.
TEST(Normalization, ComposesAMegabyteOfMarksInASecond) {
  std::string marks;
  while (marks.size() < std::size_t{1} << 20) marks += "\xcc\x81\xcc\xa3";
  const auto report = testing::in_child([&] { return std::to_string(nfc(marks).size()); });
  EXPECT_EQ(report.text, std::to_string(marks.size()));
  EXPECT_LT(report.cpu_s, 10);
}

TEST(Normalization, CollapsesAndStripsWhiteSpace) {
  EXPECT_EQ(collapse_white_space(" a \t\n b\xe3\x80\x80\xc2\x85"
                                 "c "),
            " a b c ");
  EXPECT_EQ(collapse_white_space("a\x1c"), "a\x1c");
  EXPECT_EQ(collapse_python_space("a\x1c\x1f"), "a ");
  EXPECT_EQ(strip("\x1c\xe2\x80\x89 a b\xe3\x80\x80"), "a b");
  EXPECT_EQ(strip(" \xe3\x80\x80"), "");
}

TEST(Normalization, CleansAsThePublishedCodeOfEachModel) {
  EXPECT_EQ(clean_as_clip("  A &amp;amp;  B&lt;  "), "a & b<");
  EXPECT_EQ(clean_as_open_clip("  A &amp;amp;  B&lt;  "), "A & B<");
  EXPECT_EQ(canonicalize(" A_b-c,  It's &quot;X&quot;! "), "a bc its x");
  EXPECT_EQ(replace_all("aXXbX", "X", "--"), "a----b--");
}

TEST(Normalization, UnescapesHtmlAsPythonDoes) {
  EXPECT_EQ(unescape_html("&eacute;&eacute &#233;&#xE9;&#X00e9 &notit; &notin; &amp"), "éé ééé ¬it; ∉ &");
  EXPECT_EQ(unescape_html("&#128;&#0;&#xD800;&#x110000;&#1;&#99999999999999999999;&#13;"),
            "€\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\r");
  EXPECT_EQ(unescape_html("& &; &# &#; &#x; &unknown; &&lt;"), "& &; &# &#; &#x; &unknown; &<");
  EXPECT_EQ(unescape_html("&NotEqualTilde;"), "\xe2\x89\x82\xcc\xb8");
  EXPECT_EQ(unescape_html("a&"), "a&");
}

TEST(Normalization, EachByteThatIsNotUtf8IsReplaced) {
  EXPECT_EQ(well_formed("a\xff\xc3(\xe2\x82"), "a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(well_formed("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

/// Texts in, changed texts out, each ended by a NUL.
std::vector<std::string> python_of(const std::string& change, const std::vector<std::string>& texts) {
  const TempFolder folder;
  std::ofstream in(folder / "in", std::ios::binary);
  for (const std::string& text : texts) in << text << '\0';
  in.close();
  int status = 0;
  const std::string said = testing::run_python(
      "import sys, html, unicodedata\n"
      "texts = open(sys.argv[1], 'rb').read().decode().split('\\0')[:-1]\n"
      "open(sys.argv[2], 'wb').write(b''.join((" +
          change + ").encode('utf-8', 'replace') + b'\\0' for t in texts))\n",
      "'" + (folder / "in").string() + "' '" + (folder / "out").string() + "'", status);
  EXPECT_EQ(status, 0) << said;
  std::ifstream out(folder / "out", std::ios::binary);
  std::vector<std::string> changed;
  for (std::string text; std::getline(out, text, '\0');) changed.push_back(text);
  return changed;
}

/// Code points that both Unicode versions should know: those of Unicode 12, of 2019, are fewer than these.
void expect_as_python(const std::string& change, std::string (*ours)(std::string_view),
                      const std::vector<std::string>& texts) {
  const std::vector<std::string> wanted = python_of(change, texts);
  ASSERT_EQ(wanted.size(), texts.size());
  int differences = 0;
  for (std::size_t i = 0; i < texts.size() && differences < 5; ++i) {
    const std::string got = ours(texts[i]);
    EXPECT_EQ(got, wanted[i]) << "text " << i << ": " << texts[i];
    differences += got != wanted[i] ? 1 : 0;
  }
}

/// Those that Python's version of Unicode has, each between two texts.
std::vector<std::string> around_every_code_point(const std::string& before, const std::string& after) {
  int status = 0;
  const TempFolder folder;
  const std::string path = (folder / "assigned").string();
  static_cast<void>(testing::run_python(
      "import sys, unicodedata\n"
      "open(sys.argv[1], 'w').write(''.join('01'[unicodedata.category(chr(c)) not in ('Cn', 'Cs')] for c in "
      "range(0x110000)))\n",
      "'" + path + "'", status));
  std::ifstream in(path);
  const std::string assigned{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::string> texts;
  for (char32_t c = 1; c < assigned.size(); ++c) {
    if (assigned[c] == '0' || (c >= 0xE000 && c < 0xF900) || c >= 0xF0000) continue;  // private use
    std::string text = before;
    append_utf8(text, c);
    texts.push_back(text + after);
  }
  return texts;
}

TEST(NormalizationParity, EveryCodePointIsLoweredAndPlacesASigmaAsByPython) {
  TVR_NEEDS_PYTHON("unicodedata");
  expect_as_python("t.lower()", lower_as_python, around_every_code_point("", ""));
  expect_as_python("t.lower()", lower_as_python, around_every_code_point("A", "\xce\xa3"));
  expect_as_python("t.lower()", lower_as_python, around_every_code_point("", "\xce\xa3"));
  expect_as_python("t.lower()", lower_as_python, around_every_code_point("A\xce\xa3", "B"));
  expect_as_python("t.lower()", lower_as_python, around_every_code_point("A\xce\xa3", ""));
}

TEST(NormalizationParity, EveryCodePointIsComposedAsByPython) {
  TVR_NEEDS_PYTHON("unicodedata");
  expect_as_python("unicodedata.normalize('NFC', t)", nfc, around_every_code_point("", ""));
  expect_as_python("unicodedata.normalize('NFC', t)", nfc, around_every_code_point("a\xcc\xa3", "\xcc\x81"));
}

TEST(NormalizationParity, EveryEntityIsUnescapedAsByPython) {
  TVR_NEEDS_PYTHON("html");
  int status = 0;
  std::vector<std::string> texts;
  std::string names =
      testing::run_python("import html.entities as e\nfor n in e.html5: print(n.rstrip(';'))\n", "", status);
  ASSERT_EQ(status, 0);
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t end = names.find('\n', at);
    const std::string name = names.substr(at, end - at);
    for (const char* const tail : {";", "", "x", "x;", " ", "=", "\xc3\xa9;"})
      texts.push_back("&" + name + tail);
    texts.push_back("&" + name.substr(0, name.size() - 1) + ";");
    at = end + 1;
  }
  for (int number = 0; number < 0x3000; ++number) {
    texts.push_back("&#" + std::to_string(number) + ";");
    texts.push_back("&#x" + std::to_string(number) + "g");
  }
  for (const char* const odd : {"&#xfffe;", "&#x1ffff;", "&#xfdd0;", "&#xD800;", "&#1114111;", "&#1114112;",
                                "&#xe000;", "&#00000000000000000000065;", "&;", "&#;", "&amp;amp;lt;"})
    texts.emplace_back(odd);
  expect_as_python("html.unescape(t).replace('\\0', '')", unescape_html, texts);
}

}  // namespace
}  // namespace tvr
