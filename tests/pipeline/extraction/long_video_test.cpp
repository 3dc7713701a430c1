// Memory does not grow with a video's length, over the whole way from the file to the store.
#include <gtest/gtest.h>

#include "pipeline/extraction/extract_step.h"
#include "tests/support/in_child.h"
#include "tests/support/long_mode.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

using testing::TempFolder;

/// Extracts both lanes of a video of `minutes`; the peak of the process's memory.
long peak_mib(const TempFolder& folder, int minutes) {
  const std::string name = std::to_string(minutes);
  std::filesystem::create_directory(folder / name);
  testing::write_video(folder / (name + "/a.mp4"),
                       {"mpeg4", 64, 48, testing::at_rate(25, minutes * 60 * 25)});
  const long before_mib = testing::resident_mib();
  const testing::ChildReport report = testing::in_child([&] {
    ExtractOptions options;
    options.videos.folder = folder / name;
    options.store = folder / (name + ".db");
    options.features.random_weights = true;
    options.features.networks["2d"].model = "demo2d";
    options.features.networks["3d"].model = "demo3d";
    FeatureStore store(options.store, FeatureStore::Access::ReadWrite);
    return std::to_string(
        extract_into_store(store, videos_of(options.videos), plan_extraction(options)).rows);
  });
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_EQ(report.text, std::to_string(minutes * 60 + minutes * 90)) << "rows of both lanes";
  return before_mib + report.growth_mib;
}

TEST(LongVideo, TakesNoMoreMemoryThanAShortOne) {
  TVR_NEEDS_LONG_MODE();
  const TempFolder folder;
  const long short_mib = peak_mib(folder, 2), long_mib = peak_mib(folder, 120);
  RecordProperty("two_minutes_mib", static_cast<int>(short_mib));
  RecordProperty("two_hours_mib", static_cast<int>(long_mib));
  EXPECT_LE(static_cast<double>(long_mib), 1.1 * static_cast<double>(short_mib));
}

}  // namespace
}  // namespace tvr
