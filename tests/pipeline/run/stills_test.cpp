#include "pipeline/run/stills.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>
#include <vector>

#include "data/store/sqlite.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using std::chrono::seconds;
using testing::TempFolder;

const TimeSpan kWhole = {seconds(0), seconds(100)};

TEST(Stills, GivesTheNearestOfAVideoWithinASpan) {
  const TempFolder run;
  Stills stills(run.path());
  stills.keep("a", seconds(10), "ten");
  stills.keep("a", seconds(20), "twenty");
  stills.keep("b", seconds(14), "another video");
  EXPECT_EQ(stills.nearest("a", seconds(14), kWhole), "ten");
  EXPECT_EQ(stills.nearest("a", seconds(99), kWhole), "twenty");
  EXPECT_EQ(stills.nearest("a", seconds(14), {seconds(11), seconds(19)}), "");
  EXPECT_EQ(stills.nearest("c", seconds(14), kWhole), "");
}

TEST(Stills, OutlastTheProgramAndMoveWithTheFolder) {
  const TempFolder folder;
  const auto run = testing::write_file(folder / "before/x", "").parent_path();
  Stills(run).keep("a", seconds(1), std::string("\xff\xd8\0jpeg", 7));
  std::filesystem::rename(run, folder / "after");
  EXPECT_EQ(Stills(folder / "after").nearest("a", seconds(1), kWhole), std::string("\xff\xd8\0jpeg", 7));
}

TEST(Stills, DropTheFirstBeyondTheirBudget) {
  const TempFolder run;
  Stills stills(run.path());
  const std::string picture(1 << 20, 'x');
  for (int i = 0; i < 200; ++i) stills.keep("a", seconds(i), picture);
  EXPECT_EQ(stills.nearest("a", seconds(0), {seconds(0), seconds(0)}), "");
  EXPECT_EQ(stills.nearest("a", seconds(199), {seconds(199), seconds(199)}), picture);
}

TEST(Stills, AreNoneWhereThereIsNoFileAndNoneCanBeMade) {
  const TempFolder folder;
  Stills stills(folder / "no such folder");
  stills.keep("a", seconds(1), "x");
  EXPECT_EQ(stills.nearest("a", seconds(1), kWhole), "");
}

TEST(Stills, ThatAreDamagedAreNone) {
  const TempFolder run;
  testing::write_file(run / "stills.db", "no database at all, but longer than a header would be");
  Stills stills(run.path());
  stills.keep("a", seconds(1), "x");
  EXPECT_EQ(stills.nearest("a", seconds(1), kWhole), "");
}

TEST(Stills, TakeManyThreads) {
  const TempFolder run;
  Stills stills(run.path());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&stills, t] {
      for (int i = 0; i < 20; ++i) {
        stills.keep("video", seconds(4 * i + t), std::to_string(4 * i + t));
        (void)stills.nearest("video", seconds(i), kWhole);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 80; ++i) EXPECT_EQ(stills.nearest("video", seconds(i), kWhole), std::to_string(i));
}

TEST(Stills, AreNeverWrittenThroughALinkNorIntoAnotherDatabase) {
  const TempFolder folder;
  const std::filesystem::path theirs = folder / "theirs.db";
  Database(theirs, Database::Open::Create)
      .run("CREATE TABLE still (id INTEGER PRIMARY KEY, features, at, jpeg, UNIQUE (features, at))");
  const Digest before = sha256_file(theirs);
  const auto run = testing::write_file(folder / "run/x", "").parent_path();
  std::filesystem::create_symlink(theirs, run / "stills.db");
  Stills(run).keep("a", seconds(1), "x");
  EXPECT_EQ(sha256_file(theirs), before);
  std::filesystem::remove(run / "stills.db");
  std::filesystem::copy(theirs, run / "stills.db");
  Stills(run).keep("a", seconds(1), "x");
  EXPECT_EQ(sha256_file(run / "stills.db"), before);
}

TEST(Stills, ThatAStrangerMadeNeitherComputeForEverNorFillTheMemory) {
  const TempFolder folder;
  const auto made = [&](const std::string& name, const std::string& sql) {
    const auto run = testing::write_file(folder / (name + "/x"), "").parent_path();
    Database(run / "stills.db", Database::Open::Create)
        .run(("PRAGMA application_id = 0x7374696c;" + sql).c_str());
    return run;
  };
  const auto endless =
      made("endless",
           "CREATE VIEW still AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
           "SELECT i AS id, 'a' AS features, 1000000 AS at, x'ffd8ff' AS jpeg FROM n");
  EXPECT_EQ(Stills(endless).nearest("a", seconds(1), kWhole), "");
  const auto large =
      made("large",
           "CREATE TABLE still (id INTEGER PRIMARY KEY, features, at, jpeg, UNIQUE (features, at));"
           "INSERT INTO still VALUES (1, 'a', 1000000, zeroblob(100000000)), (2, 'a', 2000000, 'small')");
  EXPECT_EQ(Stills(large).nearest("a", seconds(1), kWhole), "small");
}

TEST(Stills, DoNotWaitForAFifo) {
  const TempFolder run;
  ASSERT_EQ(::mkfifo((run / "stills.db").c_str(), 0600), 0);
  Stills stills(run.path());
  EXPECT_EQ(stills.nearest("a", seconds(1), kWhole), "");
}

}  // namespace
}  // namespace tvr
