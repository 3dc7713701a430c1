#include "pipeline/extraction/parallel_extract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "data/error.h"
#include "extract/decoding/decoder_host.h"
#include "extract/decoding/in_process_decoder.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::TempFolder;

/// A row tells the brightness of its clip's first pixel and the number of its frames.
class FakeBackbone : public Backbone {
 public:
  [[nodiscard]] int dim() const noexcept override { return 3; }
  [[nodiscard]] int clip_frames() const noexcept override { return 4; }
  [[nodiscard]] Matrix forward(const std::vector<const Clip*>& clips) const override {
    {
      std::unique_lock lock(mutex_);
      threads_.insert(std::this_thread::get_id());
      another_came_.notify_all();
      another_came_.wait_for(lock, std::chrono::milliseconds(100),
                             [&] { return threads_.size() >= waits_for_threads; });
    }
    Matrix rows(static_cast<std::int64_t>(clips.size()), 3);
    for (std::size_t i = 0; i < clips.size(); ++i) {
      float* const row = rows.row(static_cast<std::int64_t>(i));
      row[0] = static_cast<float>(clips[i]->rgb()[0]) + 1;
      row[1] = static_cast<float>(clips[i]->frames);
      row[2] = clips[i]->index == nan_at ? NAN : 1.0F;
      if (clips[i]->index == throw_at) throw Error(Fault::Mismatch, "fake.pt", "gave [1, 2]", "Correct it");
    }
    return rows;
  }
  [[nodiscard]] std::size_t threads() const { return threads_.size(); }

  std::size_t waits_for_threads = 0;        // each clip takes 100 ms until so many have come
  std::int64_t nan_at = -1, throw_at = -1;  // clips of this index

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable another_came_;
  mutable std::set<std::thread::id> threads_;
};

class ParallelExtract : public ::testing::Test {
 protected:
  void add_video(const std::string& name, int frames) {
    testing::TestVideo video;
    video.pts_ms = testing::at_rate(25, frames);
    testing::write_video(folder_ / name, video);
    add_file(name);
  }
  void add_file(const std::string& name) {
    ExtractionTask task;
    task.source.id = name;
    task.source.path = folder_ / name;
    if (std::filesystem::exists(task.source.path)) task.fingerprint = fingerprint_source(task.source.path);
    task.lanes = {0, 1};
    tasks_.push_back(task);
  }

  std::map<std::string, VideoOutcome> extract(int jobs, int batch, bool in_process = false) {
    std::vector<LaneOptions> sampling(2);
    sampling[0].name = "fast";
    sampling[0].sample_fps = 25;
    sampling[1].name = "slow";
    sampling[1].sample_fps = 5;
    std::vector<ExtractionLane> lanes;
    for (LaneOptions& lane : sampling) {
      lane.clip_frames = 4;
      lane.short_side_px = 16;
      lanes.push_back({lane.name, static_cast<std::int64_t>(10 + lanes.size())});
    }
    DecoderHost processes(decode_by(sampling, {}), {});
    InProcessDecoder here(sampling, {}, 0);
    ClipSource& clips = in_process ? static_cast<ClipSource&>(here) : processes;
    ParallelOptions options;
    options.jobs = jobs;
    options.clip_batch = batch;
    std::map<std::string, VideoOutcome> outcomes;
    (void)extract_parallel(
        {{&clips, {&network_, &network_}}}, tasks_, lanes, options,
        [&](const VideoOutcome& outcome) {
          EXPECT_TRUE(outcomes.emplace(outcome.source.id, outcome).second) << outcome.source.id << " twice";
        },
        [&](const ProgressEvent&) { return !stop_.load(); });
    return outcomes;
  }

  TempFolder folder_;
  FakeBackbone network_;
  std::vector<ExtractionTask> tasks_;
  std::atomic<bool> stop_{false};
};

