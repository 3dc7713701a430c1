// How videos end that are extracted in parallel, and what ends the whole extraction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <map>

#include "data/error.h"
#include "extract/decoding/decoder_host.h"
#include "pipeline/extraction/parallel_extract.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::TempFolder;

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

}  // namespace
}  // namespace tvr
