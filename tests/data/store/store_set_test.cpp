#include "data/store/store_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "data/store/choose_recipes.h"
#include "data/store/store_catalog.h"
#include "data/store/store_inspector.h"
#include "tests/data/store/store_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using Access = FeatureStore::Access;
using ::testing::ElementsAre;
using testing::expect_error;
using testing::extracted;
using testing::TempFolder;

const Recipe kFrames{"2d", "{}", "random:seed=1"}, kClips{"3d", "{}", "random:seed=1"};

std::string video(int i) { return "video" + std::to_string(i); }

/// Every `step`-th of 40 videos, from `first` on, in both lanes.
void fill(const std::filesystem::path& path, int first, int step, bool lanes_turned = false) {
  FeatureStore store(path, Access::ReadWrite);
  const std::int64_t one = store.add_recipe(lanes_turned ? kClips : kFrames);
  const std::int64_t two = store.add_recipe(lanes_turned ? kFrames : kClips);
  for (int i = first; i < 40; i += step) {
    store.write(extracted(video(i), one));
    store.write(extracted(video(i), two));
  }
}

/// A cache of its own, a store with everything and the same in five parts.
class StoreSet : public ::testing::Test {
 protected:
  StoreSet() {
    ::setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    fill(folder_ / "one.db", 0, 1);
    std::filesystem::create_directory(folder_ / "parts");
    for (int part = 0; part < 5; ++part) fill(part_of(part), part, 5, part % 2 == 1);
  }
  ~StoreSet() override { ::unsetenv("XDG_CACHE_HOME"); }

  [[nodiscard]] std::filesystem::path part_of(int part) const {
    return folder_ / ("parts/" + std::to_string(part) + ".db");
  }
  [[nodiscard]] std::filesystem::path pattern() const { return folder_ / "parts/*.db"; }
  [[nodiscard]] std::filesystem::path cache() const {
    return *std::filesystem::directory_iterator(folder_ / "cache/pipeline/store_sets");
  }

  TempFolder folder_;
};

TEST_F(StoreSet, ReadsWhatTheMergedStoreHolds) {
  const FeatureStore set(pattern()), one(folder_ / "one.db");
  EXPECT_EQ(set.content_digest(), one.content_digest());
  const std::vector<RecipeRow> recipes = choose_recipes(set, {}, {}), same = choose_recipes(one, {}, {});
  ASSERT_EQ(recipes.size(), 2U);
  for (std::size_t lane = 0; lane < recipes.size(); ++lane) {
    EXPECT_EQ(recipes[lane].recipe.identity(), same[lane].recipe.identity());
    EXPECT_EQ(recipes[lane].videos, 40);
    EXPECT_EQ(recipes[lane].dim, 64);
    const auto featured = set.featured_videos(recipes[lane].id), wanted = one.featured_videos(same[lane].id);
    ASSERT_EQ(featured.size(), wanted.size());
    for (std::size_t i = 0; i < featured.size(); ++i) {
      EXPECT_EQ(featured[i].source.id, wanted[i].source.id);
      EXPECT_EQ(featured[i].hash, wanted[i].hash);
      EXPECT_EQ(set.read(featured[i].source.id, recipes[lane].id)->values.row(2)[5],
                one.read(featured[i].source.id, same[lane].id)->values.row(2)[5]);
      EXPECT_TRUE(set.has_features(featured[i].source.id, recipes[lane].id));
    }
  }
  ASSERT_EQ(set.videos().size(), 40U);
  EXPECT_EQ(set.videos()[1].source.id, one.videos()[1].source.id);
  EXPECT_EQ(set.known(video(13))->tries.size(), 2U);
  EXPECT_EQ(set.id_of_name(video(13)), video(13));
  EXPECT_EQ(set.id_of_name("nothing"), std::nullopt);
  EXPECT_FALSE(set.read("nothing", recipes[0].id));
  EXPECT_FALSE(set.read(video(1), 99));
  EXPECT_FALSE(set.known("nothing"));
}

TEST_F(StoreSet, IsReadByOtherThreadsThroughConnectionsOfTheirOwn) {
  const FeatureStore set(pattern());
  const FeatureStore other = set.another();
  EXPECT_EQ(other.content_digest(), set.content_digest());
}

