#include "pipeline/extraction/scratch_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <thread>

#include "data/store/feature_store.h"
#include "data/store/sqlite.h"
#include "data/store/store_inspector.h"
#include "tests/data/store/store_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using Access = FeatureStore::Access;
using testing::expect_error;
using testing::extracted;
using testing::TempFolder;
using namespace std::chrono_literals;

void add(const fs::path& path, const std::string& video) {
  FeatureStore store(path, Access::ReadWrite);
  store.write(extracted(video, store.add_recipe({"2d", "{}", "w"})));
}

std::size_t videos_in(const fs::path& path) { return FeatureStore(path).videos().size(); }

fs::path own_folder(const fs::path& scratch) { return scratch / ("pipeline-" + std::to_string(::geteuid())); }

class ScratchStoreTest : public ::testing::Test {
 protected:
  TempFolder folder_;
  fs::path home_ = folder_ / "shared/parts/1.db", scratch_ = folder_ / "local disk";
};

TEST_F(ScratchStoreTest, IsFetchedWorkedOnAndBroughtHome) {
  {
    ScratchStore store(home_, scratch_);
    add(store.path(), "a");
    store.hand_back();
  }
  EXPECT_EQ(videos_in(home_), 1U);
  EXPECT_FALSE(fs::exists(home_.string() + "-wal"));
  {
    ScratchStore store(home_, folder_ / "another node");
    EXPECT_EQ(videos_in(store.path()), 1U);
    add(store.path(), "b");
    EXPECT_EQ(videos_in(home_), 1U);
    store.hand_back();
  }
  EXPECT_EQ(videos_in(home_), 2U);
  EXPECT_TRUE(fs::is_empty(own_folder(scratch_)));
  EXPECT_TRUE(fs::is_empty(own_folder(folder_ / "another node")));
}

TEST_F(ScratchStoreTest, FetchesWhatWaitsInALog) {
  fs::create_directories(home_.parent_path());
  FeatureStore writer(home_, Access::ReadWrite);
  writer.write(extracted("a", writer.add_recipe({"2d", "{}", "w"})));
  fs::copy(home_, folder_ / "shared/2.db");
  fs::copy(home_.string() + "-wal", folder_ / "shared/2.db-wal");
  ScratchStore store(folder_ / "shared/2.db", scratch_);
  EXPECT_EQ(videos_in(store.path()), 1U);
}

TEST_F(ScratchStoreTest, IsCopiedHomeWhileItIsWritten) {
  ScratchStore store(home_, scratch_, 20ms);
  FeatureStore local(store.path(), Access::ReadWrite);
  const std::int64_t recipe = local.add_recipe({"2d", "{}", "w"});
  std::size_t written = 0, seen = 0;
  for (; written < 2000 && seen < 5; ++written) {
    local.write(extracted("video" + std::to_string(written), recipe));
    std::error_code unseen;
    if (!fs::exists(home_, unseen)) continue;
    const FeatureStore copy(home_);  // whole whenever it is looked at
    EXPECT_EQ(copy.videos().size(), copy.featured_videos(1).size());
    seen += copy.videos().size() > 0 ? 1 : 0;
  }
  EXPECT_GE(seen, 5U) << written;
}

TEST_F(ScratchStoreTest, IsNotCopiedHomeBeforeItHasBegun) {
  {
    ScratchStore store(home_, scratch_, 1ms);
    Database empty(store.path(), Database::Open::Create);
    empty.run("PRAGMA user_version = 0");
    std::this_thread::sleep_for(50ms);
    EXPECT_FALSE(fs::exists(home_));
    store.hand_back();
  }
  EXPECT_FALSE(fs::exists(home_));
  ScratchStore store(home_, scratch_);
  add(store.path(), "a");
  store.hand_back();
  EXPECT_EQ(videos_in(home_), 1U);
}

TEST_F(ScratchStoreTest, ThatIsLeftWithoutBeingHandedBackLeavesHomeAsItWas) {
  add((fs::create_directories(home_.parent_path()), home_), "a");
  {
    ScratchStore store(home_, scratch_);
    add(store.path(), "b");
  }
  EXPECT_EQ(videos_in(home_), 1U);
}

