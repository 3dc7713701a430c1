#include "data/store/feature_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <string_view>

#include "data/error.h"
#include "data/store/sqlite.h"
#include "data/store/store_schema.h"
#include "data/tensors/tensor.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using Access = FeatureStore::Access;
using testing::TempFolder;

Recipe recipe(const std::string& lane, const std::string& weights = "random:seed=1") {
  return {lane, R"({"model":"m"})", weights};
}

VideoOutcome outcome(const std::string& id, std::int64_t recipe_row, float value = 0.5F,
                     std::size_t rows = 3) {
  VideoOutcome outcome;
  outcome.source = {id, "/videos/" + id + ".mp4"};
  outcome.fingerprint = {100, 7, sha256(id)};
  VideoOutcome::Lane lane{recipe_row, {}};
  lane.features.dim = 4;
  for (std::size_t row = 0; row < rows; ++row) {
    const float values[] = {value, -1, static_cast<float>(row), 0.25F};
    lane.features.set(row, values, {Micros(1000 * row), Micros(1000 * (row + 1))});
  }
  outcome.lanes.push_back(lane);
  return outcome;
}

void run_sql(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
  sqlite3_close(raw);
}

TEST(FeatureStore, GivesBackWhatWasWritten) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t id = store.add_recipe(recipe("2d"));
  store.write(outcome("a", id));
  const auto features = store.read("a", id);
  ASSERT_TRUE(features);
  EXPECT_EQ(features->values.rows(), 3);
  EXPECT_EQ(features->values.row(2)[2], 2.0F);
  EXPECT_EQ(features->times[1], (TimeSpan{Micros(1000), Micros(2000)}));
  EXPECT_FALSE(store.read("b", id));
}

TEST(FeatureStore, IsFreshForTheSameContentAndRecipeOnly) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t id = store.add_recipe(recipe("2d"));
  store.write(outcome("a", id));
  EXPECT_EQ(store.add_recipe(recipe("2d")), id) << "an equal recipe is not added twice";
  EXPECT_TRUE(store.is_fresh("a", sha256("a"), id));
  EXPECT_FALSE(store.is_fresh("a", sha256("replaced"), id));
  EXPECT_FALSE(store.is_fresh("a", sha256("a"), store.add_recipe(recipe("2d", "sha256:other"))));
  EXPECT_FALSE(store.is_fresh("b", sha256("a"), id));
}

TEST(FeatureStore, ANewRecipeEntersTheFileWithItsFirstOutcome) {
  const TempFolder folder;
  std::int64_t two = 0, three = 0;
  {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    two = store.add_recipe(recipe("2d"));
    three = store.add_recipe(recipe("3d"));
    EXPECT_NE(two, three);
    EXPECT_EQ(store.add_recipe(recipe("2d")), two);
    EXPECT_TRUE(store.recipes().empty());
    store.write(outcome("a", three));
    EXPECT_EQ(store.add_recipe(recipe("2d")), two);
  }
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  ASSERT_EQ(store.recipes().size(), 1U);
  EXPECT_EQ(store.recipes().front().id, three);
  EXPECT_EQ(store.recipes().front().recipe.lane, "3d");
  EXPECT_NE(store.add_recipe(recipe("2d")), three);
}

TEST(FeatureStore, LooksUpManyAsItKnowsEach) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t two = store.add_recipe(recipe("2d")), three = store.add_recipe(recipe("3d"));
  for (int i = 10; i < 90; i += 2) {
    const std::string id = "v" + std::to_string(i);
    store.write(outcome(id, two));
    if (i % 3 == 0) store.write(outcome(id, three, 0, 0));
    if (i % 5 == 0) store.forget({{id, two}, {id, three}});  // a video without a try
  }
  for (const int step : {1, 2, 40}) {  // all are met on a scan; few are sought
    std::vector<std::string> names = {"", "a"};
    for (int i = 10; i < 99; i += step) names.push_back("v" + std::to_string(i));
    names.emplace_back("w");
    std::vector<int> calls(names.size());
    store.look_up({names.begin(), names.end()}, [&](std::size_t i, const KnownVideo* met) {
      ++calls.at(i);
      const auto sought = store.known(names[i]);
      ASSERT_EQ(met != nullptr, sought.has_value()) << names[i];
      if (met == nullptr) return;
      EXPECT_EQ(met->video.source.path, sought->video.source.path);
      ASSERT_EQ(met->tries.size(), sought->tries.size()) << names[i];
      for (std::size_t t = 0; t < met->tries.size(); ++t) {
        EXPECT_EQ(met->tries[t].recipe, sought->tries[t].recipe);
        EXPECT_EQ(met->tries[t].content, sha256(names[i]));
        EXPECT_EQ(met->tries[t].has_features, met->tries[t].recipe == two);
      }
    });
    EXPECT_EQ(calls, std::vector<int>(names.size(), 1));
  }
}

