// What the world does to a store: killed, cut off, out of room, not to be written.
#include <gtest/gtest.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>

#include "data/error.h"
#include "data/store/known_ids.h"
#include "data/store/store_inspector.h"
#include "data/store/store_schema.h"
#include "tests/data/store/store_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using Access = FeatureStore::Access;
using testing::expect_error;
using testing::extracted;
using testing::in_child;
using testing::TempFolder;

const Recipe kRecipe{"2d", "{}", "random:seed=1"};

void extract_all(const std::filesystem::path& path, int count) {
  FeatureStore store(path, Access::ReadWrite);
  const std::int64_t recipe = store.add_recipe(kRecipe);
  for (int i = 0; i < count; ++i) {
    const VideoOutcome outcome = extracted("video" + std::to_string(i), recipe);
    if (!store.is_fresh(outcome.source.id, outcome.fingerprint.content, recipe)) store.write(outcome);
  }
}

/// Writes videos until the store refuses; "how many were acknowledged, what it said".
std::string fill_until_refused(const std::filesystem::path& path) {
  int acknowledged = 0;
  try {
    FeatureStore store(path, Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe(kRecipe);
    for (; acknowledged < 100'000; ++acknowledged) {
      store.write(extracted("video" + std::to_string(acknowledged), recipe));
    }
  } catch (const Error& error) {
    return std::to_string(acknowledged) + " " + name(error.fault()) + ": " + error.what();
  }
  return std::to_string(acknowledged) + " never refused";
}

/// Readable by everybody, written by nobody but root.
void forbid_writing(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) chmod(entry.path().c_str(), 0444);
  chmod(folder.c_str(), 0555);
}

/// In a child that is not root, so that permissions count.
std::string as_nobody(const std::function<std::string()>& work) {
  return in_child([&]() -> std::string {
           if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return "cannot drop root";
           try {
             return work();
           } catch (const Error& error) {
             return std::string(name(error.fault())) + ": " + error.what();
           }
         })
      .text;
}

TEST(KnownIds, OfAnEmptyFileAreNoneAsAKilledCreationLeavesOne) {
  const TempFolder folder;
  std::ofstream(folder / "s.db").flush();
  int ids = 0;
  known_ids({folder / "s.db", folder / "nothing.db"})([&](const auto&, const auto&) { ++ids; });
  EXPECT_EQ(ids, 0);
  extract_all(folder / "s.db", 2);  // what opens it for writing makes a store of it
  known_ids({folder / "s.db"})([&](const auto&, const auto&) { ++ids; });
  EXPECT_EQ(ids, 2);
}

TEST(StoreFaults, FiftyKillsAndAsManyResumesGiveTheDigestOfOneRun) {
  constexpr int kVideos = 60;
  const TempFolder folder;
  extract_all(folder / "whole.db", kVideos);
  const Digest whole = FeatureStore(folder / "whole.db").content_digest();
  std::mt19937 random(1);
  int cut_short = 0;
  for (int round = 0; round < 50; ++round) {
    const auto path = folder / ("killed" + std::to_string(round) + ".db");
    const pid_t writer = fork();
    if (writer == 0) {
      extract_all(path, kVideos);
      _exit(0);
    }
    usleep(random() % 60'000);
    kill(writer, SIGKILL);
    int status = 0;
    waitpid(writer, &status, 0);
    cut_short += WIFSIGNALED(status) ? 1 : 0;
    extract_all(path, kVideos);
    EXPECT_EQ(FeatureStore(path).content_digest(), whole) << "round " << round;
  }
  EXPECT_GT(cut_short, 10) << "the kills came too late to show anything";
}

TEST(StoreFaults, AFileSizeLimitIsAnErrorAndLosesNothing) {
  const TempFolder folder;
  const auto report = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4'000'000, 4'000'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    return fill_until_refused(folder / "s.db");
  });
  const int acknowledged = std::stoi(report.text);
  EXPECT_GT(acknowledged, 0) << report.text;
  EXPECT_NE(report.text.find("SQLite says"), std::string::npos) << report.text;
  extract_all(folder / "s.db", acknowledged + 5);
  EXPECT_TRUE(StoreInspector(folder / "s.db").damaged_features().empty());
  EXPECT_EQ(StoreInspector(folder / "s.db").outcomes({}).size(), static_cast<std::size_t>(acknowledged) + 5);
}

