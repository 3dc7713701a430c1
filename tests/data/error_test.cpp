#include "data/error.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

TEST(Error, SaysWhereWhatWasSeenAndWhatToDo) {
  const Error error(Fault::Mismatch, "features.db", "the row has 2048 columns, the model expects 4096",
                    "Extract the 3d lane too");
  EXPECT_STREQ(error.what(),
               "features.db: the row has 2048 columns, the model expects 4096. Extract the 3d lane too");
  EXPECT_EQ(error.fault(), Fault::Mismatch);
}

TEST(Error, NeedsNoAdvice) {
  EXPECT_STREQ(Error(Fault::NotFound, "a.mp4", "no such file").what(), "a.mp4: no such file");
}

TEST(Error, NeverCarriesControlCharactersOrBrokenUtf8) {
  const Error error(Fault::Corrupt, "a\nb.pth", "tensor '\x1b[2J caf\xc3\xa9 \xff\xc3'");
  EXPECT_STREQ(error.what(), "a\\x0ab.pth: tensor '\\x1b[2J caf\xc3\xa9 \\xff\\xc3'");
  EXPECT_EQ(error.seen(), "tensor '\\x1b[2J caf\xc3\xa9 \\xff\\xc3'");
  EXPECT_EQ(error.where(), "a\nb.pth") << "as it was given: it may be a path";
}

TEST(Error, NeverCarriesWhatTurnsTheTextAroundIt) {
  const Error error(Fault::Corrupt, "",
                    "a\xc2\x9b"
                    "31m \xe2\x80\xae"
                    "gpj.b");
  EXPECT_EQ(error.seen(), "a\\xc2\\x9b31m \\xe2\\x80\\xaegpj.b");
}

TEST(Error, CutsEndlessWordsBetweenTwoCharacters) {
  std::string endless = "x";
  for (int i = 0; i < 100'000; ++i) endless += "\xc3\xa9";
  const Error error(Fault::Corrupt, "", endless);
  EXPECT_EQ(error.seen(), endless.substr(0, 1999) + "...");
}

}  // namespace
}  // namespace tvr