TEST_F(StoreSet, IsInspectedFileByFile) {
  const StoreInspector set(pattern()), one(folder_ / "one.db");
  const auto sums = set.sums({}), wanted = one.sums({});
  ASSERT_EQ(sums.size(), wanted.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    EXPECT_EQ(sums[i].lane, wanted[i].lane);
    EXPECT_EQ(sums[i].videos, wanted[i].videos);
    EXPECT_EQ(sums[i].feature_rows, wanted[i].feature_rows);
  }
  const auto all = set.outcomes({});
  ASSERT_EQ(all.size(), 80U);
  EXPECT_EQ(all[0].video, video(0));
  EXPECT_EQ(set.outcomes({}, 3, 15).size(), 3U);
  EXPECT_EQ(set.outcomes({}, 3, 15)[0].video, all[15].video);
  EXPECT_EQ(set.outcomes({}, 3, 15)[2].video, all[17].video);  // of the second file
  EXPECT_EQ(set.newest_videos(10).size(), 10U);
  const FeatureStore store(pattern());
  for (const OutcomeRow& row : all) EXPECT_TRUE(store.read(row.video, row.recipe_row)) << row.video;
}

TEST_F(StoreSet, IsRememberedUntilAFileChanges) {
  (void)FeatureStore(pattern());
  const auto made = std::filesystem::last_write_time(cache());
  (void)FeatureStore(pattern());
  EXPECT_EQ(std::filesystem::last_write_time(cache()), made) << "read, not made again";
  {
    FeatureStore part(part_of(2), Access::ReadWrite);
    part.write(extracted("new", part.add_recipe(kFrames)));
  }
  EXPECT_TRUE(FeatureStore(pattern()).known("new"));
  EXPECT_NE(std::filesystem::last_write_time(cache()), made);
}

TEST_F(StoreSet, IsLookedAtAgainWhereWhatIsRememberedIsDamaged) {
  (void)FeatureStore(pattern());
  std::ifstream in(cache(), std::ios::binary);
  const std::string kept((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto all_are_found_with = [&](const std::string& content) {
    std::ofstream(cache(), std::ios::binary | std::ios::trunc) << content;
    const FeatureStore set(pattern());
    const std::vector<RecipeRow> recipes = set.recipes();
    if (recipes.size() != 2 || recipes[0].videos != 40 || recipes[1].videos != 40) return false;
    for (int i = 0; i < 40; ++i)
      if (!set.read(video(i), 1) || !set.read(video(i), 2)) return false;
    return true;
  };
  EXPECT_TRUE(all_are_found_with(kept));
  for (std::size_t at = 0; at < kept.size(); at += 11) {
    std::string damaged = kept;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_TRUE(all_are_found_with(damaged)) << at;
  }
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{5}, std::size_t{71}, kept.size() / 2})
    EXPECT_TRUE(all_are_found_with(kept.substr(0, bytes))) << bytes;
}

TEST_F(StoreSet, NeedsNoCacheFolder) {
  std::ofstream(folder_ / "file");
  ::setenv("XDG_CACHE_HOME", (folder_ / "file").c_str(), 1);
  EXPECT_EQ(FeatureStore(pattern()).content_digest(), FeatureStore(folder_ / "one.db").content_digest());
}

TEST_F(StoreSet, WithAVideoTwiceIsRefusedNamingBothFiles) {
  {
    FeatureStore part(part_of(4), Access::ReadWrite);
    part.write(extracted(video(7), part.add_recipe(kFrames)));
  }
  expect_error([&] { FeatureStore set(pattern()); }, Fault::Mismatch,
               "video 'video7' is in " + part_of(2).string() + " and in " + part_of(4).string());
}

TEST_F(StoreSet, OfTwoRecipesIsRefusedNamingBothFiles) {
  const Recipe other{"2d", "{}", "random:seed=2"};
  {
    FeatureStore part(folder_ / "parts/9.db", Access::ReadWrite);
    part.write(extracted("new", part.add_recipe(other)));
  }
  expect_error([&] { FeatureStore set(pattern()); }, Fault::Mismatch,
               "lane 2d was extracted by recipe " + kFrames.identity().substr(0, 12) + " in " +
                   part_of(0).string() + " and by recipe " + other.identity().substr(0, 12) + " in " +
                   (folder_ / "parts/9.db").string());
}

