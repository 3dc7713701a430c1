#include "data/store/store_inspector.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <map>

#include "data/datasets/video_id.h"
#include "data/store/feature_store.h"
#include "tests/data/store/store_fixture.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

/// Three videos in one lane: "x/a" and "x/b" are ok, "c" is damaged.
void fill(const std::filesystem::path& path) {
  FeatureStore store(path, FeatureStore::Access::ReadWrite);
  const std::int64_t recipe = store.add_recipe({"2d", "{}", "random:seed=1"});
  for (const char* id : {"x/a", "c", "x/b"}) {
    VideoOutcome outcome;
    outcome.source = {id, std::string("/v/") + id};
    outcome.fingerprint = {1, 1, sha256(id)};
    outcome.status = id[0] == 'c' ? Status::Partial : Status::Ok;
    VideoOutcome::Lane lane{recipe, {}};
    lane.features.dim = 8;
    const float values[8] = {1, 2, 3};
    for (std::size_t row = 0; row < 5; ++row) lane.features.set(row, values, {Micros(row), Micros(row + 1)});
    outcome.lanes.push_back(lane);
    store.write(outcome);
  }
}

TEST(StoreInspector, ListsByVideoAndFilters) {
  const TempFolder folder;
  fill(folder / "s.db");
  const StoreInspector inspector(folder / "s.db");
  const auto all = inspector.outcomes({});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].video, "c");
  EXPECT_EQ(all[0].status, "partial");
  EXPECT_EQ(all[1].feature_rows, 5);
  OutcomeFilter glob;
  glob.video = "x/*";
  EXPECT_EQ(inspector.outcomes(glob).size(), 2u);
  OutcomeFilter status;
  status.status = "partial";
  EXPECT_EQ(inspector.outcomes(status).size(), 1u);
  EXPECT_EQ(inspector.outcomes({}, 2).size(), 2u);
  const auto rest = inspector.outcomes({}, 2, 1);
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0].video, "x/a");
  EXPECT_EQ(inspector.outcomes({}, 2, 3).size(), 0u);
  EXPECT_EQ(inspector.newest_videos(2), (std::vector<std::string>{"x/b", "c"}));
  OutcomeFilter part;
  part.part = "/";
  EXPECT_EQ(inspector.outcomes(part).size(), 2u);
  part.part = "*";  // a letter like any other
  EXPECT_EQ(inspector.outcomes(part).size(), 0u);
  OutcomeFilter failed;
  failed.failed = true;
  ASSERT_EQ(inspector.outcomes(failed).size(), 1u);
  EXPECT_EQ(inspector.outcomes(failed)[0].video, "c");
}

TEST(StoreInspector, AddsUpByLaneRecipeAndStatus) {
  const TempFolder folder;
  fill(folder / "s.db");
  const auto sums = StoreInspector(folder / "s.db").sums({});
  ASSERT_EQ(sums.size(), 2u);
  EXPECT_EQ(sums[0].status, "ok");
  EXPECT_EQ(sums[0].videos, 2);
  EXPECT_EQ(sums[0].feature_rows, 10);
  EXPECT_EQ(sums[0].feature_bytes, 10 * (8 * 2 + 16));
  OutcomeFilter glob;
  glob.video = "*b";
  glob.status = "ok";
  ASSERT_EQ(StoreInspector(folder / "s.db").sums(glob).size(), 1u);
  EXPECT_EQ(StoreInspector(folder / "s.db").sums(glob)[0].videos, 1);
}

TEST(StoreInspector, TakesAnImportForNoFailureAndAnIdForNoPattern) {
  const TempFolder folder;
  fill(folder / "s.db");
  {
    FeatureStore store(folder / "s.db", FeatureStore::Access::ReadWrite);
    VideoOutcome outcome;
    outcome.source.id = "x/[ab]*";
    outcome.fingerprint.content = sha256("of a file");
    outcome.status = Status::Imported;
    outcome.lanes.push_back({store.add_recipe({"vgg", "{}", "imported"}), {}});
    store.write(outcome);
  }
  OutcomeFilter failures;
  failures.failed = true;
  const auto failed = StoreInspector(folder / "s.db").outcomes(failures);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].video, "c");
  OutcomeFilter exact;
  exact.id = "x/[ab]*";
  const auto found = StoreInspector(folder / "s.db").outcomes(exact);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].status, "imported");
}

