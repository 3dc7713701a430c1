// The checks of `pipeline doctor` on machines that do not exist.
#include "pipeline/doctor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/fingerprint.h"
#include "data/store/feature_store.h"
#include "pipeline/doctor/doctor_checks.h"
#include "pipeline/machine/library_versions.h"
#include "tests/data/store/store_fixture.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::HasSubstr;
using testing::TempFolder;
using testing::write_file;

constexpr int kNoTerminal = -1;

Check find(const Checks& checks, const std::string& name) {
  for (const Check& check : checks) {
    if (check.name == name) return check;
  }
  ADD_FAILURE() << "no check named " << name;
  return {};
}

TEST(Doctor, FailsOnlyWhereSomethingIsMissing) {
  Checks checks = {{"a", "b", Finding::Warning, "", ""}, {"a", "c", Finding::Note, "", ""}};
  EXPECT_TRUE(nothing_missing(checks));
  checks.push_back({"a", "d", Finding::Missing, "", ""});
  EXPECT_FALSE(nothing_missing(checks));
}

TEST(DoctorText, AlignsColumnsAndBreaksLinesBetweenWords) {
  const Checks checks = {
      {"libraries", "TBB", Finding::Ok, "2021.8", {}},
      {"libraries", "SQLite", Finding::Warning, "3.1", "one two three four five six seven eight nine"},
      {"store", "room", Finding::Missing, "no", "make some"}};
  EXPECT_EQ(checks_text(checks, 60, kNoTerminal),
            "libraries\n"
            "  TBB     ok       2021.8\n"
            "  SQLite  warning  3.1\n"
            "                   > one two three four five six seven eight\n"
            "                   nine\n"
            "\n"
            "store\n"
            "  room    missing  no\n"
            "                   > make some\n");
}

TEST(DoctorText, FitsANarrowTerminal) {
  const Checks checks = {
      {"libraries", "libavformat", Finding::Ok, std::string(20, 'x') + ' ' + std::string(30, 'y'), {}}};
  const std::string text = checks_text(checks, 40, kNoTerminal);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 40u) << text;
    begin = end + 1;
  }
}

TEST(DoctorText, ShowsNoControlCharacters) {
  const Checks checks = {{"files", "w", Finding::Ok, "a\x1b[31mb", "c\nd"}};
  EXPECT_EQ(checks_text(checks, 80, kNoTerminal), "files\n  w  ok       a?[31mb\n              > c?d\n");
}

