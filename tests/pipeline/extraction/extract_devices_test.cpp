// Several devices that share the videos of one extraction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>

#include "data/error.h"
#include "pipeline/extraction/parallel_extract.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::TempFolder;
using Lanes = std::vector<std::size_t>;

/// A device of its own: its clips carry its mark, and its network takes no others. Stands for a GPU, whose
/// clips no other GPU can read.
class FakeDevice : public ClipSource, public Backbone {
 public:
  explicit FakeDevice(std::uint8_t mark) : mark_(mark) {}

  [[nodiscard]] std::unique_ptr<VideoClips> open(const std::filesystem::path& path,
                                                 const std::vector<std::size_t>& lanes,
                                                 const std::vector<std::int64_t>& /*first*/) override {
    const std::lock_guard lock(mutex_);
    opened_.insert(path.string());
    return std::make_unique<Clips>(mark_, lanes.size());
  }
  [[nodiscard]] int dim() const noexcept override { return 2; }
  [[nodiscard]] int clip_frames() const noexcept override { return 1; }
  [[nodiscard]] Matrix forward(const std::vector<const Clip*>& clips) const override {
    Matrix rows(static_cast<std::int64_t>(clips.size()), 2);
    for (std::size_t i = 0; i < clips.size(); ++i) {
      if (clips[i]->rgb()[0] != mark_)
        throw Error(Fault::Mismatch, "fake device", "a clip of another device");
      rows.row(static_cast<std::int64_t>(i))[0] = 1;
      rows.row(static_cast<std::int64_t>(i))[1] = static_cast<float>(clips[i]->index);
    }
    return rows;
  }
  [[nodiscard]] const std::set<std::string>& opened() const { return opened_; }

 private:
  /// Five clips a lane.
  class Clips : public VideoClips {
   public:
    Clips(std::uint8_t mark, std::size_t lanes) : mark_(mark), lanes_(lanes) {}
    [[nodiscard]] std::optional<Clip> next(const std::function<bool()>& /*stop*/) override {
      if (given_ == 5 * lanes_) return std::nullopt;
      const auto index = static_cast<std::int64_t>(given_ / lanes_);
      return Clip{
          given_++ % lanes_, index, 1, 1, 1, HostFrames{mark_, 0, 0}, {Micros{index}, Micros{index + 1}}};
    }
    [[nodiscard]] const DecodeSummary& summary() const noexcept override { return summary_; }

   private:
    std::uint8_t mark_;
    std::size_t lanes_, given_ = 0;
    DecodeSummary summary_;
  };

  std::uint8_t mark_;
  std::mutex mutex_;
  std::set<std::string> opened_;
};

TEST(ParallelExtractDevices, KeepEveryVideosClipsAndShareTheVideosEvenly) {
  const TempFolder folder;
  std::vector<ExtractionTask> tasks;
  for (int i = 0; i < 9; ++i) {
    const std::string name = "v" + std::to_string(i);
    const std::filesystem::path path = testing::write_file(folder / name, name);
    tasks.push_back({{name, path}, fingerprint_source(path), i == 4 ? Lanes{1} : Lanes{0, 1}});
  }
  for (const auto& [jobs, batch] : {std::pair{1, 1}, {1, 4}, {3, 4}, {4, 32}}) {
    FakeDevice first(10), second(20);
    std::map<std::string, VideoOutcome> outcomes;
    (void)extract_parallel(
        {{&first, {&first, &first}}, {&second, {&second, &second}}}, tasks, {{"2d", 7}, {"3d", 8}},
        {jobs, batch, {}, 5}, [&](const VideoOutcome& outcome) { outcomes[outcome.source.id] = outcome; },
        [](const ProgressEvent&) { return true; });
    ASSERT_EQ(outcomes.size(), tasks.size());
    for (const auto& [id, outcome] : outcomes) {
      EXPECT_EQ(outcome.status, Status::Ok) << id << ": " << outcome.message;
      for (const VideoOutcome::Lane& lane : outcome.lanes) EXPECT_EQ(lane.features.rows(), 5) << id;
    }
    EXPECT_EQ(first.opened().size(), 5U);
    EXPECT_EQ(second.opened().size(), 4U);
  }
}

/// A GPU that fails at its second video.
class FailingDevice : public FakeDevice {
 public:
  FailingDevice() : FakeDevice(10) {}
  [[nodiscard]] std::unique_ptr<VideoClips> open(const std::filesystem::path& path, const Lanes& lanes,
                                                 const std::vector<std::int64_t>& first) override {
    if (!opened().empty()) throw Error(Fault::Device, path.string(), "CUDA: an illegal memory access");
    return FakeDevice::open(path, lanes, first);
  }
};

TEST(ParallelExtractDevices, AFailureOfTheGpuEndsTheRunAndIsNoVideosOutcome) {
  const TempFolder folder;
  std::vector<ExtractionTask> tasks;
  for (const std::string name : {"first", "second", "third"}) {
    const std::filesystem::path path = testing::write_file(folder / name, name);
    tasks.push_back({{name, path}, fingerprint_source(path), {0}});
  }
  FailingDevice device;
  std::vector<std::string> told;
  testing::expect_error(
      [&] {
        (void)extract_parallel(
            {{&device, {&device}}}, tasks, {{"2d", 7}}, {1, 1, {}, 5},
            [&](const VideoOutcome& outcome) { told.push_back(outcome.source.id); },
            [](const ProgressEvent&) { return true; });
      },
      Fault::Device, "illegal memory access");
  EXPECT_THAT(told, ::testing::ElementsAre("first"));
}

}  // namespace
}  // namespace tvr