TEST_F(ParallelExtract, GivesTheSameRowsWhateverTheThreadsAndBatches) {
  for (int i = 0; i < 7; ++i) add_video("v" + std::to_string(i) + ".mkv", 3 + 11 * i);
  const auto wanted = extract(1, 1);
  ASSERT_EQ(wanted.size(), 7u);
  EXPECT_EQ(wanted.at("v6.mkv").lanes[0].features.rows(), 18) << "69 frames, four a clip";
  for (const int jobs : {1, 2, 5}) {
    for (const int batch : {1, 3, 8}) {
      const auto outcomes = extract(jobs, batch);
      ASSERT_EQ(outcomes.size(), wanted.size());
      for (const auto& [id, outcome] : outcomes) {
        EXPECT_EQ(outcome.status, Status::Ok);
        for (std::size_t lane = 0; lane < 2; ++lane) {
          EXPECT_EQ(outcome.lanes[lane].recipe, static_cast<std::int64_t>(10 + lane));
          EXPECT_EQ(outcome.lanes[lane].features.halves, wanted.at(id).lanes[lane].features.halves)
              << id << " jobs " << jobs << " batch " << batch;
        }
      }
    }
  }
}

TEST_F(ParallelExtract, SharesTheClipsOfOneVideoAmongAllThreads) {
  add_video("alone.mkv", 200);
  network_.waits_for_threads = 2;
  (void)extract(2, 1);
  EXPECT_EQ(network_.threads(), 2u);
}

TEST_F(ParallelExtract, AVideoThatFailsIsAnOutcome) {
  add_video("good.mkv", 20);
  add_file("missing.mkv");
  const auto outcomes = extract(2, 4);
  EXPECT_EQ(outcomes.at("good.mkv").status, Status::Ok);
  EXPECT_EQ(outcomes.at("missing.mkv").status, Status::Unreadable);
  EXPECT_EQ(outcomes.at("missing.mkv").lanes[0].features.rows(), 0);
}

TEST_F(ParallelExtract, GivesTheSameOutcomesWhenItDecodesInThisProcess) {
  for (int i = 0; i < 3; ++i) add_video("v" + std::to_string(i) + ".mkv", 20 + i);
  add_file("missing.mkv");
  const auto wanted = extract(2, 4), outcomes = extract(2, 4, true);
  ASSERT_EQ(outcomes.size(), wanted.size());
  for (const auto& [id, outcome] : outcomes) {
    EXPECT_EQ(outcome.status, wanted.at(id).status) << id;
    EXPECT_EQ(outcome.message, wanted.at(id).message) << id;
    EXPECT_EQ(outcome.decoded_frames, wanted.at(id).decoded_frames) << id;
    for (std::size_t lane = 0; lane < 2; ++lane)
      EXPECT_EQ(outcome.lanes[lane].features.halves, wanted.at(id).lanes[lane].features.halves) << id;
  }
}

TEST_F(ParallelExtract, ARowThatIsNoNumberFailsItsVideoAlone) {
  add_video("short.mkv", 20);  // clips 0 to 4
  add_video("long.mkv", 40);
  network_.nan_at = 6;
  const auto outcomes = extract(2, 4);
  EXPECT_EQ(outcomes.at("short.mkv").status, Status::Ok);
  EXPECT_EQ(outcomes.at("long.mkv").status, Status::Unreadable);
  EXPECT_NE(outcomes.at("long.mkv").message.find("lane fast"), std::string::npos);
  EXPECT_EQ(outcomes.at("long.mkv").lanes[0].features.rows(), 0);
}

TEST_F(ParallelExtract, ANetworkThatFailsEndsTheRunNamingLaneAndVideo) {
  add_video("first.mkv", 20);
  add_video("second.mkv", 40);
  network_.throw_at = 6;
  for (const int jobs : {1, 3}) {
    testing::expect_error([&] { (void)extract(jobs, 1); }, Fault::Mismatch,
                          "lane fast, video 'second.mkv': fake.pt: gave [1, 2]");
  }
}

TEST_F(ParallelExtract, StopsWhenItIsTold) {
  for (int i = 0; i < 3; ++i) add_video("v" + std::to_string(i) + ".mkv", 20);
  stop_ = true;
  testing::expect_error([&] { (void)extract(2, 1); }, Fault::Interrupted, "stopped");
}

