#include "pipeline/run/run_manifest.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/mutate.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;
using testing::TempFolder;

/// With a value of its own in every field.
RunManifest manifest_in(const std::filesystem::path& run) {
  RunManifest manifest;
  manifest.lanes = {{"2d", R"({"fps":1})", "sha256:ab"}, {"mine", "{}", "random:seed=3"}};
  manifest.store = run / "features.db";
  manifest.networks = {{run / "checkpoint.pth", sha256("weights")},
                       {run / "network-2/checkpoint.pth", sha256("more weights")}};
  manifest.further_seeds = {
      {{run / "seed-8/checkpoint.pth", sha256("a")}, {run / "seed-8/network-2/checkpoint.pth", sha256("b")}}};
  manifest.linear = {run / "linear.pth", sha256("linear")};
  manifest.linear_weight = 0.25;
  manifest.kernel = {run / "kernel.pth", sha256("kernel")};
  manifest.kernel_weight = 0.5;
  manifest.training_videos = {run / "training_videos.txt", sha256("clip 1")};
  manifest.word_vectors = "/elsewhere/words.bin";
  manifest.word_vectors_content = sha256("words");
  manifest.pooling = Pooling::MaxMean;
  manifest.max_words = 7;
  manifest.data = {{"captions",
                    run / "data/captions.csv",
                    "/lists/train.csv",
                    "/lists/val.csv",
                    "/lists/test.csv",
                    {"holidays/*", 0.25}},
                   0.125};
  manifest.data.dataset.legacy_quotes = true;
  manifest.seed = 18446744073709551615U;
  manifest.training = {{"epochs", "3"}, {"loss", "nce"}};
  manifest.made = {{"program", "pipeline 1"}, {"when", "2026-11-29T16:00:00Z"}};
  return manifest;
}

json written(const std::filesystem::path& run) { return json::parse(text_of(run, manifest_in(run))); }

void expect_same(const std::vector<ModelFile>& read, const std::vector<ModelFile>& given) {
  ASSERT_EQ(read.size(), given.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    EXPECT_EQ(read[i].file, given[i].file);
    EXPECT_EQ(read[i].content, given[i].content);
  }
}

