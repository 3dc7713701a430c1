// Thousands of seeded damages to good text files: each is read or refused by an Error, never more.
#include <gtest/gtest.h>

#include "data/csv.h"
#include "data/datasets/msrvtt_json.h"
#include "data/datasets/video.h"
#include "data/error.h"
#include "tests/support/mutate.h"

namespace tvr {
namespace {

constexpr int kDamages = 20'000;

/// Counts how many damaged versions of `good` `read` takes.
template <class Read>
int count_taken(const std::string& good, const Read& read) {
  std::mt19937 random(1);
  int taken = 0;
  for (int i = 0; i < kDamages; ++i) {
    const std::string bytes = testing::mutate(good, random);
    try {
      read(bytes);
      ++taken;
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
  return taken;
}

TEST(DamagedText, IsReadOrRefusedAsCsv) {
  const std::string good =
      "video,caption,split\r\nv1,\"a \"\"big\"\", red\ncar\",train\r\n\r\nv2,caf\xc3\xa9,test\r\n";
  const int taken = count_taken(good, [](const std::string& bytes) {
    const CsvTable table("t.csv", bytes);
    for (const CsvTable::Row& row : table.rows()) ASSERT_EQ(row.cells.size(), table.rows()[0].cells.size());
  });
  EXPECT_GT(taken, kDamages / 20);
  EXPECT_LT(taken, kDamages);
}

TEST(DamagedText, IsReadOrRefusedAsAnnotations) {
  const std::string good =
      R"({"info": {"year": 2016}, "videos": [{"video_id": "v0", "split": "train", "id": 0, "start time": 1.5}],
 "sentences": [{"caption": "caf\u00e9 \ud83d\ude00", "video_id": "v0", "sen_id": 1}]})";
  const int taken = count_taken(good, [](const std::string& bytes) {
    const MsrvttAnnotations read = parse_msrvtt_json("a.json", bytes);
    for (const auto& video : read.videos) validate_video_id(video.id, "what was read");
    for (const auto& sentence : read.sentences) ASSERT_FALSE(sentence.caption.empty());
  });
  EXPECT_GT(taken, kDamages / 50);
  EXPECT_LT(taken, kDamages);
}

}  // namespace
}  // namespace tvr