TEST(FeatureStore, KeepsAFailureAsARowWithItsWords) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t id = store.add_recipe(recipe("2d"));
  VideoOutcome failed = outcome("a", id, 0, 0);
  failed.status = Status::NoVideo;
  failed.message = "moov atom not found";
  store.write(failed);
  EXPECT_TRUE(store.is_fresh("a", sha256("a"), id)) << "it would fail again";
  EXPECT_FALSE(store.has_features("a", id));
}

TEST(FeatureStore, DropsTheFeaturesOfAReplacedVideoInEveryLane) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t id2d = store.add_recipe(recipe("2d")), id3d = store.add_recipe(recipe("3d"));
  store.write(outcome("a", id2d));
  store.write(outcome("a", id3d));
  EXPECT_TRUE(store.has_features("a", id2d)) << "another lane of the same content keeps the first";
  VideoOutcome replaced = outcome("a", id2d, 0.75F);
  replaced.fingerprint.content = sha256("new bytes");
  store.write(replaced);
  EXPECT_TRUE(store.has_features("a", id2d));
  EXPECT_FALSE(store.has_features("a", id3d)) << "they describe a file that is gone";
}

TEST(FeatureStore, KeepsFeaturesWhileTheirVideoCannotBeRead) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t id2d = store.add_recipe(recipe("2d")), id3d = store.add_recipe(recipe("3d"));
  store.write(outcome("a", id2d));
  store.write(outcome("a", id3d));
  const Digest before = store.content_digest();
  VideoOutcome away = outcome("a", id2d, 0, 0);
  away.fingerprint = {};
  away.status = Status::Unreadable;
  away.message = "the file cannot be opened (Permission denied)";
  store.write(away);
  EXPECT_TRUE(store.has_features("a", id2d)) << "a disk that is not mounted is no reason to lose features";
  EXPECT_TRUE(store.has_features("a", id3d));
  EXPECT_EQ(store.content_digest(), before);
  EXPECT_TRUE(store.is_fresh("a", sha256("a"), id3d)) << "once the file is back there is nothing to do";
}

TEST(FeatureStore, DigestDependsOnTheContentNotOnTheOrder) {
  const TempFolder folder;
  FeatureStore one(folder / "1.db", Access::ReadWrite), two(folder / "2.db", Access::ReadWrite);
  const std::int64_t id1 = one.add_recipe(recipe("2d"));
  two.add_recipe(recipe("3d"));
  const std::int64_t id2 = two.add_recipe(recipe("2d"));
  for (const char* id : {"a", "b", "c"}) one.write(outcome(id, id1));
  for (const char* id : {"c", "a", "b"}) two.write(outcome(id, id2));
  EXPECT_EQ(one.content_digest(), two.content_digest());
  two.write(outcome("b", id2, 0.125F));
  EXPECT_NE(one.content_digest(), two.content_digest());
}

TEST(FeatureStore, RefusesASecondWriterNamingTheFirst) {
  const TempFolder folder;
  FeatureStore first(folder / "s.db", Access::ReadWrite);
  try {
    FeatureStore second(folder / "s.db", Access::ReadWrite);
    FAIL() << "two writers";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::Busy);
    EXPECT_NE(std::string(error.what()).find("process " + std::to_string(getpid())), std::string::npos);
  }
  EXPECT_NO_THROW(FeatureStore reader(folder / "s.db"));
}

