// What a program that only reads leaves of a store and beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>

#include "data/store/feature_store.h"
#include "data/store/store_inspector.h"
#include "data/text_file.h"
#include "tests/data/store/store_fixture.h"
#include "tests/support/documented.h"
#include "tests/support/python.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using Access = FeatureStore::Access;
using testing::extracted;
using testing::TempFolder;

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

class StoreReaders : public ::testing::Test {
 protected:
  void write(const std::string& id) const {
    FeatureStore store(folder_ / "s.db", Access::ReadWrite);
    store.write(extracted(id, store.add_recipe({"2d", "{}", "random:seed=1"})));
  }
  void read(std::size_t videos) const {
    const FeatureStore store(folder_ / "s.db");
    EXPECT_EQ(store.videos().size(), videos);
    EXPECT_EQ(StoreInspector(folder_ / "s.db").outcomes({}).size(), videos);
  }

  TempFolder folder_;
};

TEST_F(StoreReaders, LeaveNothingBehindAndTheStoreAsItWas) {
  write("a");
  const std::string bytes = read_text_file(folder_ / "s.db");
  const auto time = std::filesystem::last_write_time(folder_ / "s.db");
  read(1);
  EXPECT_THAT(files_in(folder_.path()), ElementsAre("s.db", "s.db.lock"));
  EXPECT_EQ(read_text_file(folder_ / "s.db"), bytes);
  EXPECT_EQ(std::filesystem::last_write_time(folder_ / "s.db"), time);
}

TEST_F(StoreReaders, RemoveWhatAnEarlierReaderLeft) {
  write("a");
  std::ofstream(folder_ / "s.db-wal").flush();
  read(1);
  EXPECT_THAT(files_in(folder_.path()), ElementsAre("s.db", "s.db.lock"));
}

TEST_F(StoreReaders, LeaveTheRowsOfAKilledWriterWhereTheyAre) {
  const pid_t writer = fork();
  if (writer == 0) {
    FeatureStore store(folder_ / "s.db", Access::ReadWrite);
    store.write(extracted("a", store.add_recipe({"2d", "{}", "random:seed=1"})));
    kill(getpid(), SIGKILL);
  }
  waitpid(writer, nullptr, 0);
  const std::string bytes = read_text_file(folder_ / "s.db"), log = read_text_file(folder_ / "s.db-wal");
  ASSERT_FALSE(log.empty());
  read(1);
  EXPECT_EQ(read_text_file(folder_ / "s.db"), bytes);
  EXPECT_EQ(read_text_file(folder_ / "s.db-wal"), log);
}

TEST_F(StoreReaders, NeitherStopAWriterNorMissWhatItWritesMeanwhile) {
  write("a");
  {
    std::optional<FeatureStore> reader(folder_ / "s.db");
    FeatureStore store(folder_ / "s.db", Access::ReadWrite);
    store.write(extracted("b", store.add_recipe({"2d", "{}", "random:seed=1"})));
    EXPECT_EQ(reader->videos().size(), 2U);
    reader.reset();
    store.write(extracted("c", store.add_recipe({"2d", "{}", "random:seed=1"})));
  }
  read(3);
  EXPECT_THAT(files_in(folder_.path()), ElementsAre("s.db", "s.db.lock"));
}

TEST_F(StoreReaders, InPythonAreFifteenLines) {
  TVR_NEEDS_PYTHON("numpy");
  write("a");
  write("floor 3/\xc3\xa4");
  const std::string reader = testing::documented_python("data/store/FORMAT.md");
  ASSERT_NE(reader, "");
  EXPECT_LE(std::count(reader.begin(), reader.end(), '\n'), 15);
  int status = 0;
  const std::string said = testing::run_python(reader + R"(
import sys
seen = features(sys.argv[1], '2d')
assert list(seen) == ['a', 'floor 3/\u00e4'], list(seen)
times, values = seen['a']
assert values.dtype == np.float16 and values.shape == (3, 64) and times.tolist()[1] == [0.001, 0.002]
print(float(values.astype(float).sum()))
)",
                                               "'" + (folder_ / "s.db").string() + "'", status);
  ASSERT_EQ(status, 0) << said;
  const std::optional<FeatureSequence> rows = FeatureStore(folder_ / "s.db").read("a", 1);
  ASSERT_TRUE(rows);
  double sum = 0;
  for (std::int64_t i = 0; i < 3 * 64; ++i) sum += static_cast<double>(rows->values.data()[i]);
  EXPECT_NEAR(std::stod(said), sum, 1e-6);
}

}  // namespace
}  // namespace tvr