TEST(StoreFaults, AFullDiskIsAnErrorAndLosesNothing) {
  const TempFolder folder;
  const auto report = in_child([&]() -> std::string {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", folder.path().c_str(), "tmpfs", 0, "size=5m") != 0) {
      return "no mount";
    }
    const std::string said = fill_until_refused(folder / "s.db");
    std::size_t kept = 0;
    const FeatureStore store(folder / "s.db");
    for (const VideoRow& row : store.videos()) kept += store.read(row.source.id, 1) ? 1 : 0;
    return said + "; kept " + std::to_string(kept);
  });
  if (report.text == "no mount") GTEST_SKIP() << "needs the right to mount a small tmpfs";
  EXPECT_NE(report.text.find("Free disk space"), std::string::npos) << report.text;
  EXPECT_NE(report.text.find("; kept " + std::to_string(std::stoi(report.text))), std::string::npos)
      << report.text;
}

TEST(StoreFaults, AReadOnlyFolderIsReadAndWritingToItIsRefused) {
  const TempFolder folder;
  extract_all(folder / "s.db", 5);
  chmod(folder.path().c_str(), 0755);
  forbid_writing(folder.path());
  EXPECT_EQ(as_nobody([&] { return std::to_string(FeatureStore(folder / "s.db").videos().size()); }), "5");
  const std::string refused = as_nobody([&] {
    FeatureStore(folder / "s.db", Access::ReadWrite);
    return "written";
  });
  EXPECT_NE(refused.find("cannot be written"), std::string::npos) << refused;
  chmod(folder.path().c_str(), 0755);
}

TEST(StoreFaults, RowsThatWaitInTheLogOfAReadOnlyFolderAreNotMissedInSilence) {
  const TempFolder folder;
  const pid_t writer = fork();
  if (writer == 0) {
    extract_all(folder / "s.db", 5);
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    store.write(extracted("last", 1));
    kill(getpid(), SIGKILL);  // the rows stay in the -wal file
  }
  waitpid(writer, nullptr, 0);
  ASSERT_GT(std::filesystem::file_size((folder / "s.db").string() + "-wal"), 0u);
  std::filesystem::remove((folder / "s.db").string() + "-shm");
  forbid_writing(folder.path());
  const std::string seen =
      as_nobody([&] { return std::to_string(FeatureStore(folder / "s.db").videos().size()); });
  EXPECT_NE(seen.find("-wal"), std::string::npos) << "6 videos were committed; seen: " << seen;
  chmod(folder.path().c_str(), 0755);
}

