#include "data/store/store_schema.h"

#include <gtest/gtest.h>

#include "data/store/sqlite.h"
#include "data/store/store_inspector.h"
#include "tests/data/store/store_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using Access = FeatureStore::Access;
using testing::extracted;
using testing::TempFolder;

/// The store of an older program: the rows of `newer`, in the tables of `version`.
void write_older(const std::filesystem::path& older, const std::filesystem::path& newer, int version) {
  Database database(older, Database::Open::Create);
  create_store_schema(database, version);
  database.run(("ATTACH '" + newer.string() + "' AS newer").c_str());
  for (const char* table : {"recipe", "video", "outcome", "feature"})
    database.run((std::string("INSERT INTO ") + table + " SELECT * FROM newer." + table).c_str());
}

class OlderStore : public ::testing::TestWithParam<int> {
 protected:
  OlderStore() {
    {
      FeatureStore store(folder_ / "now.db", Access::ReadWrite);
      const std::int64_t recipe = store.add_recipe({"2d", "{}", "w"});
      for (int i = 0; i < 20; ++i) store.write(extracted("video" + std::to_string(i), recipe));
    }
    write_older(folder_ / "old.db", folder_ / "now.db", GetParam());
  }
  TempFolder folder_;
};

TEST_P(OlderStore, IsReadAsItIs) {
  const FeatureStore store(folder_ / "old.db");
  EXPECT_EQ(store.content_digest(), FeatureStore(folder_ / "now.db").content_digest());
  EXPECT_EQ(StoreInspector(folder_ / "old.db").outcomes({}).size(), 20u);
  EXPECT_TRUE(StoreInspector(folder_ / "old.db").damaged_structure().empty());
}

TEST_P(OlderStore, IsBroughtToThisVersionByAWriterAndLosesNothing) {
  FeatureStore(folder_ / "old.db", Access::ReadWrite).write(extracted("video3", 1));
  Database database(folder_ / "old.db", Database::Open::ReadOnly);
  EXPECT_EQ(database.integer("PRAGMA user_version"), kStoreVersion);
  EXPECT_EQ(database.integer("SELECT count(*) FROM failures"), 0);
  EXPECT_EQ(FeatureStore(folder_ / "old.db").content_digest(),
            FeatureStore(folder_ / "now.db").content_digest());
  EXPECT_TRUE(StoreInspector(folder_ / "old.db").damaged_structure().empty());
}

TEST_P(OlderStore, IsCheckedAgainstTheSchemaOfItsTime) {
  {
    Database database(folder_ / "old.db", Database::Open::ReadWrite);
    database.run("CREATE TABLE extra (x)");
  }
  testing::expect_error([&] { FeatureStore store(folder_ / "old.db"); }, Fault::Corrupt, "table 'extra'");
  testing::expect_error([&] { FeatureStore store(folder_ / "old.db", Access::ReadWrite); }, Fault::Corrupt,
                        "table 'extra'");
}

INSTANTIATE_TEST_SUITE_P(Versions, OlderStore, ::testing::Range(1, kStoreVersion + 1));

}  // namespace
}  // namespace tvr
