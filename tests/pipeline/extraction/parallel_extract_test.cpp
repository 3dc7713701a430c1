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
using Lanes = std::vector<std::size_t>;

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

/// Gives every clip a row of its first pixel.
class FirstPixel : public Backbone {
 public:
  [[nodiscard]] int dim() const noexcept override { return 4; }
  [[nodiscard]] int clip_frames() const noexcept override { return 1; }
  [[nodiscard]] Matrix forward(const std::vector<const Clip*>& clips) const override {
    Matrix rows(static_cast<std::int64_t>(clips.size()), 4);
    for (std::size_t i = 0; i < clips.size(); ++i)
      rows.row(static_cast<std::int64_t>(i))[0] = static_cast<float>(1 + clips[i]->rgb()[0]);
    return rows;
  }
};

/// Decodes a file as its name says: three clips a lane, and then an end.
DecodeSummary decode(const std::filesystem::path& path, const std::vector<std::size_t>& lanes,
                     const std::function<void(const Clip&)>& give) {
  for (std::int64_t index = 0; index < 3; ++index) {
    for (std::size_t lane = 0; lane < lanes.size(); ++lane)
      give({lane, index, 1, 1, 1, HostFrames{9, 9, 9}, {Micros{index}, Micros{index + 1}}});
  }
  const std::string name = path.filename().string();
  if (name == "crash") std::raise(SIGABRT);
  if (name == "killed") std::raise(SIGKILL);
  if (name == "limit") throw Error(Fault::Limit, name, "limit of frames");
  if (name == "timeout") throw Error(Fault::Timeout, name, "too slow");
  if (name == "corrupt") throw Error(Fault::Corrupt, name, "no frames");
  if (name == "forbidden") throw Error(Fault::Unsupported, name, "forbidden format");
  if (name == "grows") std::ofstream(path, std::ios::app) << "more";
  return {name != "partial", name == "partial" ? "2 packets rejected" : "", 30, 30, 1.0, false};
}

class ParallelExtractOutcome : public ::testing::Test {
 protected:
  ExtractionTask task(const std::string& name) {
    const std::filesystem::path path = testing::write_file(folder_ / name, name);
    return {{name, path}, fingerprint_source(path), {0, 1}};
  }

  std::map<std::string, VideoOutcome> extract(const std::vector<std::string>& names) {
    std::vector<ExtractionTask> tasks;
    for (const std::string& name : names) tasks.push_back(task(name));
    std::map<std::string, VideoOutcome> outcomes;
    run(tasks, [&](const VideoOutcome& outcome) { outcomes[outcome.source.id] = outcome; });
    return outcomes;
  }

  static void run(const std::vector<ExtractionTask>& tasks,
                  const std::function<void(const VideoOutcome&)>& done) {
    DecoderHost decoders(decode, {});
    const FirstPixel network;
    const std::vector<ExtractionLane> lanes{{"2d", 7}, {"3d", 8}};
    ParallelOptions options;
    options.jobs = 2;
    (void)extract_parallel({{&decoders, {&network, &network}}}, tasks, lanes, options, done,
                           [](const ProgressEvent&) { return true; });
  }

  TempFolder folder_;
};

TEST_F(ParallelExtractOutcome, TellsHowEachVideoEndedAndKeepsTheRowsOfThoseThatDecoded) {
  const auto outcomes = extract({"ok", "partial", "crash", "limit", "timeout", "corrupt", "forbidden"});
  const std::map<std::string, std::pair<Status, std::string>> wanted = {
      {"ok", {Status::Ok, ""}},
      {"partial", {Status::Partial, "2 packets rejected"}},
      {"crash", {Status::Unreadable, "its decoder crashed: Aborted"}},
      {"limit", {Status::Limit, "limit of frames"}},
      {"timeout", {Status::Timeout, "too slow"}},
      {"corrupt", {Status::NoVideo, "no frames"}},
      {"forbidden", {Status::Unreadable, "forbidden format"}}};
  ASSERT_EQ(outcomes.size(), wanted.size());
  for (const auto& [id, how] : wanted) {
    const VideoOutcome& outcome = outcomes.at(id);
    EXPECT_STREQ(kStatuses.name(outcome.status), kStatuses.name(how.first)) << id;
    EXPECT_EQ(outcome.message, how.second);
    const bool has_rows = how.first == Status::Ok || how.first == Status::Partial;
    ASSERT_EQ(outcome.lanes.size(), 2U);
    for (const VideoOutcome::Lane& lane : outcome.lanes)
      EXPECT_EQ(lane.features.rows(), has_rows ? 3 : 0) << id;
  }
}

TEST_F(ParallelExtractOutcome, TrustsNoFileThatChangesWhileItIsRead) {
  const auto outcomes = extract({"grows"});
  EXPECT_EQ(outcomes.at("grows").status, Status::Unreadable);
  EXPECT_THAT(outcomes.at("grows").message, ::testing::HasSubstr("changed"));
  EXPECT_EQ(outcomes.at("grows").lanes.at(0).features.rows(), 0);
}

TEST_F(ParallelExtractOutcome, AFileThatCannotBeReadThisTimeIsTriedAgain) {
  ExtractionTask gone = task("gone");
  std::filesystem::remove(gone.source.path);
  gone.source.path += "/below";
  std::vector<VideoOutcome> outcomes;
  DecoderHost decoders(decode_by({lane_2d()}, {}), {});
  const FirstPixel network;
  (void)extract_parallel(
      {{&decoders, {&network}}}, {{gone.source, gone.fingerprint, {0}}}, {{"2d", 7}}, {},
      [&](const VideoOutcome& outcome) { outcomes.push_back(outcome); },
      [](const ProgressEvent&) { return true; });
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].status, Status::Unreadable);
  EXPECT_EQ(outcomes[0].fingerprint.content, "") << "what the file holds is not known";
}

TEST_F(ParallelExtractOutcome, AKilledDecoderEndsTheRunAndIsNoVideosOutcome) {
  const std::vector<ExtractionTask> tasks{task("ok"), task("killed")};
  std::vector<std::string> told;
  testing::expect_error(
      [&] { run(tasks, [&](const VideoOutcome& outcome) { told.push_back(outcome.source.id); }); },
      Fault::Machine, "ended from outside (Killed)");
  EXPECT_THAT(told, ::testing::ElementsAre("ok"));
}

TEST_F(ParallelExtractOutcome, FailsAsARunWhenTheStoreFails) {
  const std::vector<ExtractionTask> tasks{task("ok")};
  testing::expect_error(
      [&] { run(tasks, [](const VideoOutcome&) { throw Error(Fault::Unreadable, "s.db", "disk full"); }); },
      Fault::Unreadable, "disk full");
}

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
