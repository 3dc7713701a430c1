#include "data/store/store_merge.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <fstream>

#include "data/store/store_inspector.h"
#include "data/store/store_schema.h"
#include "tests/data/store/store_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using Access = FeatureStore::Access;
using testing::expect_error;
using testing::extracted;
using testing::TempFolder;

const Recipe kRecipe{"2d", "{}", "random:seed=1"}, kOther{"3d", "{}", "random:seed=1"};

std::string video(int i) { return "video" + std::to_string(i); }

/// Every `step`-th of 40 videos, from `first` on, in both lanes.
void fill(const std::filesystem::path& path, int first, int step, bool lanes_turned = false) {
  FeatureStore store(path, Access::ReadWrite);
  const std::int64_t one = store.add_recipe(lanes_turned ? kOther : kRecipe);
  const std::int64_t two = store.add_recipe(lanes_turned ? kRecipe : kOther);
  for (int i = first; i < 40; i += step) {
    store.write(extracted(video(i), one));
    store.write(extracted(video(i), two));
  }
}

Digest digest_of(const std::filesystem::path& path) { return FeatureStore(path).content_digest(); }

TEST(StoreMerge, GivesTheDigestOfOneProcessWhateverTheShardsAndTheirOrder) {
  const TempFolder folder;
  fill(folder / "one.db", 0, 1);
  std::vector<std::filesystem::path> parts;
  for (int shard = 0; shard < 8; ++shard) {
    parts.push_back(folder / ("shard" + std::to_string(shard) + ".db"));
    fill(parts.back(), shard, 8, shard % 2 == 1);
  }
  for (const char* name : {"forward.db", "backward.db"}) {
    for (const auto& part : parts) merge_store(folder / name, part);
    EXPECT_EQ(digest_of(folder / name), digest_of(folder / "one.db")) << name;
    std::reverse(parts.begin(), parts.end());
  }
}

TEST(StoreMerge, KeepsTheTargetFromOnePartToTheNext) {
  const TempFolder folder;
  fill(folder / "first.db", 0, 2);
  fill(folder / "second.db", 1, 2);
  StoreMerger merger(folder / "all.db");
  EXPECT_EQ(merger.add(folder / "first.db", {}, Damaged::Refuse).taken, 40);
  expect_error([&] { merge_store(folder / "all.db", folder / "second.db"); }, Fault::Busy, "process");
  for (const char* name : {"all.db", "all.db-wal", "all.db-shm"}) std::filesystem::remove(folder / name);
  expect_error([&] { merger.add(folder / "second.db", {}, Damaged::Refuse); }, Fault::Unreadable,
               "replaced or deleted");
  EXPECT_FALSE(std::filesystem::exists(folder / "all.db"));
}

TEST(StoreMerge, TakesNothingASecondTimeAndGoesOnAfterAStop) {
  const TempFolder folder;
  fill(folder / "part.db", 0, 1);
  expect_error([&] { merge_store(folder / "all.db", folder / "part.db", [](auto&) { return false; }); },
               Fault::Interrupted, "stopped");
  EXPECT_EQ(merge_store(folder / "all.db", folder / "part.db").taken, 80);
  EXPECT_EQ(merge_store(folder / "all.db", folder / "part.db").taken, 0);
  EXPECT_EQ(digest_of(folder / "all.db"), digest_of(folder / "part.db"));
}

TEST(StoreMerge, PrefersFeaturesToAFailureInEitherOrder) {
  const TempFolder folder;
  fill(folder / "good.db", 0, 1);
  {
    FeatureStore store(folder / "away.db", Access::ReadWrite);
    VideoOutcome away = extracted(video(0), store.add_recipe(kRecipe));
    away.fingerprint = {};
    away.status = Status::Unreadable;
    away.lanes[0].features = {};
    store.write(away);
  }
  merge_store(folder / "1.db", folder / "away.db");
  merge_store(folder / "1.db", folder / "good.db");
  merge_store(folder / "2.db", folder / "good.db");
  merge_store(folder / "2.db", folder / "away.db");
  EXPECT_EQ(digest_of(folder / "1.db"), digest_of(folder / "good.db"));
  EXPECT_EQ(digest_of(folder / "2.db"), digest_of(folder / "good.db"));
  OutcomeFilter unreadable;
  unreadable.status = "unreadable";
  EXPECT_EQ(StoreInspector(folder / "1.db").outcomes(unreadable).size(), 0u);
}