TEST(DoctorJson, HoldsEveryFieldAndSurvivesBytesThatAreNoText) {
  const auto rows = nlohmann::json::parse(checks_json({{"g", "n", Finding::Note, "s\xff", "a"}}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["group"], "g");
  EXPECT_EQ(rows[0]["state"], "note");
  EXPECT_EQ(rows[0]["advice"], "a");
}

TEST(DoctorLibraries, WarnOfAnotherMajorVersionOnly) {
  const Checks checks = check_libraries({{"same", "1.2.3", "1.2.3", ""},
                                         {"minor", "1.2.3", "1.3.0", ""},
                                         {"major", "1.2.3", "2.0.0", ""},
                                         {"silent", "", "", "libx.so.0"}});
  EXPECT_EQ(find(checks, "same").finding, Finding::Ok);
  EXPECT_EQ(find(checks, "minor").finding, Finding::Ok);
  EXPECT_EQ(find(checks, "minor").seen, "1.3.0, compiled against 1.2.3");
  EXPECT_EQ(find(checks, "major").finding, Finding::Warning);
  EXPECT_EQ(find(checks, "silent").seen, "libx.so.0");
}

TEST(DoctorLibraries, OfThisProgramAllTellSomething) {
  for (const Check& check : check_libraries(library_versions())) {
    EXPECT_EQ(check.finding, Finding::Ok) << check.name;
    EXPECT_NE(check.seen, "") << check.name;
    EXPECT_THAT(check.seen, ::testing::Not(HasSubstr("tvr_"))) << "a library, not the program itself";
  }
}

TEST(DoctorLibraries, WithoutMpiTrainingIsOneProcess) {
  EXPECT_EQ(check_mpi("Open MPI v4.1.4").finding, Finding::Ok);
  EXPECT_EQ(check_mpi("").finding, Finding::Note);
  EXPECT_THAT(check_mpi("").advice, HasSubstr("libopenmpi-dev"));
}

TEST(DoctorCodecs, WithoutH264NothingCanBeDone) {
  const Checks checks = check_codecs([](const std::string& codec) { return codec == "h264" ? "" : codec; },
                                     [](const std::string&) { return true; });
  EXPECT_EQ(find(checks, "h264").finding, Finding::Missing);
}

TEST(DoctorCodecs, OthersAreWarningsAndTheDemosEncoderANote) {
  const Checks checks = check_codecs([](const std::string& codec) { return codec == "av1" ? "" : codec; },
                                     [](const std::string&) { return false; });
  EXPECT_EQ(find(checks, "av1").finding, Finding::Warning);
  EXPECT_EQ(find(checks, "libx264").finding, Finding::Note);
  EXPECT_EQ(find(checks, "decoders").finding, Finding::Ok);
}

TEST(DoctorMachine, WarnsOfMoreThreadsThanTheCgroupAllows) {
  Machine machine;
  machine.cpu_quota = 2;
  machine.features = {"avx2"};
  machine.memory_bytes = 32'000'000'000;
  const Check check = find(check_machine(machine, 64), "threads");
  EXPECT_EQ(check.finding, Finding::Warning);
  EXPECT_THAT(check.advice, HasSubstr("--jobs 2"));
  EXPECT_EQ(find(check_machine(machine, 2), "threads").finding, Finding::Ok);
}

TEST(DoctorMachine, WarnsOfLittleMemoryByTheTighterLimit) {
  Machine machine;
  machine.memory_bytes = 32'000'000'000;
  machine.memory_limit_bytes = 2'000'000'000;
  EXPECT_EQ(find(check_machine(machine, 1), "memory").finding, Finding::Warning);
  EXPECT_EQ(find(check_machine(machine, 1), "memory").seen, "2.0 GB, limited by the cgroup");
}

TEST(DoctorMachine, WarnsOfAnOldProcessor) {
  EXPECT_EQ(find(check_machine({}, 1), "instructions").finding, Finding::Warning);
}

TEST(DoctorGpu, NamesAWishThatCannotBeFulfilled) {
  EXPECT_TRUE(check_wish_for_gpu("--train-device", "cpu", "this build has no CUDA").empty());
  EXPECT_TRUE(check_wish_for_gpu("--train-device", "", "this build has no CUDA").empty());
  const Checks wish = check_wish_for_gpu("--train-device", "cuda", "this build has no CUDA");
  EXPECT_EQ(find(wish, "train-device").finding, Finding::Missing);
  EXPECT_EQ(find(wish, "train-device").seen, "cuda cannot be used: this build has no CUDA");
  EXPECT_EQ(find(check_wish_for_gpu("--device", "cuda:0", ""), "device").finding, Finding::Ok);
}

TEST(DoctorLimits, NamesAVideoTooLongForTheLimitOfFrames) {
  EXPECT_EQ(check_frames_limit("a.mp4", 7200, 24, 172'800).finding, Finding::Ok);
  const Check check = check_frames_limit("/v/a.mp4", 7200, 24, 100'000);
  EXPECT_EQ(check.finding, Finding::Missing);
  EXPECT_THAT(check.seen, HasSubstr("a.mp4, 2:00:00"));
  EXPECT_THAT(check.advice, HasSubstr("--max-frames 172800"));
}

TEST(DoctorBlas, WarnsOfTheReferenceOne) {
  const Check check = check_blas({"the reference BLAS", "", "libblas.so.3.11", true, 4}, {});
  EXPECT_EQ(check.finding, Finding::Warning);
  EXPECT_THAT(check.advice, HasSubstr("libopenblas0-openmp"));
}

TEST(DoctorBlas, WarnsWhereItTakesANewProcessorForAnOldOne) {
  Machine machine;
  machine.features = {"avx2", "avx512f"};
  const Blas old_kernels{"OpenBLAS 0.3.21", "Prescott", "libopenblas.so.0", false, 10};
  EXPECT_EQ(check_blas(old_kernels, machine).finding, Finding::Warning);
  EXPECT_THAT(check_blas(old_kernels, machine).advice, HasSubstr("OPENBLAS_CORETYPE=SkylakeX"));
  EXPECT_EQ(check_blas(old_kernels, {}).finding, Finding::Ok) << "the processor is that old";
  EXPECT_EQ(check_blas({"OpenBLAS 0.3.21", "SkylakeX", "", false, 100}, machine).finding, Finding::Ok);
}

TEST(DoctorBlas, TheLoadedOneMultiplies) {
  const Blas blas = probe_blas();
  if (blas.name.empty()) GTEST_SKIP() << "no BLAS is loaded into this test";
  EXPECT_GT(blas.gflops, 0.1);
  EXPECT_NE(blas.file, "");
}

TEST(DoctorCuda, IsNoComplaintWithoutADriver) {
  const CudaDriver none = probe_cuda("libnothing-of-this-name.so.1");
  EXPECT_NE(none.library_error, "");
  EXPECT_EQ(check_cuda(none, "").front().finding, Finding::Ok);
}

TEST(DoctorCuda, NamesWhatADriverSays) {
  CudaDriver driver;
  driver.version = 12040;
  driver.error = "CUDA_ERROR_NO_DEVICE";
  EXPECT_EQ(check_cuda(driver, "").front().seen, "driver for CUDA 12.4, which reports: CUDA_ERROR_NO_DEVICE");
}

TEST(DoctorCuda, AsksTheDriverByItsDocumentedFunctions) {
  const CudaDriver driver = probe_cuda(TVR_FAKE_CUDA_DRIVER);
  ASSERT_EQ(driver.library_error, "");
  ASSERT_EQ(driver.devices.size(), 2u);
  EXPECT_EQ(driver.devices[1].name, "Fake 1");
  const Check usable = check_cuda(driver, "").front();
  EXPECT_EQ(usable.seen, "Fake 0, 80.0 GB, compute capability 9.0, driver for CUDA 12.4");
  EXPECT_EQ(usable.finding, Finding::Ok);
  const Check unusable = check_cuda(driver, "built without CUDA").front();
  EXPECT_EQ(unusable.finding, Finding::Note);
  EXPECT_EQ(unusable.advice, "Everything runs on the CPU: built without CUDA");
}

TEST(DoctorStore, KnowsTheFileSystemsOfNetworks) {
  EXPECT_EQ(network_file_system(0x6969), "NFS");
  EXPECT_EQ(network_file_system(0x0BD00BD0), "Lustre");
  EXPECT_EQ(network_file_system(0xEF53), std::nullopt);
}

TEST(DoctorStore, MayLieInAFolderThatIsStillToBeMade) {
  const TempFolder folder;
  const Checks checks = check_store_place(folder / "new/deep/s.db");
  EXPECT_EQ(find(checks, "folder").finding, Finding::Ok);
  EXPECT_EQ(find(checks, "locks").finding, Finding::Ok);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "nothing is left behind";
}

TEST(DoctorStore, MayNotLieWhereNobodyMayWrite) {
  EXPECT_EQ(check_store_place("/proc/s.db").front().finding, Finding::Missing) << "not even root";
}

TEST(DoctorStore, ThatIsThereAlreadyTellsWhatItHolds) {
  const TempFolder folder;
  EXPECT_TRUE(check_existing_stores(folder / "none.db").empty());
  for (const char* const name : {"1", "2"}) {
    FeatureStore store(folder / (std::string(name) + ".db"), FeatureStore::Access::ReadWrite);
    store.write(testing::extracted(name, store.add_recipe({"2d", "{}", "random:seed=1"})));
  }
  const Check set = find(check_existing_stores(folder / "*.db"), "set of stores");
  EXPECT_EQ(set.finding, Finding::Ok);
  EXPECT_EQ(set.seen, "2 files, 2d: 2 videos");

  std::filesystem::copy_file(folder / "1.db", folder / "3.db");
  const Check twice = find(check_existing_stores(folder / "*.db"), "set of stores");
  EXPECT_EQ(twice.finding, Finding::Missing);
  EXPECT_THAT(twice.seen, HasSubstr("video '1' is in "));
  write_file(folder / "alone.lock", "");
  EXPECT_EQ(find(check_existing_stores(folder / "alone*"), "set of stores").finding, Finding::Missing);
  write_file(folder / "notes.db", "no store");
  EXPECT_EQ(find(check_existing_stores(folder / "notes.db"), "store").finding, Finding::Missing);
}

TEST(DoctorStore, EstimatesItsSizeFromAFewHeaders) {
  std::vector<VideoSource> videos(1000, {"v", "v.mp4"});
  int asked = 0;
  const StoreEstimate estimate = estimate_store(videos, [&](const std::filesystem::path&) {
    return ++asked % 2 == 0 ? 36.0 : 0.0;  // every other one cannot be read
  });
  EXPECT_EQ(asked, 50);
  EXPECT_EQ(estimate.asked, 25u);
  EXPECT_DOUBLE_EQ(estimate.hours, 10);
  EXPECT_NEAR(estimate.bytes, 36000 * 2.5 * 4112 + 1000 * 4096, 1);
  EXPECT_EQ(check_room(estimate, 1e12).finding, Finding::Ok);
  EXPECT_EQ(check_room(estimate, 1e8).finding, Finding::Missing);
}

TEST(DoctorFiles, WeightsMustHaveTheHashOfTheirName) {
  const TempFolder folder;
  const std::string digest = sha256("weights");
  const auto good = write_file(folder / ("net-" + digest.substr(0, 8) + ".pth"), "weights");
  const auto bad = write_file(folder / "net-00000000.pth", "weights");
  EXPECT_EQ(check_weights("2d", good, "").finding, Finding::Ok);
  EXPECT_EQ(check_weights("2d", bad, "").finding, Finding::Missing);
  EXPECT_EQ(check_weights("2d", good, "resnet152").finding, Finding::Missing)
      << "the hash is right, the content is not";
  EXPECT_EQ(check_weights("2d", folder / "nowhere.pth", "").finding, Finding::Missing);
}

TEST(DoctorFiles, NamesWhereToGetWhatIsNotThere) {
  const TempFolder folder;
  const Check weights = check_published_weights({folder.path()}, lane_named("2d"));
  EXPECT_EQ(weights.finding, Finding::Note);
  EXPECT_THAT(weights.advice, HasSubstr("https://download.pytorch.org/models/resnet152-b121ed2d.pth"));
  EXPECT_EQ(check_known_files({folder.path()}, true, false).size(), 1u);
}

TEST(DoctorFiles, ChecksWhatItFinds) {
  const TempFolder folder;
  write_file(folder / "resnet152-b121ed2d.pth", "not it");
  EXPECT_EQ(check_published_weights({folder.path()}, lane_named("2d")).finding, Finding::Missing);
}

}  // namespace
}  // namespace tvr