TEST(RunManifest, IsReadBackAsItWasWritten) {
  const TempFolder run;
  const RunManifest given = manifest_in(run.path());
  write_manifest(run.path(), given);
  const RunManifest back = read_manifest(run.path());
  ASSERT_EQ(back.lanes.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(back.lanes[i].identity(), given.lanes[i].identity());
  EXPECT_EQ(back.store, given.store);
  expect_same(back.networks, given.networks);
  ASSERT_EQ(back.further_seeds.size(), 1U);
  expect_same(back.further_seeds.front(), given.further_seeds.front());
  expect_same({back.linear, back.kernel, back.training_videos},
              {given.linear, given.kernel, given.training_videos});
  EXPECT_EQ(back.linear_weight, given.linear_weight);
  EXPECT_EQ(back.kernel_weight, given.kernel_weight);
  EXPECT_EQ(back.word_vectors, given.word_vectors);
  EXPECT_EQ(back.word_vectors_content, given.word_vectors_content);
  EXPECT_EQ(back.pooling, given.pooling);
  EXPECT_EQ(back.max_words, given.max_words);
  EXPECT_EQ(back.data.dataset.format, given.data.dataset.format);
  EXPECT_EQ(back.data.dataset.annotations, given.data.dataset.annotations);
  EXPECT_EQ(back.data.dataset.train, given.data.dataset.train);
  EXPECT_EQ(back.data.dataset.val, given.data.dataset.val);
  EXPECT_EQ(back.data.dataset.test, given.data.dataset.test);
  EXPECT_EQ(back.data.dataset.legacy_quotes, given.data.dataset.legacy_quotes);
  EXPECT_EQ(back.data.dataset.split.test_videos, given.data.dataset.split.test_videos);
  EXPECT_EQ(back.data.dataset.split.test_fraction, given.data.dataset.split.test_fraction);
  EXPECT_EQ(back.data.val_fraction, given.data.val_fraction);
  EXPECT_EQ(back.seed, given.seed);
  EXPECT_EQ(back.training, given.training);
  EXPECT_EQ(back.made, given.made);
}

TEST(RunManifest, OfAMovedFolderNamesTheFilesWhereTheyAreNow) {
  const TempFolder folder;
  write_manifest(testing::write_file(folder / "before/x", "").parent_path(), manifest_in(folder / "before"));
  std::filesystem::rename(folder / "before", folder / "after");
  const RunManifest moved = read_manifest(folder / "after");
  EXPECT_EQ(moved.store, folder / "after/features.db");
  EXPECT_EQ(moved.networks.front().file, folder / "after/checkpoint.pth");
  EXPECT_EQ(moved.data.dataset.annotations, folder / "after/data/captions.csv");
  EXPECT_EQ(moved.word_vectors, "/elsewhere/words.bin") << "not part of the folder";
}

TEST(RunManifest, TakesNoPathFromOutsideForOneWithin) {
  RunManifest manifest = manifest_in("/runs/a");
  manifest.store = "/runs/ab/features.db";  // begins like the folder
  EXPECT_EQ(json::parse(text_of("/runs/a", manifest))["store"], "/runs/ab/features.db");
  manifest.store = "/runs/a/../b.db";
  EXPECT_EQ(parse_manifest("/runs/c", text_of("/runs/a", manifest)).store, "/runs/a/../b.db");
}

TEST(RunManifest, OfVersionOneHasOneNetwork) {
  json old = written("/run");
  old["version"] = 1;
  old.erase("networks");
  for (const char* const later : {"linear", "kernel", "further_seeds", "training_videos"}) old.erase(later);
  old["checkpoint"] = "checkpoint.pth";
  old["checkpoint_sha256"] = sha256("weights");
  const RunManifest read = parse_manifest("/run", old.dump());
  ASSERT_EQ(read.networks.size(), 1U);
  EXPECT_EQ(read.networks.front().file, "/run/checkpoint.pth");
  EXPECT_EQ(read.networks.front().content, sha256("weights"));
  EXPECT_EQ(read.linear_weight, 0);
}

TEST(RunManifest, OfVersionTwoHasNoKernelModel) {
  json old = written("/run");
  old["version"] = 2;
  old.erase("kernel");
  const RunManifest read = parse_manifest("/run", old.dump());
  EXPECT_EQ(read.linear_weight, 0.25);
  EXPECT_EQ(read.kernel_weight, 0);
  EXPECT_TRUE(read.kernel.file.empty());
}

TEST(RunManifest, IsRefusedWhereItsSharesLeaveTheNetworksNothing) {
  json text = written("/run");
  text["kernel"]["weight"] = 0.75;
  expect_error([&] { (void)parse_manifest("/run", text.dump()); }, Fault::Corrupt,
               "'kernel.weight' and 'linear.weight' are 1 together, wanted less than 1");
}

TEST(RunManifest, IsKeptWhileItSaysTheSame) {
  const TempFolder run;
  RunManifest manifest = manifest_in(run.path());
  keep_manifest(run.path(), manifest);
  manifest.made["when"] = "later";
  keep_manifest(run.path(), manifest);
  EXPECT_EQ(read_manifest(run.path()).made["when"], "2026-11-29T16:00:00Z");
  manifest.max_words = 8;
  keep_manifest(run.path(), manifest);
  EXPECT_EQ(read_manifest(run.path()).made["when"], "later");
  testing::write_file(run / "run.json", "broken");
  keep_manifest(run.path(), manifest);
  EXPECT_EQ(read_manifest(run.path()).max_words, 8);
}

TEST(RunManifest, ThatIsMissingSaysWhichCommandWritesIt) {
  const TempFolder folder;
  expect_error([&] { (void)read_manifest(folder.path()); }, Fault::NotFound, "pipeline train --out");
  expect_error([&] { (void)read_manifest(folder / "none"); }, Fault::NotFound, "no such folder");
}

TEST(RunManifest, OfANewerProgramIsNotGuessedAt) {
  json text = written("/run");
  text["version"] = 4;
  text["lanes"] = "of another form";
  expect_error([&] { (void)parse_manifest("/run", text.dump()); }, Fault::Unsupported, "version 4");
  text["version"] = 0;
  expect_error([&] { (void)parse_manifest("/run", text.dump()); }, Fault::Corrupt, "version");
}

TEST(RunManifest, IgnoresWhatItDoesNotKnow) {
  json text = written("/run");
  text["colour"] = {{"red", 1}};
  EXPECT_EQ(parse_manifest("/run", text.dump()).max_words, 7);
}

TEST(RunManifest, NamesTheFieldThatIsWrong) {
  struct Damage {
    const char* field;
    std::function<void(json&)> make;
  };
  const std::vector<Damage> damages = {
      {"version", [](json& t) { t["version"] = "1"; }},
      {"lanes", [](json& t) { t.erase("lanes"); }},
      {"lanes", [](json& t) { t["lanes"] = json::array(); }},
      {"lanes[1]", [](json& t) { t["lanes"][1] = 5; }},
      {"lanes[1].weights", [](json& t) { t["lanes"][1]["weights"] = nullptr; }},
      {"lanes[0].identity", [](json& t) { t["lanes"][0]["recipe"] = "{}"; }},
      {"store", [](json& t) { t["store"] = ""; }},
      {"store", [](json& t) { t["store"] = "../../features.db"; }},
      {"store", [](json& t) { t["store"] = std::string("a\0b", 3); }},
      {"networks", [](json& t) { t["networks"] = json::array(); }},
      {"networks[1].file",
       [](json& t) {
         t["networks"][1]["file"] = json::array({1, 2});
       }},
      {"networks[0].sha256", [](json& t) { t["networks"][0]["sha256"] = "abc"; }},
      {"checkpoint", [](json& t) { t.erase("networks"); }},
      {"linear.file", [](json& t) { t["linear"].erase("file"); }},
      {"linear.weight", [](json& t) { t["linear"]["weight"] = 1.5; }},
      {"kernel.file", [](json& t) { t["kernel"].erase("file"); }},
      {"kernel.weight", [](json& t) { t["kernel"]["weight"] = "half"; }},
      {"further_seeds", [](json& t) { t["further_seeds"] = 2; }},
      {"further_seeds[0]", [](json& t) { t["further_seeds"][0] = json::array(); }},
      {"further_seeds[0][1].file", [](json& t) { t["further_seeds"][0][1].erase("file"); }},
      {"training_videos.sha256", [](json& t) { t["training_videos"]["sha256"] = "ABC"; }},
      {"word_vectors", [](json& t) { t.erase("word_vectors"); }},
      {"pooling", [](json& t) { t["pooling"] = "median"; }},
      {"max_words", [](json& t) { t["max_words"] = 0; }},
      {"max_words", [](json& t) { t["max_words"] = 2.5; }},
      {"max_words", [](json& t) { t["max_words"] = -1; }},
      {"max_words", [](json& t) { t["max_words"] = 18446744073709551615U; }},
      {"data", [](json& t) { t["data"] = "captions.csv"; }},
      {"data.format", [](json& t) { t["data"].erase("format"); }},
      {"data.format", [](json& t) { t["data"]["format"] = "a list of films"; }},
      {"data.test_fraction", [](json& t) { t["data"]["test_fraction"] = 1.5; }},
      {"data.legacy_quotes", [](json& t) { t["data"]["legacy_quotes"] = 1; }},
      {"data.seed", [](json& t) { t["data"]["seed"] = -1; }},
      {"training.epochs", [](json& t) { t["training"]["epochs"] = 3; }},
      {"made", [](json& t) { t["made"] = json::array(); }}};
  for (const Damage& damage : damages) {
    json text = written("/run");
    damage.make(text);
    expect_error([&] { (void)parse_manifest("/run", text.dump()); }, Fault::Corrupt,
                 "'" + std::string(damage.field) + "'");
  }
}

TEST(RunManifest, SaysWhatItSawAndWhatItWanted) {
  json text = written("/run");
  text["linear"]["weight"] = 1.5;
  expect_error([&] { (void)parse_manifest("/run", text.dump()); }, Fault::Corrupt,
               "/run/run.json: 'linear.weight' must be a number from 0 to 1, is 1.5");
  text = written("/run");
  text["max_words"] = -3;
  expect_error([&] { (void)parse_manifest("/run", text.dump()); }, Fault::Corrupt,
               "/run/run.json: 'max_words' must be an integer from 1 to 1000, is -3");
  text["max_words"] = std::string(100, 'x');
  expect_error([&] { (void)parse_manifest("/run", text.dump()); }, Fault::Corrupt, "is \"xxx");
}

TEST(RunManifest, IsRefusedWhereAKeyStandsTwice) {
  std::string text = text_of("/run", manifest_in("/run"));
  text.insert(text.find('"'), "\"max_words\": 3, ");
  expect_error([&] { (void)parse_manifest("/run", text); }, Fault::Corrupt,
               "/run/run.json: an object has the key 'max_words' twice");
}

TEST(RunManifest, IsRefusedWhereItsModelIsNotTheOneThatItsTrainingOptionsGive) {
  struct Edit {
    const char* seen;
    std::function<void(json&)> make;
  };
  json sound = written("/run");
  sound["training"] = {{"ensemble", "2"},
                       {"seeds", "2"},
                       {"linear-weight", "0.25"},
                       {"kernel-weight", "0.5"},
                       {"max-words", "7"}};
  EXPECT_EQ(parse_manifest("/run", sound.dump()).networks.size(), 2U);
  const std::vector<Edit> edits = {
      {"'networks' does not agree with 'training.ensemble': is 1, wanted 2",
       [](json& t) { t["networks"].erase(1); }},
      {"'networks' does not agree with 'training.ensemble': is 3, wanted 2",
       [](json& t) { t["networks"].push_back(t["networks"][0]); }},
      {"'further_seeds' does not agree with 'training.ensemble': is 1, wanted 2",
       [](json& t) { t["further_seeds"][0].erase(0); }},
      {"'further_seeds' does not agree with 'training.seeds': is 3, wanted 2",
       [](json& t) { t["further_seeds"].push_back(t["further_seeds"][0]); }},
      {"'linear.weight' does not agree with 'training.linear-weight': is 0.375, wanted 0.25",
       [](json& t) { t["linear"]["weight"] = 0.375; }},
      {"'linear.weight' does not agree with 'training.linear-weight': is 0, wanted 0.25",
       [](json& t) { t.erase("linear"); }},
      {"'kernel.weight' does not agree with 'training.kernel-weight': is 0.25, wanted 0.5",
       [](json& t) { t["kernel"]["weight"] = 0.25; }},
      {"'kernel.weight' does not agree with 'training.kernel-weight': is 0, wanted 0.5",
       [](json& t) { t.erase("kernel"); }},
      {"'max_words' does not agree with 'training.max-words': is 8, wanted 7",
       [](json& t) { t["max_words"] = 8; }}};
  for (const Edit& edit : edits) {
    json text = sound;
    edit.make(text);
    expect_error([&] { (void)parse_manifest("/run", text.dump()); }, Fault::Corrupt, edit.seen);
  }
}

TEST(RunManifest, RefusesAnotherFileThanTheOneItDescribes) {
  const TempFolder run;
  const std::filesystem::path file = testing::write_file(run / "checkpoint.pth", "another");
  EXPECT_EQ(required_content({file, {}}, "checkpoint"), sha256("another")) << "an older run.json has no hash";
  EXPECT_EQ(required_content({file, sha256("another")}, "checkpoint"), sha256("another"));
  expect_error(
      [&] {
        (void)required_content({file, sha256("its own")}, "checkpoint");
      },
      Fault::Mismatch,
      file.string() + ": it is not the checkpoint that run.json describes: its SHA-256 is " +
          sha256("another") + ", wanted " + sha256("its own"));
}

TEST(RunManifest, WithALaneThatAppearsTwiceIsAnError) {
  json text = written("/run");
  text["lanes"].push_back(text["lanes"][0]);
  expect_error([&] { (void)parse_manifest("/run", text.dump()); }, Fault::Corrupt, "appears twice");
}

TEST(RunManifest, ThatIsNoJsonOrTooDeepOrTooLongIsAnError) {
  expect_error([] { (void)parse_manifest("/run", ""); }, Fault::Corrupt, "not JSON");
  expect_error([] { (void)parse_manifest("/run", "[1]"); }, Fault::Corrupt, "must be an object");
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  expect_error([&] { (void)parse_manifest("/run", deep); }, Fault::Corrupt, "deeper than");
  const TempFolder run;
  testing::write_file(run / "run.json", std::string(5 << 20, ' '));
  expect_error([&] { (void)read_manifest(run.path()); }, Fault::Corrupt, "bytes");
}

TEST(RunManifest, DamagedAnywhereIsReadOrRefused) {
  const std::string good = text_of("/run", manifest_in("/run"));
  std::mt19937 random(1);
  int taken = 0;
  constexpr int kDamages = 5'000;
  for (int i = 0; i < kDamages; ++i) {
    const std::string bytes = testing::mutate(good, random);
    try {
      const RunManifest read = parse_manifest("/run", bytes);
      EXPECT_EQ(text_of("/run", parse_manifest("/run", text_of("/run", read))), text_of("/run", read));
      ++taken;
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
  EXPECT_GT(taken, 0);
  EXPECT_LT(taken, kDamages);
}

TEST(RunManifest, FilesThatAreGoneAreNamedWithTheFlagForThem) {
  const TempFolder run;
  RunManifest manifest = manifest_in(run.path());
  expect_error([&] { require_files(manifest); }, Fault::NotFound, "checkpoint.pth");
  testing::write_file(manifest.networks[0].file, "");
  expect_error([&] { require_files(manifest); }, Fault::NotFound, "network-2/checkpoint.pth");
  testing::write_file(manifest.networks[1].file, "");
  expect_error([&] { require_files(manifest); }, Fault::NotFound, "linear model");
  testing::write_file(manifest.linear.file, "");
  expect_error([&] { require_files(manifest); }, Fault::NotFound, "kernel model");
  testing::write_file(manifest.kernel.file, "");
  expect_error([&] { require_files(manifest); }, Fault::NotFound, "--store");
  testing::write_file(manifest.store, "");
  expect_error([&] { require_files(manifest); }, Fault::NotFound, "--word-vectors");
  manifest.word_vectors = testing::write_file(run / "words.bin", "");
  require_files(manifest);
}

}  // namespace
}  // namespace tvr