TEST(FeatureStore, FindsADamagedRowByItsHash) {
  const TempFolder folder;
  std::int64_t id = 0;
  {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    id = store.add_recipe(recipe("2d"));
    store.write(outcome("a", id));
  }
  run_sql(folder / "s.db", "UPDATE feature SET halves = zeroblob(24)");
  const FeatureStore store(folder / "s.db");
  testing::expect_error([&] { (void)store.read("a", id); }, Fault::Corrupt, "'a'");
}

TEST(FeatureStore, TakesTheWidthOfMostRowsForThatOfTheirRecipe) {
  const TempFolder folder;
  {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    const std::int64_t id = store.add_recipe(recipe("2d"));
    for (const char* video : {"a", "b", "c", "d"}) store.write(outcome(video, id));
  }
  const std::int64_t dim = FeatureStore(folder / "s.db").recipes().front().dim;
  run_sql(folder / "s.db", "UPDATE feature SET dim = 9000 WHERE video = 1");
  EXPECT_EQ(FeatureStore(folder / "s.db").recipes().front().dim, dim);
  run_sql(folder / "s.db", "UPDATE feature SET dim = 9223372036854775807 WHERE video < 4");
  EXPECT_EQ(FeatureStore(folder / "s.db").recipes().front().dim, dim);
}

TEST(FeatureStore, RefusesFilesThatAreNotItsOwn) {
  const TempFolder folder;
  testing::expect_error([&] { FeatureStore store(folder / "missing.db"); }, Fault::NotFound, "no such store");
  std::ofstream(folder / "text.db")
      << "this is no database, but it is long enough to look like one at first sight";
  testing::expect_error([&] { FeatureStore store(folder / "text.db"); }, Fault::Corrupt, "text.db");
  std::ofstream(folder / "empty.db").close();
  testing::expect_error([&] { FeatureStore store(folder / "empty.db"); }, Fault::Corrupt, "is empty");
  run_sql(folder / "foreign.db", "CREATE TABLE t (x)");
  testing::expect_error([&] { FeatureStore store(folder / "foreign.db"); }, Fault::Unsupported,
                        "another program");
  testing::expect_error([&] { FeatureStore store(folder / "foreign.db", Access::ReadWrite); },
                        Fault::Unsupported, "another program");
}

TEST(FeatureStore, RefusesANewerVersionAndACraftedSchema) {
  const TempFolder folder;
  const auto fresh = [&](const std::string& name) {
    FeatureStore store(folder / name, Access::ReadWrite);
    return folder / name;
  };
  run_sql(fresh("newer.db"), "PRAGMA user_version = 99");
  testing::expect_error([&] { FeatureStore store(folder / "newer.db"); }, Fault::Unsupported, "99");
  run_sql(fresh("trigger.db"), "CREATE TRIGGER evil AFTER INSERT ON video BEGIN DELETE FROM feature; END");
  testing::expect_error([&] { FeatureStore store(folder / "trigger.db"); }, Fault::Corrupt, "trigger 'evil'");
  run_sql(fresh("view.db"), "DROP VIEW videos; CREATE VIEW videos AS SELECT load_extension('x')");
  testing::expect_error([&] { FeatureStore store(folder / "view.db"); }, Fault::Corrupt, "view 'videos'");
}

TEST(FeatureStore, LosesNoAcknowledgedVideoWhenTheWriterIsKilled) {
  const TempFolder folder;
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t writer = fork();
  if (writer == 0) {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    const std::int64_t id = store.add_recipe(recipe("2d"));
    for (int i = 0; i < 100'000; ++i) {
      store.write(outcome("video" + std::to_string(i), id));
      if (write(told[1], &i, sizeof(i)) < 0) _exit(1);
    }
    _exit(0);
  }
  int last = -1;
  while (last < 50) ASSERT_EQ(read(told[0], &last, sizeof(last)), static_cast<ssize_t>(sizeof(last)));
  kill(writer, SIGKILL);
  waitpid(writer, nullptr, 0);
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  for (int i = 0; i <= last; ++i) EXPECT_TRUE(store.read("video" + std::to_string(i), 1)) << i;
  close(told[0]);
  close(told[1]);
}