/// Extracts an unbroken run's rows again after interruptions.
class ParallelExtractResumed : public ParallelExtract {
 protected:
  ParallelExtractResumed() { add_video("long.mkv", 200); }

  /// Rows of both lanes, or of none if the network failed at clip `throw_at`.
  std::vector<std::vector<std::uint16_t>> rows(std::int64_t throw_at, ExtractionTimes* times = nullptr) {
    std::vector<LaneOptions> sampling(2);
    for (std::size_t i = 0; i < 2; ++i) {
      sampling[i].name = i == 0 ? "fast" : "slow";
      sampling[i].sample_fps = i == 0 ? 25 : 5;
      sampling[i].clip_frames = 4;
      sampling[i].short_side_px = 16;
    }
    InProcessDecoder decoder(sampling, {}, 0);
    network_.throw_at = throw_at;
    ParallelOptions options;
    options.store = folder_ / "s.db";
    options.keep_rows_after_s = 0;
    std::vector<std::vector<std::uint16_t>> found;
    try {
      const ExtractionTimes spent = extract_parallel(
          {{&decoder, {&network_, &network_}}}, tasks_, {{"fast", 10, "f"}, {"slow", 11, "s"}}, options,
          [&](const VideoOutcome& outcome) {
            for (const VideoOutcome::Lane& lane : outcome.lanes) {
              found.emplace_back();
              lane.features.for_each_piece([&](std::string_view piece) {
                const std::size_t begin = found.back().size();
                found.back().resize(begin + piece.size() / 2);
                std::memcpy(found.back().data() + begin, piece.data(), piece.size());
              });
            }
          },
          [](const ProgressEvent&) { return true; });
      if (times != nullptr) *times = spent;
    } catch (const Error&) {
      EXPECT_GE(throw_at, 0);
    }
    return found;
  }

  [[nodiscard]] std::vector<std::filesystem::path> kept() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      if (entry.path().filename().string().rfind(".s.db.rows-", 0) == 0) files.push_back(entry.path());
    }
    return files;
  }
};

TEST_F(ParallelExtractResumed, TakesOverTheRowsThatAreThereAndGivesThoseOfAnUnbrokenRun) {
  const auto wanted = rows(-1);
  ASSERT_EQ(wanted.size(), 2U);
  EXPECT_TRUE(kept().empty()) << "they are in the store";
  EXPECT_TRUE(rows(20).empty());
  EXPECT_EQ(kept().size(), 2U);
  EXPECT_TRUE(rows(33).empty()) << "interrupted once more";
  ExtractionTimes times;
  EXPECT_EQ(rows(-1, &times), wanted);
  EXPECT_GE(times.resumed_rows, 33);
  EXPECT_TRUE(kept().empty());
}

TEST_F(ParallelExtractResumed, TakesNothingFromADamagedOrStrangeFile) {
  const auto wanted = rows(-1);
  EXPECT_TRUE(rows(20).empty());
  const std::filesystem::path strangers = testing::write_file(folder_ / "strangers", "mine");
  bool first = true;
  for (const std::filesystem::path& file : kept()) {
    if (std::exchange(first, false)) {
      std::filesystem::remove(file);
      std::filesystem::create_symlink(strangers, file);
    } else {
      std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(70) << '!';
    }
  }
  ExtractionTimes times;
  EXPECT_EQ(rows(-1, &times), wanted);
  EXPECT_EQ(times.resumed_rows, 0);
  EXPECT_EQ(std::filesystem::file_size(strangers), 4U) << "what a link names is not touched";
}

TEST_F(ParallelExtractResumed, TakesNothingFromAnotherVersionOfTheVideo) {
  EXPECT_TRUE(rows(20).empty());
  tasks_[0].fingerprint.content = "other";
  ExtractionTimes times;
  (void)rows(-1, &times);
  EXPECT_EQ(times.resumed_rows, 0);
}

}  // namespace
}  // namespace tvr
