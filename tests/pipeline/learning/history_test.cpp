#include "pipeline/learning/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

TEST(History, KeepsTheEpochsThatItFindsAndPassesOverWhatIsNone) {
  const testing::TempFolder temp;
  const RunFolder folder(temp / "run");
  const std::string first = R"({"epoch":1,"loss":0.5})";
  testing::write_file(folder.history(),
                      first + "\n{\"epoch\": \"2\"}\n{\"epoch\": [1]}\n{\"epoch\": 1e300}\n[]\n" +
                          "{\"epoch\": " + std::string(300'000, '[') + "\n{\"loss\": 1}\n");
  EpochReport report;
  report.epoch = 3;
  History(folder).add(report);
  const std::string text = read_text(folder.history());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.substr(0, first.size()), first);
  EXPECT_THAT(text, ::testing::HasSubstr("\"epoch\":3"));
}

}  // namespace
}  // namespace tvr
