#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <iterator>

#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"
#include "text/whitening.h"
#include "text/word_vectors.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;

/// Sentences in which "cat" and "kitten" keep the same company, and "car" another.
std::vector<std::string> small_corpus() {
  std::vector<std::string> sentences;
  for (int i = 0; i < 60; ++i) {
    const std::string animal = i % 2 == 0 ? "cat" : "kitten";
    sentences.push_back("the " + animal + " drinks milk and sleeps on the warm sofa");
    sentences.push_back("a fast car drives along the long wet road");
  }
  return sentences;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

SkipgramOptions small_options() {
  SkipgramOptions options;
  options.dim = 16;
  options.epochs = 5;
  options.min_words = 0;
  options.bucket = 1000;
  return options;
}

TEST(Skipgram, GivesEqualBytesForEqualInput) {
  const TempFolder folder;
  train_skipgram(small_corpus(), small_options(), folder / "a.bin");
  train_skipgram(small_corpus(), small_options(), folder / "b.bin");
  EXPECT_GT(bytes_of(folder / "a.bin").size(), 64'000u);
  EXPECT_EQ(bytes_of(folder / "a.bin"), bytes_of(folder / "b.bin"));
  SkipgramOptions other = small_options();
  other.seed = 2;
  train_skipgram(small_corpus(), other, folder / "c.bin");
  EXPECT_NE(bytes_of(folder / "a.bin"), bytes_of(folder / "c.bin"));
}

TEST(Skipgram, ReadsFewSentencesOftenEnoughToLearnTheirWords) {
  const TempFolder folder;
  const std::vector<std::string> sentences = {"a dog bites a frisbee", "a dog runs", "a car moves",
                                              "a car is fast"};
  const auto length = [&](std::int64_t min_words) {
    SkipgramOptions options;
    options.min_words = min_words;
    train_skipgram(sentences, options, folder / "v.bin");
    const WordTable table = open_word_vectors(folder / "v.bin")->lookup({"dog"});
    double sum = 0;
    for (std::int64_t i = 0; i < table.vectors.cols(); ++i)
      sum += table.vectors.row(0)[i] * table.vectors.row(0)[i];
    return std::sqrt(sum);
  };
  EXPECT_LT(length(0), 0.1) << "by the epochs alone it is as it began";
  EXPECT_GT(length(SkipgramOptions().min_words), 1);
}

TEST(Skipgram, WritesAFileInWhichEveryWordHasAVector) {
  const TempFolder folder;
  train_skipgram(small_corpus(), small_options(), folder / "v.bin");
  const auto vectors = open_word_vectors(folder / "v.bin");
  EXPECT_EQ(vectors->dim(), 16);
  const WordTable table = vectors->lookup({"cat", "never_seen", "kitten"});
  EXPECT_EQ(table.words, (std::vector<std::string>{"cat", "never_seen", "kitten"}));
}

TEST(Skipgram, WritesAFileThatTellsItsWordsFromThoseMadeOfTheirParts) {
  const TempFolder folder;
  const auto file = folder / "words.bin";
  train_skipgram({"a dog runs", "the dog sleeps", "a cat runs", "the cat"}, SkipgramOptions(), file);
  const WordTable table = open_word_vectors(file)->lookup({"dog", "dogs", "sleeps", "runs"});
  EXPECT_EQ(table.words.size(), 4U);
  EXPECT_EQ(table.guessed, (std::unordered_set<std::string>{"dogs", "sleeps"})) << "sleeps occurs once";
}

TEST(Skipgram, WhitensTheVectorsOfKnownAndUnknownWordsAlike) {
  const TempFolder folder;
  SkipgramOptions options = small_options();
  train_skipgram(small_corpus(), options, folder / "plain.bin");
  options.whiten = true;
  train_skipgram(small_corpus(), options, folder / "white.bin");
  const std::vector<std::string> known = {"the", "cat",   "kitten", "drinks", "milk",   "and",
                                          "on",  "sofa",  "a",      "fast",   "car",    "drives",
                                          "wet", "along", "long",   "road",   "sleeps", "warm"};
  const auto plain = open_word_vectors(folder / "plain.bin"), white = open_word_vectors(folder / "white.bin");
  const Whitening whitening = Whitening::of(plain->lookup(known).vectors);
  const std::vector<std::string> asked = {"cat", "wet", "kittens", "never_seen"};
  const WordTable before = plain->lookup(asked), after = white->lookup(asked);
  for (std::int64_t word = 0; word < 4; ++word) {
    std::vector<float> wanted(16);
    whitening.apply(before.vectors.row(word), wanted.data());
    for (std::size_t d = 0; d < 16; ++d)
      EXPECT_NEAR(after.vectors.row(word)[d], wanted[d], 2e-3 * (1 + std::fabs(wanted[d]))) << asked[word];
  }
}

TEST(Skipgram, GivesEachKnownWordAnIdentityOfSigns) {
  const TempFolder folder;
  SkipgramOptions options = small_options();
  options.identity_columns = 40;
  train_skipgram(small_corpus(), options, folder / "v.bin");
  const auto vectors = open_word_vectors(folder / "v.bin");
  EXPECT_EQ(vectors->dim(), 16 + 40);
  const WordTable table = vectors->lookup({"cat", "kitten", "never_seen"});
  int equal = 0;
  for (std::int64_t d = 16; d < 56; ++d) {
    EXPECT_NEAR(std::fabs(table.vectors.row(0)[d]), 1, 1e-5);
    EXPECT_EQ(table.vectors.row(2)[d], 0);
    equal += table.vectors.row(0)[d] == table.vectors.row(1)[d] ? 1 : 0;
  }
  EXPECT_GT(equal, 5);
  EXPECT_LT(equal, 35) << "two words have one identity";
}

TEST(Skipgram, SaysNothingOnStandardError) {
  const TempFolder folder;
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  train_skipgram(small_corpus(), small_options(), folder / "v.bin");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Skipgram, StopsWhenToldToAndLeavesNoFile) {
  const TempFolder folder;
  SkipgramOptions options = small_options();
  options.epochs = 100'000;
  const auto stop = [](const ProgressEvent& event) { return event.done < 5; };
  expect_error([&] { train_skipgram(small_corpus(), options, folder / "v.bin", stop); }, Fault::Interrupted,
               "stopped");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Skipgram, RefusesSentencesWithoutWordsAndOptionsWithoutMeaning) {
  const TempFolder folder;
  using Sentences = std::vector<std::string>;
  for (const Sentences& sentences : {Sentences{}, Sentences{"...", ""}, Sentences{"each word once"}})
    expect_error([&] { train_skipgram(sentences, {}, folder / "v.bin"); }, Fault::Mismatch,
                 "no word occurs 2");
  SkipgramOptions no_dim;
  no_dim.dim = 0;
  expect_error([&] { train_skipgram(small_corpus(), no_dim, folder / "v.bin"); }, Fault::InvalidArgument,
               "dim must be");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Skipgram, PassesOverAWordOfMegabytes) {
  const TempFolder folder;
  std::vector<std::string> sentences = small_corpus();
  train_skipgram(sentences, small_options(), folder / "a.bin");
  const std::string endless(20'000'000, 'x');  // its n-grams would take an hour
  sentences.front() += " " + endless + " " + endless;
  train_skipgram(sentences, small_options(), folder / "b.bin");
  EXPECT_EQ(bytes_of(folder / "a.bin"), bytes_of(folder / "b.bin"));
  const WordTable table = open_word_vectors(folder / "b.bin")->lookup({endless, "zzz"});
  EXPECT_EQ(table.words, std::vector<std::string>{"zzz"}) << "other unknown words have subwords";
}

TEST(Skipgram, SaysThatTheFileCannotBeCreated) {
  const TempFolder folder;
  expect_error([&] { train_skipgram(small_corpus(), small_options(), folder / "no/such/folder.bin"); },
               Fault::Unreadable, "cannot be created");
}

TEST(Skipgram, KeepsTheOldFileWhenTheNewOneCannotBeWrittenWhole) {
  const TempFolder folder;
  const std::filesystem::path path = testing::write_file(folder / "words.bin", "old");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit little{8192, before.rlim_max};  // the corpus fits, the vectors do not
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
  expect_error([&] { train_skipgram(small_corpus(), small_options(), path); }, Fault::Unreadable,
               "cannot be written whole");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(std::filesystem::file_size(path), 3U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1)
      << "something lies beside it";
}

TEST(Skipgram, CallsAFullDiskByItsName) {
  const TempFolder folder;
  const testing::ChildReport report = testing::in_child([&]() -> std::string {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", folder.path().c_str(), "tmpfs", 0, "size=8k") != 0) {
      return "no mount";
    }
    try {
      train_skipgram(small_corpus(), small_options(), folder / "words.bin");
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  });
  if (report.text == "no mount") GTEST_SKIP() << "needs the right to mount a small tmpfs";
  EXPECT_NE(report.text.find("no room on the disk"), std::string::npos) << report.text;
}

}  // namespace
}  // namespace tvr
