// `pipeline train --text encoder`: a head on an encoder pair with random weights, and everything that opens
// it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "data/store/feature_store.h"
#include "pipeline/commands/command.h"
#include "pipeline/encoders/head_encoder.h"
#include "pipeline/encoders/pretrained_pair.h"
#include "pipeline/run/run_folder.h"
#include "pipeline/run/run_manifest.h"
#include "tests/support/expect_error.h"
#include "tests/support/run_command.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_clip_folder.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Clips whose image tower's features are a fixed mixture of what the text tower says of them: zero-shot
/// search finds little, a linear head much. A lane "3d" shows one of the two things in a clip, too.
class HeadCommand : public ::testing::Test {
 protected:
  static constexpr int kVideos = 96;

  HeadCommand() {
    testing::write_tiny_clip(encoder());
    const std::unique_ptr<PretrainedPair> pair = open_pretrained(encoder());
    FeatureStore store(folder_ / "clips.db", FeatureStore::Access::ReadWrite);
    const std::int64_t clip = store.add_recipe({"clip", R"({"fps":1})", pair->id()});
    const std::int64_t motion = store.add_recipe({"3d", R"({"model":"m"})", "random:seed=1"});
    std::string csv = "video,caption,split\n";
    for (int v = 0; v < kVideos; ++v) {
      const std::string id = "v" + std::to_string(v), seen = sentence(v % 8, v / 8);
      const Matrix text = pair->embed_text({seen}).rows;
      std::vector<float> image(static_cast<std::size_t>(pair->dim())), moves(16, 0.1F);
      for (std::size_t d = 0; d < image.size(); ++d)
        image[d] = text.row(0)[d] * (d % 2 == 0 ? -1.0F : 1.0F) + 0.3F * text.row(0)[(d + 5) % image.size()];
      moves[static_cast<std::size_t>(v % 8)] = 1;
      VideoOutcome outcome;
      outcome.source = {id, "/videos/" + id + ".mp4"};
      outcome.fingerprint = {100, 7, sha256(id)};
      outcome.lanes = {lane_of(clip, image), lane_of(motion, moves)};
      store.write(outcome);
      const std::string split = v % 4 == 0 ? "test" : v % 4 == 1 && v % 8 == 1 ? "val" : "train";
      csv += id + "," + seen + "," + split + "\n" + id + ",a " + seen + "," + split + "\n";
    }
    write_text(folder_ / "captions.csv", csv);
  }

  static VideoOutcome::Lane lane_of(std::int64_t recipe, const std::vector<float>& row) {
    VideoOutcome::Lane lane{recipe, {}};
    lane.features.dim = static_cast<std::int64_t>(row.size());
    lane.features.set(0, row.data(), {Micros(0), Micros(1000)});
    return lane;
  }
  static std::string sentence(int a, int b) {
    static const std::vector<std::string> kWho = {"cat", "ox", "hen", "owl", "dog", "pig", "man", "boy"};
    static const std::vector<std::string> kWhat = {"run",  "eat", "nap",  "dive", "read", "swim",
                                                   "ride", "dig", "draw", "jump", "wait", "cook"};
    return kWho.at(static_cast<std::size_t>(a)) + " " + kWhat.at(static_cast<std::size_t>(b));
  }

  [[nodiscard]] std::filesystem::path encoder() const { return folder_ / "encoder"; }

  /// Runs `pipeline ARGUMENTS`; returns what it prints on standard output.
  std::string run(const std::vector<std::string>& arguments) const {
    return testing::run_command({add_train_command, add_eval_command, add_search_command}, arguments);
  }

  [[nodiscard]] std::vector<std::string> training(const std::string& out,
                                                  const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train",
                                          "--text",
                                          "encoder",
                                          "--encoder",
                                          encoder(),
                                          "--store",
                                          folder_ / "clips.db",
                                          "--captions",
                                          folder_ / "captions.csv",
                                          "--out",
                                          folder_ / out,
                                          "--lr",
                                          "0.01"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  json trained(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = training(out, more);
    arguments.emplace_back("--json");
    return json::parse(run(arguments));
  }
  json evaluated(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"eval", "--json"});
    return json::parse(run(arguments));
  }

  static double sum(const json& t2v) {
    return t2v["R@1"].get<double>() + t2v["R@5"].get<double>() + t2v["R@10"].get<double>();
  }

  testing::TempFolder folder_;
};