TEST(StoreFaults, VerifyNamesTheVideoOfEachOf600BitsFlippedInTheFile) {
  constexpr int kVideos = 20;
  const TempFolder folder;
  extract_all(folder / "s.db", kVideos);
  std::fstream file(folder / "s.db", std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::mt19937 random(1);
  int named = 0;
  for (int flip = 0; flip < 600; ++flip) {
    const std::string id = "video" + std::to_string(random() % kVideos);
    const std::vector<std::uint16_t> halves = extracted(id, 1).lanes[0].features.halves;
    const std::string blob(reinterpret_cast<const char*>(halves.data()), 2 * halves.size());
    const std::size_t place = bytes.find(blob);
    ASSERT_NE(place, std::string::npos) << id;
    const std::size_t at = place + random() % blob.size();
    const auto put = [&](char byte) { file.seekp(static_cast<std::streamoff>(at)).put(byte).flush(); };
    put(static_cast<char>(bytes[at] ^ 1 << random() % 8));
    const auto damaged = StoreInspector(folder / "s.db").damaged_features();
    named += damaged.size() == 1 && damaged[0].video == id ? 1 : 0;
    put(bytes[at]);
  }
  EXPECT_EQ(named, 600);
}

/// Everything that reads a store; what it said, "fine" when nothing was wrong.
std::string look_at_all(const std::filesystem::path& path) {
  try {
    const StoreInspector inspector(path);
    const std::size_t damaged = inspector.damaged_features().size();
    const std::size_t complaints = inspector.damaged_structure().size();
    (void)inspector.sums({});
    (void)FeatureStore(path).content_digest();
    return damaged + complaints > 0 ? "found" : "fine";
  } catch (const Error& error) {
    return name(error.fault());
  }
}

TEST(StoreFaults, DamagedPagesAreFoundOrRefusedAndNeverACrash) {
  const TempFolder folder;
  extract_all(folder / "s.db", 30);
  std::ifstream in(folder / "s.db", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  constexpr std::size_t kPage = kStorePageBytes;
  std::mt19937 random(1);
  std::map<std::string, int> said;
  for (std::size_t page = 0; page < bytes.size() / kPage; ++page) {
    for (const char* kind : {"zeros", "noise", "another"}) {
      std::string damaged = bytes;
      char* at = damaged.data() + page * kPage;
      for (std::size_t i = 0; i < kPage; ++i) at[i] = *kind == 'n' ? static_cast<char>(random()) : '\0';
      if (*kind == 'a') std::copy_n(bytes.data() + (page + 7) % (bytes.size() / kPage) * kPage, kPage, at);
      std::ofstream(folder / "d.db", std::ios::binary) << damaged;
      ++said[look_at_all(folder / "d.db")];
    }
  }
  for (const auto& [what, times] : said) std::printf("%s: %d\n", what.c_str(), times);
  EXPECT_EQ(said["fine"], 0);
  EXPECT_GT(said["found"], 0);
  EXPECT_EQ(said["found"] + said["corrupt"] + said["unsupported"] + said["unreadable"],
            static_cast<int>(3 * (bytes.size() / kPage)));
}

TEST(StoreFaults, ADamagedLogLosesWholeVideosAtMostAndTheNextRunMakesThemAgain) {
  constexpr int kVideos = 10;
  const TempFolder folder;
  extract_all(folder / "whole.db", kVideos);
  const Digest whole = FeatureStore(folder / "whole.db").content_digest();
  const auto report = in_child([&]() -> std::string {
    extract_all(folder / "s.db", 0);
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe(kRecipe);
    for (int i = 0; i < kVideos; ++i) store.write(extracted("video" + std::to_string(i), recipe));
    for (const char* end : {"", "-wal"})
      std::filesystem::copy((folder / "s.db").string() + end, (folder / "k.db").string() + end);
    return "copied";
  });
  ASSERT_EQ(report.text, "copied");
  std::ifstream in((folder / "k.db").string() + "-wal", std::ios::binary);
  const std::string log((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::mt19937 random(1);
  int lost = 0;
  for (int flip = 0; flip < 40; ++flip) {
    std::string damaged = log;
    const std::size_t at = random() % damaged.size();
    damaged[at] = static_cast<char>(damaged[at] ^ 1 << random() % 8);
    for (const char* end : {"-shm", ".lock"}) std::filesystem::remove((folder / "d.db").string() + end);
    std::filesystem::copy_file(folder / "k.db", folder / "d.db",
                               std::filesystem::copy_options::overwrite_existing);
    std::ofstream((folder / "d.db").string() + "-wal", std::ios::binary) << damaged;
    EXPECT_TRUE(StoreInspector(folder / "d.db").damaged_features().empty()) << "what is left is whole";
    lost += static_cast<int>(kVideos - StoreInspector(folder / "d.db").outcomes({}).size());
    extract_all(folder / "d.db", kVideos);
    EXPECT_EQ(FeatureStore(folder / "d.db").content_digest(), whole) << "byte " << at;
  }
  EXPECT_GT(lost, 0) << "the flips hit nothing";
}

TEST(StoreFaults, RepairedRowsAreExtractedAgainAndNothingElse) {
  const TempFolder folder;
  extract_all(folder / "s.db", 5);
  const Digest before = FeatureStore(folder / "s.db").content_digest();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((folder / "s.db").c_str(), &raw), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(raw, "UPDATE feature SET halves = zeroblob(384) WHERE video = 2", nullptr, nullptr,
                         nullptr),
            SQLITE_OK);
  sqlite3_close(raw);
  const auto damaged = StoreInspector(folder / "s.db").damaged_features();
  ASSERT_EQ(damaged.size(), 1u);
  EXPECT_EQ(damaged[0].video, "video1");
  {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    store.forget({{damaged[0].video, damaged[0].recipe}});
    EXPECT_FALSE(store.is_fresh("video1", sha256("video1"), damaged[0].recipe));
    EXPECT_TRUE(store.is_fresh("video2", sha256("video2"), damaged[0].recipe));
  }
  extract_all(folder / "s.db", 5);
  EXPECT_EQ(FeatureStore(folder / "s.db").content_digest(), before);
}

/// Opens the store and writes one more video.
void write_one(const std::filesystem::path& path) {
  FeatureStore store(path, Access::ReadWrite);
  store.write(extracted("one", store.add_recipe(kRecipe)));
}

TEST(StoreFaults, ASecondWriterIsRefusedByWhicheverNameOfTheFileItComes) {
  const TempFolder folder, elsewhere;
  extract_all(folder / "s.db", 2);
  std::filesystem::create_symlink(folder / "s.db", elsewhere / "other.db");
  std::filesystem::create_directory_symlink(folder.path(), elsewhere / "linked");
  const FeatureStore writer(folder / "s.db", Access::ReadWrite);
  for (const char* name : {"other.db", "linked/s.db"})
    expect_error([&] { write_one(elsewhere / name); }, Fault::Busy, "process " + std::to_string(getpid()));
  EXPECT_EQ(FeatureStore(elsewhere / "other.db").videos().size(), 2U) << "reading is for all";
  EXPECT_FALSE(std::filesystem::exists(elsewhere / "other.db.lock"));
}

TEST(StoreFaults, AFileWithTwoNamesIsReadAndNotWritten) {
  const TempFolder folder;
  extract_all(folder / "s.db", 2);
  std::filesystem::create_hard_link(folder / "s.db", folder / "backup.db");
  for (const char* name : {"s.db", "backup.db"}) {
    expect_error([&] { write_one(folder / name); }, Fault::Unsupported, "2 names (hard links)");
    EXPECT_EQ(FeatureStore(folder / name).videos().size(), 2U);
  }
  std::filesystem::remove(folder / "backup.db");
  write_one(folder / "s.db");
}

TEST(StoreFaults, ALinkThatLeadsNowhereMakesNoStore) {
  const TempFolder folder, elsewhere;
  std::filesystem::create_symlink(elsewhere / "new.db", folder / "s.db");
  for (const auto access : {Access::ReadOnly, Access::ReadWrite})
    expect_error([&] { FeatureStore(folder / "s.db", access); }, Fault::NotFound, "which does not exist");
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere.path()));
}

TEST(StoreFaults, WhatIsNotARegularFileIsNoStore) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink(folder / "fifo", folder / "linked");
  std::filesystem::create_symlink("/dev/null", folder / "device");
  std::filesystem::create_directory(folder / "folder");
  for (const char* name : {"fifo", "linked", "device", "folder"}) {
    for (const auto access : {Access::ReadOnly, Access::ReadWrite})
      expect_error([&] { FeatureStore(folder / name, access); }, Fault::Unsupported, "not a regular file");
    expect_error([&] { StoreInspector{folder / name}; }, Fault::Unsupported, "not a regular file");
  }
}