TEST(FeatureStore, ListsTheVideosWithFeaturesByARecipeWithTheHashOfTheirRows) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t two = store.add_recipe(recipe("2d")), three = store.add_recipe(recipe("3d"));
  store.write(outcome("b", two));
  store.write(outcome("a", two));
  store.write(outcome("failed", two, 0.5F, 0));
  store.write(outcome("other", three));
  const std::vector<FeaturedVideo> before = store.featured_videos(two);
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(before[0].source.id, "a");
  EXPECT_EQ(before[1].source.path, "/videos/b.mp4");
  EXPECT_EQ(before[0].hash, before[1].hash);  // equal rows
  store.write(outcome("a", two, 0.75F));
  EXPECT_NE(store.featured_videos(two)[0].hash, before[0].hash);
}

/// 700 rows of 1024 columns, which is more than stays in memory; the rows come in any order.
VideoOutcome long_video(std::int64_t recipe, const RowPlace& place) {
  VideoOutcome video = outcome("long", recipe);
  HalfSequence& features = video.lanes[0].features;
  features = {};
  features.dim = 1024;
  features.place = place;
  for (std::size_t i = 0; i < 700; ++i) {
    const std::size_t row = i * 3 % 700;
    const std::vector<float> values(1024, static_cast<float>(row));
    features.set(row, values.data(), {Micros(1000 * row), Micros(1000 * (row + 1))});
  }
  return video;
}

TEST(FeatureStore, HoldsTheSameRowsWhetherTheyWaitedInMemoryOrOnDisk) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "spill");
  std::vector<Digest> digests;
  for (const RowPlace& place : {RowPlace{}, RowPlace{folder / "spill/rows", "key"}}) {
    FeatureStore store(folder / ("s" + std::to_string(digests.size()) + ".db"),
                       FeatureStore::Access::ReadWrite);
    const std::int64_t id = store.add_recipe(recipe("2d"));
    VideoOutcome video = long_video(id, place);
    EXPECT_EQ(video.lanes[0].features.halves.empty(), !place.file.empty());
    store.write(video);
    const auto features = store.read("long", id);
    ASSERT_TRUE(features);
    ASSERT_EQ(features->values.rows(), 700);
    for (std::int64_t row = 0; row < 700; ++row) {
      EXPECT_EQ(features->values.row(row)[1023], static_cast<float>(row));
      EXPECT_EQ(features->times[static_cast<std::size_t>(row)].start, Micros(1000 * row));
    }
    digests.push_back(store.content_digest());
    video.lanes[0].features.discard();
  }
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_TRUE(std::filesystem::is_empty(folder / "spill"));
}

TEST(FeatureStore, KnowsAVideoByItsNameHoweverItIsComposed) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t row = store.add_recipe(recipe("2d"));
  for (const char* id : {"%2D4ws", "a%0Ab", "cafe\u0301", "s\u0323\u0307", "s\u0307\u0323"})
    store.write(outcome(id, row));
  EXPECT_EQ(store.id_of_name("-4ws"), "%2D4ws");
  EXPECT_EQ(store.id_of_name("%2D4ws"), "%2D4ws");
  EXPECT_EQ(store.id_of_name("a\nb"), "a%0Ab");
  EXPECT_EQ(store.id_of_name("caf\u00e9"), "cafe\u0301");
  EXPECT_EQ(store.id_of_name("s\u0323\u0307"), "s\u0323\u0307");
  EXPECT_EQ(store.id_of_name("none"), std::nullopt);
  testing::expect_error([&] { (void)store.id_of_name("\u1e69"); }, Fault::Mismatch, "two videos");
}