TEST(StoreMerge, ChoosesTheSameOfTwoDifferentRowsInEitherOrder) {
  const TempFolder folder;
  fill(folder / "a.db", 0, 1);
  {
    FeatureStore store(folder / "b.db", Access::ReadWrite);
    VideoOutcome rounded = extracted(video(0), store.add_recipe(kRecipe));
    rounded.lanes[0].features.halves[0] ^= 1;
    store.write(rounded);
  }
  for (const char* part : {"a.db", "b.db"}) merge_store(folder / "ab.db", folder / part);
  for (const char* part : {"b.db", "a.db"}) merge_store(folder / "ba.db", folder / part);
  EXPECT_EQ(digest_of(folder / "ab.db"), digest_of(folder / "ba.db"));
}

TEST(StoreMerge, RefusesAVideoOfOtherContentNamingIt) {
  const TempFolder folder;
  fill(folder / "a.db", 0, 1);
  {
    FeatureStore store(folder / "b.db", Access::ReadWrite);
    VideoOutcome other = extracted(video(7), store.add_recipe(kRecipe));
    other.fingerprint.content = sha256("another film");
    store.write(other);
  }
  merge_store(folder / "all.db", folder / "a.db");
  expect_error([&] { merge_store(folder / "all.db", folder / "b.db"); }, Fault::Mismatch, "'video7'");
  EXPECT_EQ(digest_of(folder / "all.db"), digest_of(folder / "a.db"));
}

TEST(StoreMerge, SavesWhatCanBeReadOfAFileWithADamagedPage) {
  const TempFolder folder;
  {
    FeatureStore store(folder / "a.db", Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe(kRecipe);
    for (int i = 0; i < 20; ++i) {
      VideoOutcome outcome = extracted(video(i), recipe);
      HalfSequence& features = outcome.lanes[0].features;
      for (std::size_t row = 3; row < 1600; ++row)  // several pages
        features.set(row, std::vector<float>(64, 0.5F).data(),
                     {Micros(1000 * row), Micros(1000 * (row + 1))});
      store.write(outcome);
    }
  }
  const auto pages = std::filesystem::file_size(folder / "a.db") / kStorePageBytes;
  std::fstream file(folder / "a.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>((pages - 2) * kStorePageBytes))
      .write(std::string(kStorePageBytes, '\xff').data(), kStorePageBytes)
      .flush();
  expect_error([&] { merge_store(folder / "new.db", folder / "a.db"); }, Fault::Corrupt, "");
  const MergeReport saved = merge_store(folder / "saved.db", folder / "a.db", {}, Damaged::LeaveOut);
  EXPECT_EQ(saved.damaged, 1);
  EXPECT_EQ(saved.taken, 19);
  EXPECT_TRUE(StoreInspector(folder / "saved.db").damaged_features().empty());
}

TEST(StoreMerge, RefusesADamagedRowAndAMissingPart) {
  const TempFolder folder;
  fill(folder / "a.db", 0, 1);
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((folder / "a.db").c_str(), &raw), SQLITE_OK);
  EXPECT_EQ(
      sqlite3_exec(raw, "UPDATE feature SET times = zeroblob(48) WHERE video = 3", nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(raw);
  expect_error([&] { merge_store(folder / "all.db", folder / "a.db"); }, Fault::Corrupt, "'video2'");
  const MergeReport saved = merge_store(folder / "saved.db", folder / "a.db", {}, Damaged::LeaveOut);
  EXPECT_EQ(saved.damaged, 2) << "both lanes of the video";
  EXPECT_EQ(saved.taken, 78);
  EXPECT_FALSE(FeatureStore(folder / "saved.db").has_features("video2", 1));
  fill(folder / "whole.db", 0, 1);
  merge_store(folder / "saved.db", folder / "whole.db");
  EXPECT_EQ(digest_of(folder / "saved.db"), digest_of(folder / "whole.db"));
  expect_error([&] { merge_store(folder / "new.db", folder / "missing.db"); }, Fault::NotFound, "missing.db");
  EXPECT_FALSE(std::filesystem::exists(folder / "new.db"));
}

}  // namespace
}  // namespace tvr