TEST(StoreInspector, MatchesNamesAsTheyAreWhateverTheirIdsAndComposition) {
  const TempFolder folder;
  {
    FeatureStore store(folder / "s.db", FeatureStore::Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe({"2d", "{}", "w"});
    for (const char* id : {"%2D4ws", "a%0Ab", "cafe\u0301", "cafe", "it's", "x/caf\u00e9", "50%", "~z"})
      store.write(testing::extracted(id, recipe));
  }
  const auto matching = [&](const std::string& glob) {
    OutcomeFilter filter;
    filter.video = glob;
    std::string ids;
    for (const OutcomeRow& row : StoreInspector(folder / "s.db").outcomes(filter)) ids += row.video + " ";
    std::int64_t videos = 0;
    for (const OutcomeSum& sum : StoreInspector(folder / "s.db").sums(filter)) videos += sum.videos;
    EXPECT_EQ(videos, std::count(ids.begin(), ids.end(), ' ')) << glob;
    return ids;
  };
  const std::map<std::string, std::string> wanted = {{"-4*", "%2D4ws "},
                                                     {"-*", "%2D4ws "},
                                                     {"a\nb", "a%0Ab "},
                                                     {"a%0A*", "a%0Ab "},  // as it is listed
                                                     {"caf\u00e9", "cafe\u0301 "},
                                                     {"caf?", "cafe cafe\u0301 "},
                                                     {"cafe\u0301", "cafe\u0301 "},
                                                     {"cafe*", "cafe "},
                                                     {"it's", "it's "},
                                                     {"*/caf?", "x/caf\u00e9 "},
                                                     {"50%", "50% "},
                                                     {"~*", "~z "},
                                                     {"%2D4*", ""}};
  for (const auto& [glob, ids] : wanted) EXPECT_EQ(matching(glob), ids) << glob;
  OutcomeFilter part;
  part.part = "e\u0301";
  EXPECT_EQ(StoreInspector(folder / "s.db").outcomes(part).size(), 2U);
}

TEST(StoreInspector, FindsRowsThatNoExtractionWrites) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Micros second = std::chrono::seconds(1);
  const TempFolder folder;
  {
    FeatureStore store(folder / "s.db", FeatureStore::Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe({"2d", "{}", "w"});
    const auto write = [&](const std::string& id, const std::vector<TimeSpan>& times,
                           std::vector<float> values = {1, 2, 3}) {
      VideoOutcome outcome;
      outcome.source.id = id;
      outcome.fingerprint = {1, 1, sha256(id)};
      VideoOutcome::Lane lane{recipe, {}};
      lane.features.dim = static_cast<std::int64_t>(values.size());
      for (std::size_t row = 0; row < times.size(); ++row) lane.features.set(row, values.data(), times[row]);
      outcome.lanes.push_back(lane);
      store.write(outcome);
    };
    write("no rows", {});
    write("sound", {{0 * second, second}, {second, 2 * second}});
    write("sound, overlapping", {{0 * second, 2 * second}, {second, 2 * second}});
    write("backwards", {{3 * second, 2 * second}});
    write("before the start", {{-second, second}});
    write("unordered", {{second, 2 * second}, {0 * second, second}});
    write("too long", {{0 * second, std::chrono::hours(24 * 32)}});
    write("infinite", {{0 * second, second}}, {1, -kInfinity, 3});
    write("nan", {{0 * second, second}}, {1, 2, std::numeric_limits<float>::quiet_NaN()});
    write("wide", {{0 * second, second}}, {1, 2, 3, 4});
  }
  std::map<std::string, std::string> found;
  for (const DamagedRow& row : StoreInspector(folder / "s.db").damaged_features())
    found[row.video] = row.what;
  EXPECT_EQ(found, (std::map<std::string, std::string>{
                       {"backwards", "its rows have impossible times"},
                       {"before the start", "its rows have impossible times"},
                       {"unordered", "its rows have impossible times"},
                       {"too long", "its rows have impossible times"},
                       {"infinite", "its rows have values that are not finite"},
                       {"nan", "its rows have values that are not finite"},
                       {"wide", "its rows have 4 columns, others of their recipe have 3"}}));
}

TEST(StoreInspector, FindsEverySingleFlippedBitOfTheFeatures) {
  const TempFolder folder;
  fill(folder / "s.db");
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((folder / "s.db").c_str(), &raw), SQLITE_OK);
  const auto flip = [&](int bit) {
    sqlite3_blob* blob = nullptr;
    ASSERT_EQ(sqlite3_blob_open(raw, "main", "feature", "halves", 1 + bit % 3, 1, &blob), SQLITE_OK);
    unsigned char byte = 0;
    sqlite3_blob_read(blob, &byte, 1, bit / 8);
    byte = static_cast<unsigned char>(byte ^ 1U << bit % 8);
    sqlite3_blob_write(blob, &byte, 1, bit / 8);
    ASSERT_EQ(sqlite3_blob_close(blob), SQLITE_OK);
  };
  int found = 0;
  constexpr int kBits = 5 * 8 * 16;  // of the rows of one video
  for (int bit = 0; bit < kBits; ++bit) {
    flip(bit);
    found += StoreInspector(folder / "s.db").damaged_features().size() == 1 ? 1 : 0;
    flip(bit);
  }
  sqlite3_close(raw);
  EXPECT_EQ(found, kBits);
}

}  // namespace
}  // namespace tvr