TEST(FeatureStore, KnowsWhatOlderVersionsRecordedThatWasNoPropertyOfTheFile) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t id = store.add_recipe(recipe("2d"));
  const std::vector<std::pair<std::string, bool>> failures = {
      {"its decoder crashed: Killed", true},
      {"it no longer accepts work: Broken pipe", true},
      {"its decoder could not be started, or was killed", true},
      {"cannot create a pipe: Too many open files", true},
      {"decoding took longer than allowed", true},
      {"its decoder crashed: Segmentation fault", false},
      {"decoding took 3601.0 s of processor time, 3600 s are allowed", false},
      {"not a media file: empty (0 bytes)", false}};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < failures.size(); ++i) {
    VideoOutcome failed = outcome("v" + std::to_string(i), id);
    failed.status = failures[i].first.rfind("decoding", 0) == 0 ? Status::Timeout : Status::Unreadable;
    failed.message = failures[i].first;
    failed.lanes[0].features = {};
    store.write(failed);
    names.push_back(failed.source.id);
  }
  const std::vector<std::string_view> ids(names.begin(), names.end());
  store.look_up(ids, [&](std::size_t i, const KnownVideo* known) {
    ASSERT_NE(known, nullptr);
    EXPECT_EQ(known->tries.at(0).machine_failed, failures[i].second) << failures[i].first;
    EXPECT_EQ(store.known(names[i])->tries.at(0).machine_failed, failures[i].second) << failures[i].first;
  });
}

TEST(FeatureStore, SaysWhenThereIsNoRoomForTheRowsOfALongVideo) {
  const TempFolder folder;
  testing::expect_error(
      [&] {
        (void)long_video(1, {folder / "none/rows", "key"});
      },
      Fault::Machine, "No such file or directory");
}

TEST(FeatureStore, RemembersOfHowManyShardsItHoldsOne) {
  const TempFolder folder;
  {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    store.keep_shard_count(4);
    store.keep_shard_count(4);
  }
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  testing::expect_error([&] { store.keep_shard_count(5); }, Fault::Mismatch,
                        "one of 4 shards, and --shard names one of 5");
  testing::expect_error([&] { store.keep_shard_count(5); }, Fault::Mismatch, "Pass --shard I/4");
}

TEST(FeatureStore, HasPagesOf64KilobytesAndCompactingAnOlderOneGivesItThem) {
  const TempFolder folder;
  run_sql(folder / "old.db",
          "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; CREATE TABLE t (x); DROP TABLE t");
  const auto page_size = [&] {
    return Database(folder / "old.db", Database::Open::ReadOnly).integer("PRAGMA page_size");
  };
  const Digest digest = [&] {
    FeatureStore store(folder / "old.db", Access::ReadWrite);
    for (int i = 0; i < 5; ++i)
      store.write(outcome("video" + std::to_string(i), store.add_recipe(recipe("2d"))));
    return store.content_digest();
  }();
  ASSERT_EQ(page_size(), 4096);
  FeatureStore(folder / "old.db", Access::ReadWrite).compact();
  EXPECT_EQ(page_size(), kStorePageBytes);
  EXPECT_EQ(Database(folder / "old.db", Database::Open::ReadWrite).integer("PRAGMA freelist_count"), 0);
  EXPECT_EQ(FeatureStore(folder / "old.db").content_digest(), digest);
  FeatureStore store(folder / "old.db", Access::ReadWrite);
  store.write(outcome("more", store.add_recipe(recipe("2d"))));
  EXPECT_EQ(store.videos().size(), 6U);
}

TEST(FeatureStore, GivesRowsAsTheyAreStoredAndRefusesThoseOfAnotherSizeThanTheySay) {
  const TempFolder folder;
  {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    store.write(outcome("a", store.add_recipe(recipe("2d"))));
    store.write(outcome("b", store.add_recipe(recipe("2d"))));
  }
  run_sql(folder / "s.db", "UPDATE feature SET dim = 9000 WHERE video = 2");
  const FeatureStore store(folder / "s.db");
  const auto rows = store.read_rows("a", 1);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->rows, 3);
  EXPECT_EQ(rows->dim, 4);
  EXPECT_EQ(from_half(rows->halves[2 * 4 + 2]), 2.0F);
  EXPECT_FALSE(store.read_rows("c", 1));
  EXPECT_FALSE(store.read_rows("a", 2));
  testing::expect_error([&] { (void)store.read_rows("b", 1); }, Fault::Corrupt,
                        "video 'b' are not of the size");
}

}  // namespace
}  // namespace tvr