TEST(StoreFaults, AWriterWhoseFileIsTakenAwaySaysSo) {
  using Path = std::filesystem::path;
  const TempFolder folder;
  extract_all(folder / "other.db", 30);
  const std::map<std::string, std::function<void(const Path&)>> accidents = {
      {"deleted", [](const Path& path) { std::filesystem::remove(path); }},
      {"replaced", [&](const Path& path) { std::filesystem::rename(folder / "other.db", path); }},
      {"moved", [&](const Path& path) { std::filesystem::rename(path, folder / "elsewhere.db"); }},
      {"truncated", [](const Path& path) { std::filesystem::resize_file(path, 0); }}};
  for (const auto& [name, happen] : accidents) {
    SCOPED_TRACE(name);
    const Path path = folder / (name + ".db");
    FeatureStore store(path, Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe(kRecipe);
    store.write(extracted("before", recipe));
    store.checkpoint();
    happen(path);
    const std::string words = "while this program wrote it";
    expect_error([&] { store.write(extracted("after", recipe)); }, Fault::Unreadable, words);
    expect_error([&] { store.checkpoint(); }, Fault::Unreadable, words);
  }
}

TEST(StoreFaults, AStoreThatIsCompactedIsWrittenOn) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t recipe = store.add_recipe(kRecipe);
  for (int i = 0; i < 10; ++i) {
    VideoOutcome outcome = extracted("video" + std::to_string(i), recipe);
    HalfSequence& features = outcome.lanes[0].features;
    for (std::size_t row = 3; row < 1600; ++row)  // several pages
      features.set(row, std::vector<float>(64, 0.5F).data(), {Micros(1000 * row), Micros(1000 * (row + 1))});
    store.write(outcome);
  }
  store.checkpoint();
  const std::uintmax_t before = std::filesystem::file_size(folder / "s.db");
  for (int i = 0; i < 9; ++i) store.forget({{"video" + std::to_string(i), recipe}});
  store.drop_unused();
  store.compact();
  EXPECT_LT(std::filesystem::file_size(folder / "s.db"), before);
  store.write(extracted("more", recipe));
  store.checkpoint();
  EXPECT_EQ(store.videos().size(), 2U);
}