TEST_F(ScratchStoreTest, TakesNothingFromAKilledProgramButWhatIsAtHome) {
  fs::path local;
  {
    ScratchStore store(home_, scratch_);
    local = store.path();
    add(store.path(), "a");
    store.hand_back();
  }
  std::ofstream(local) << "half a store";
  std::ofstream(local.string() + "-wal") << "of another one";
  ScratchStore store(home_, scratch_);
  EXPECT_EQ(videos_in(store.path()), 1U);
}

TEST_F(ScratchStoreTest, IsOneProgramsAtATime) {
  ScratchStore store(home_, scratch_);
  expect_error([&] { ScratchStore other(home_, folder_ / "elsewhere"); }, Fault::Busy,
               "another program is writing to it");
}

TEST_F(ScratchStoreTest, ThatCannotBeBroughtHomeIsKeptNamedAndTakenUp) {
  auto store = std::make_unique<ScratchStore>(home_, scratch_);
  add(store->path(), "a");
  const fs::path local = store->path();
  fs::remove_all(home_.parent_path());
  const fs::path kept = local.string() + ".kept";
  expect_error([&] { store->hand_back(); }, Fault::Unreadable, "The store is kept in " + kept.string());
  store.reset();
  EXPECT_EQ(videos_in(kept), 1U);

  fs::create_directories(home_.parent_path());
  add(home_, "b");  // by another machine
  ScratchStore next(home_, scratch_);
  EXPECT_EQ(videos_in(next.path()), 2U);
  EXPECT_FALSE(fs::exists(kept));
}

TEST_F(ScratchStoreTest, TakesTheLogOfAKilledProgramHomeWithTheStoreThatItBelongsTo) {
  fs::create_directories(home_.parent_path());
  {
    FeatureStore killed(folder_ / "killed.db", Access::ReadWrite);
    const std::int64_t recipe = killed.add_recipe({"2d", "{}", "w"});
    for (int i = 0; i < 50; ++i) killed.write(extracted("video" + std::to_string(i), recipe));
    fs::copy(folder_ / "killed.db", home_);
    fs::copy(folder_ / "killed.db-wal", home_.string() + "-wal");
  }
  {
    ScratchStore store(home_, scratch_);
    EXPECT_EQ(videos_in(store.path()), 50U);
    add(store.path(), "a");
    store.hand_back();
  }
  EXPECT_FALSE(fs::exists(home_.string() + "-wal"));
  EXPECT_EQ(videos_in(home_), 51U);
  EXPECT_TRUE(StoreInspector(home_).damaged_features().empty());
}

TEST_F(ScratchStoreTest, OfALinkIsBroughtToWhereTheLinkLeads) {
  fs::create_directories(home_.parent_path());
  add(home_, "a");
  const fs::path link = folder_ / "link.db";
  fs::create_symlink(home_, link);
  ScratchStore store(link, scratch_);
  add(store.path(), "b");
  store.hand_back();
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(videos_in(home_), 2U);
}

TEST_F(ScratchStoreTest, ThatEndsTakesNothingFromOneThatHasNotWrittenYet) {
  const ScratchStore next(folder_ / "shared/parts/2.db",
                          scratch_);  // as a task that still loads its networks
  {
    ScratchStore store(home_, scratch_);
    add(store.path(), "a");
    store.hand_back();
  }
  add(next.path(), "b");
  EXPECT_EQ(videos_in(next.path()), 1U);
}

TEST_F(ScratchStoreTest, LiesInAFolderOfThisUserAlone) {
  {
    const ScratchStore store(home_, scratch_);
    EXPECT_EQ(fs::status(store.path().parent_path()).permissions(), fs::perms::owner_all);
  }
  fs::remove(own_folder(scratch_));
  fs::create_directory_symlink(folder_.path(), own_folder(scratch_));
  expect_error([&] { const ScratchStore store(home_, scratch_); }, Fault::Unsupported,
               "is no folder that this user alone can write to");
}

}  // namespace
}  // namespace tvr