TEST_F(StoreSet, IsOnlyReadAndMustMatchSomething) {
  expect_error([&] { FeatureStore set(pattern(), Access::ReadWrite); }, Fault::InvalidArgument,
               "names a set of stores, which is only read");
  expect_error([&] { FeatureStore set(folder_ / "none/*.db"); }, Fault::NotFound,
               "no store matches this pattern");
  fill(folder_ / "clips [2024].db", 0, 1);  // no pattern: a file of this name
  EXPECT_EQ(FeatureStore(folder_ / "clips [2024].db").videos().size(), 40U);
}

TEST_F(StoreSet, OfMoreFilesThanMayBeOpenIsReadAsWell) {
  std::filesystem::create_directory(folder_ / "many");
  for (int part = 0; part < 40; ++part) fill(folder_ / ("many/" + std::to_string(part) + ".db"), part, 40);
  const FeatureStore set(folder_ / "many/*.db");
  EXPECT_EQ(set.content_digest(), FeatureStore(folder_ / "one.db").content_digest());
}

TEST_F(StoreSet, IsReadWithTheDescriptorsThatThereAre) {
  std::filesystem::create_directory(folder_ / "many");
  for (int part = 0; part < 40; ++part) fill(folder_ / ("many/" + std::to_string(part) + ".db"), part, 40);
  const Digest wanted = FeatureStore(folder_ / "one.db").content_digest();
  const auto report = testing::in_child([&]() -> std::string {
    const rlimit limit{32, 32};
    setrlimit(RLIMIT_NOFILE, &limit);
    return FeatureStore(folder_ / "many/*.db").content_digest();
  });
  EXPECT_EQ(report.text, wanted);
}

TEST_F(StoreSet, WithADamagedFileNamesIt) {
  std::ofstream(part_of(2), std::ios::binary | std::ios::trunc) << "no store at all, however long it is";
  expect_error([&] { FeatureStore set(pattern()); }, Fault::Corrupt, part_of(2).string());
}

TEST_F(StoreSet, StampChangesWithEveryFile) {
  const std::string before = store_stamp(pattern());
  {
    FeatureStore part(part_of(3), Access::ReadWrite);
    part.write(extracted("new", part.add_recipe(kFrames)));
  }
  EXPECT_NE(store_stamp(pattern()), before);
}

TEST(StoresOf, APatternAreInNaturalOrder) {
  const TempFolder folder;
  for (const char* name : {"10.db", "9.db", "1.db"}) std::ofstream(folder / name);
  EXPECT_THAT(stores_of(folder / "*.db"), ElementsAre(folder / "1.db", folder / "9.db", folder / "10.db"));
  EXPECT_THAT(stores_of(folder / "9.db"), ElementsAre(folder / "9.db"));
}

TEST_F(StoreSet, PassesOverWhatLiesBesideTheStores) {
  std::ofstream(part_of(0).string() + ".lock");
  std::ofstream(part_of(1).string() + "-wal");
  EXPECT_EQ(stores_of(folder_ / "parts/*").size(), 5U);
}

TEST_F(StoreSet, KeepsACacheOfTheNewestListsOnly) {
  (void)FeatureStore(pattern()).recipes();
  const std::filesystem::path caches = cache().parent_path();
  for (int i = 0; i < 40; ++i) {
    const std::filesystem::path old = caches / std::to_string(i);
    std::ofstream(old) << "of before";
    std::filesystem::last_write_time(old,
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
  (void)FeatureStore(std::vector{part_of(1), part_of(2)}).recipes();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(caches), {}), 32);
  const auto made = std::filesystem::file_time_type::clock::now();
  (void)FeatureStore(pattern()).recipes();
  for (const auto& each : std::filesystem::directory_iterator(caches))
    EXPECT_LT(each.last_write_time(), made) << "the caches of both sets are still there";
}

}  // namespace
}  // namespace tvr