TEST(StoreFaults, NothingIsWrittenThroughALinkThatLiesWhereTheStoreKeepsItsFiles) {
  using Path = std::filesystem::path;
  const TempFolder elsewhere;
  const Path victim = elsewhere / "victim";
  std::ofstream(victim) << "precious";
  const std::map<std::string, std::function<void(const Path&)>> plants = {
      {"symbolic", [&](const Path& path) { std::filesystem::create_symlink(victim, path); }},
      {"dangling", [&](const Path& path) { std::filesystem::create_symlink(elsewhere / "new", path); }},
      {"hard", [&](const Path& path) { std::filesystem::create_hard_link(victim, path); }},
      {"fifo", [&](const Path& path) { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); }},
      {"device", [&](const Path& path) { std::filesystem::create_symlink("/dev/zero", path); }}};
  for (const auto& [kind, plant] : plants) {
    for (const char* suffix : {".lock", "-wal", "-shm", "-journal"}) {
      SCOPED_TRACE(kind + " " + suffix);
      const TempFolder folder;
      plant(folder / (std::string("s.db") + suffix));
      expect_error([&] { write_one(folder / "s.db"); }, Fault::Unsupported,
                   "is a link or not a regular file");
    }
  }
  std::ifstream in(victim);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "precious");
  EXPECT_FALSE(std::filesystem::exists(elsewhere / "new"));
}

TEST(StoreFaults, AFileThatHasTheLocksNameKeepsItsContent) {
  const TempFolder folder;
  std::ofstream(folder / "s.db.lock") << "notes on locks";
  write_one(folder / "s.db");
  std::ifstream in(folder / "s.db.lock");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "notes on locks");
}

TEST(StoreFaults, ARecipeThatAnotherProgramHasNumberedMeanwhileIsAnError) {
  const TempFolder folder;
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const std::int64_t recipe = store.add_recipe(kRecipe);
  sqlite3* other = nullptr;  // one that knows nothing of our lock
  ASSERT_EQ(sqlite3_open((folder / "s.db").c_str(), &other), SQLITE_OK);
  const std::string insert =
      "INSERT INTO recipe VALUES (" + std::to_string(recipe) + ", 'i', '3d', '{}', 'w')";
  EXPECT_EQ(sqlite3_exec(other, insert.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  expect_error([&] { store.write(extracted("a", recipe)); }, Fault::Mismatch, "another program has written");
  EXPECT_TRUE(store.videos().empty()) << "half of it was written";
}

TEST(StoreFaults, APathMayBeginWithTwoSlashesAndHoldWhatUrisGiveAMeaning) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "50%41 off?mode=ro");
  const std::string path = "/" + (folder / "50%41 off?mode=ro/s#1?x=2&y.db").string();
  write_one(path);
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(FeatureStore(path).videos().size(), 1U);
  EXPECT_EQ(StoreInspector(path).outcomes({}).size(), 1U);
}

}  // namespace
}  // namespace tvr