TEST_F(HeadCommand, StandsBesideZeroShotWhichIsThatOfTheEncoderToTheLastDigitAndBeatsIt) {
  const json metrics = trained("run", {"--lanes", "clip"});
  const json zero_shot = evaluated(
      {"--encoder", encoder(), "--store", folder_ / "clips.db", "--captions", folder_ / "captions.csv"});
  EXPECT_EQ(metrics["zero_shot"], zero_shot["test"]);
  EXPECT_EQ(metrics["selected_on"], "validation");
  const double before = sum(metrics["zero_shot"]["t2v"]), after = sum(metrics["test"]["t2v"]);
  std::printf("R@1 + R@5 + R@10: %.1f zero-shot, %.1f with the head\n", before, after);
  EXPECT_GT(after, 1.3 * before);
  // Validation before the first epoch is zero-shot's.
  const std::string history = bytes_of(folder_ / "run" / "history.jsonl");
  const json first = json::parse(history.substr(0, history.find('\n')));
  EXPECT_EQ(first["epoch"], 0);
  EXPECT_TRUE(first["loss"].is_null());
  EXPECT_TRUE(first["val"]["t2v"].contains("R@1"));
  const std::string report = bytes_of(folder_ / "run" / "report.html");
  EXPECT_NE(report.find("without the head (zero-shot)"), std::string::npos);
  EXPECT_EQ(report.find("Words without a vector"), std::string::npos);
}

TEST_F(HeadCommand, TakesFurtherLanesBesideTheImageTowers) {
  const json metrics = trained("run");
  EXPECT_GT(sum(metrics["test"]["t2v"]), sum(metrics["zero_shot"]["t2v"]));
  const RunManifest manifest = read_manifest(folder_ / "run");
  ASSERT_EQ(manifest.lanes.size(), 2U);
  EXPECT_EQ(manifest.lanes.front().lane, "clip");
  EXPECT_EQ(manifest.encoder, encoder());
  expect_error([&] { (void)open_head(manifest)->embed_picture({}); }, Fault::Unsupported, "further lanes");
}

TEST_F(HeadCommand, IsEvaluatedSearchedAndComparedByItsFolderAlone) {
  const json metrics = trained("run", {"--seeds", "2"});
  const json again = evaluated({"--run", folder_ / "run"});
  EXPECT_EQ(again["test"], metrics["test"]);
  EXPECT_EQ(again["seeds"], metrics["seeds"]);
  (void)trained("other", {"--seeds", "2", "--seed", "5"});
  EXPECT_EQ(json::parse(
                run({"eval", "--json", "--compare", folder_ / "run", folder_ / "other"}))["runs"][1]["seeds"],
            2);
  const std::string found = run({"search", "--run", folder_ / "run", "--json", "--top", "3", sentence(2, 0)});
  EXPECT_NE(found.find("\"v2\""), std::string::npos) << found;
}

TEST_F(HeadCommand, DoesNotWorkTwiceForTheSame) {
  (void)trained("run");
  const std::string checkpoint = bytes_of(folder_ / "run" / "checkpoint.pth");
  const auto time = std::filesystem::last_write_time(folder_ / "run" / "checkpoint.pth");
  const json again = trained("run");
  EXPECT_EQ(std::filesystem::last_write_time(folder_ / "run" / "checkpoint.pth"), time);
  EXPECT_TRUE(again.contains("zero_shot"));
  (void)trained("run", {"--weight-decay", "3"});
  EXPECT_NE(bytes_of(folder_ / "run" / "checkpoint.pth"), checkpoint);
}

TEST_F(HeadCommand, CanBeRepeatedFromItsConfig) {
  (void)trained("run", {"--epochs", "3"});
  const std::string checkpoint = bytes_of(folder_ / "run" / "checkpoint.pth");
  CLI::App app;
  app.set_config("--config");
  int exit_code = -1;
  add_train_command(app, exit_code);
  std::vector<std::string> arguments = {folder_ / "again", "--out", "train", folder_ / "run" / "config.toml",
                                        "--config"};
  ::testing::internal::CaptureStdout();
  app.parse(arguments);
  (void)::testing::internal::GetCapturedStdout();
  EXPECT_TRUE(bytes_of(folder_ / "again" / "checkpoint.pth") == checkpoint);
}

TEST_F(HeadCommand, NamesTheFlagWhereTheEncoderIsGoneAndRefusesAnother) {
  (void)trained("run");
  std::filesystem::rename(encoder(), folder_ / "moved");
  expect_error([&] { (void)evaluated({"--run", folder_ / "run"}); }, Fault::NotFound, "--encoder FOLDER");
  expect_error(
      [&] {
        (void)run({"search", "--run", folder_ / "run", "cat"});
      },
      Fault::NotFound, "--encoder FOLDER");
  EXPECT_TRUE(evaluated({"--run", folder_ / "run", "--encoder", folder_ / "moved"}).contains("test"));
  EXPECT_FALSE(run({"search", "--run", folder_ / "run", "--encoder", folder_ / "moved", "cat"}).empty());
  testing::write_tiny_clip(folder_ / "another");
  std::ofstream(folder_ / "another" / "config.json", std::ios::app) << '\n';  // by its bytes it is another
  expect_error(
      [&] {
        (void)evaluated({"--run", folder_ / "run", "--encoder", folder_ / "another"});
      },
      Fault::Mismatch, "not the encoder pair that the run's head was trained on");
}

TEST_F(HeadCommand, RefusesFlagsThatWouldHaveNoEffect) {
  const auto refuse = [&](const std::vector<std::string>& flags, const std::string& phrase) {
    expect_error([&] { (void)run(training("run", flags)); }, Fault::InvalidArgument, phrase);
  };
  refuse({"--embd-dim", "16"}, "--embd-dim");
  refuse({"--margin", "0.2"}, "no effect on a head");
  refuse({"--cosine"}, "--cosine");
  refuse({"--dropout", "0.1"}, "--dropout");
  refuse({"--training-preset", "best"}, "no effect on a head");
  refuse({"--max-rank", "3"}, "--max-rank");
  refuse({"--weight-decay", "-1"}, "0 or more");
  expect_error(
      [&] {
        (void)run({"train", "--text", "encoder", "--store", folder_ / "clips.db", "--captions",
                   folder_ / "captions.csv", "--out", folder_ / "run"});
      },
      Fault::InvalidArgument, "no encoder is given");
  expect_error(
      [&] {
        (void)run({"train", "--weight-decay", "2", "--store", folder_ / "clips.db", "--captions",
                   folder_ / "captions.csv", "--out", folder_ / "run"});
      },
      Fault::InvalidArgument, "no effect on the joint embedding");
  expect_error(
      [&] {
        (void)run(training("run", {"--lanes", "3d"}));
      },
      Fault::NotFound, "none has the features of the encoder's image tower");
}

/// Starts the program; its messages go to `log`.
pid_t start(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  const pid_t child = fork();
  if (child != 0) return child;
  const int to = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  dup2(to, STDOUT_FILENO);
  dup2(to, STDERR_FILENO);
  std::vector<char*> pointers = {const_cast<char*>(TVR_PIPELINE)};
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  execv(TVR_PIPELINE, pointers.data());
  _exit(127);
}

/// The exit code, or minus the signal.
int ended(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

TEST_F(HeadCommand, GivesTheBytesOfAnUndisturbedTrainingWhenKilledOrStopped) {
  const std::vector<std::string> more = {"--epochs", "120", "--batch-size", "2"};
  const std::filesystem::path log = folder_ / "log";
  ASSERT_EQ(ended(start(training("whole", more), log)), 0) << bytes_of(log);
  for (const int signal : {SIGKILL, SIGTERM}) {
    const std::string out = signal == SIGKILL ? "killed" : "stopped";
    const pid_t child = start(training(out, more), log);
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    const std::filesystem::path awaited =
        folder_ / out / (signal == SIGKILL ? "training_state.pth" : "history.jsonl");
    while (!std::filesystem::exists(awaited) && std::chrono::steady_clock::now() < limit)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    kill(child, signal);
    const int how = ended(child);
    if (how == 0) {
      std::printf("the training was over before the signal came\n");
    } else {
      EXPECT_EQ(how, signal == SIGKILL ? -SIGKILL : 128 + SIGTERM) << bytes_of(log);
      EXPECT_TRUE(std::filesystem::exists(folder_ / out / "training_state.pth"));
    }
    ASSERT_EQ(ended(start(training(out, more), log)), 0) << bytes_of(log);
    if (how != 0) {
      EXPECT_NE(bytes_of(log).find("resuming from"), std::string::npos) << bytes_of(log);
      EXPECT_NE(bytes_of(log).find("vectors of the captions are up to date"), std::string::npos);
    }
    for (const char* const file : {"checkpoint.pth", "metrics.json"}) {
      ASSERT_GT(bytes_of(folder_ / "whole" / file).size(), 0U);
      EXPECT_TRUE(bytes_of(folder_ / out / file) == bytes_of(folder_ / "whole" / file)) << out << ' ' << file;
    }
  }
}

}  // namespace
}  // namespace tvr
