#include "pipeline/encoders/linear_encoder.h"

#include <gtest/gtest.h>

#include <random>

#include "data/tensors/pth.h"
#include "data/tensors/tensor_file.h"
#include "data/text_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/mutate.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;

const std::vector<std::string> kCaptions = {"a red ball", "a Red car",   "a blue ball",
                                            "a blue car", "über a ball", "über a car"};

/// A column for each thing and colour.
PairData pairs() {
  PairData data;
  data.clips = Matrix(6, 5);
  for (std::int64_t clip = 0; clip < 6; ++clip) {
    data.clips.row(clip)[clip % 2] = 1;
    data.clips.row(clip)[2 + clip / 2] = 1;
    data.clip_of.push_back(static_cast<std::int32_t>(clip));
  }
  return data;
}

LinearEncoder of_kernel() { return {kCaptions, pairs(), KernelMap(pairs().clips)}; }

void expect_finds(const LinearEncoder& linear) {
  const Matrix text = linear.embed_text({"RED CAR", "a ball, über alles"}),
               video = linear.embed_video(pairs().clips);
  const auto best = [&](std::int64_t sentence) {
    std::int64_t found = 0;
    double highest = -2;
    for (std::int64_t clip = 0; clip < 6; ++clip) {
      double similarity = 0;
      for (std::int64_t k = 0; k < linear.dim(); ++k)
        similarity += static_cast<double>(text.row(sentence)[k]) * static_cast<double>(video.row(clip)[k]);
      if (similarity > highest) highest = similarity, found = clip;
    }
    return found;
  };
  EXPECT_EQ(best(0), 1);
  EXPECT_EQ(best(1), 4);
}

TEST(LinearEncoder, FindsWhatASentenceDescribes) {
  expect_finds(LinearEncoder(kCaptions, pairs()));
  expect_finds(of_kernel());
}

TEST(LinearEncoder, IsTheSameReadFromItsFile) {
  const TempFolder folder;
  for (const LinearEncoder& model : {LinearEncoder(kCaptions, pairs()), of_kernel()}) {
    model.write(folder / "model.pth");
    const LinearEncoder again(folder / "model.pth");
    EXPECT_EQ(again.video_dim(), 5);
    EXPECT_EQ(again.smoothing().text_ridge, model.smoothing().text_ridge);
    EXPECT_EQ(again.smoothing().video_ridge, model.smoothing().video_ridge);
    const auto expect_equal = [](const Matrix& a, const Matrix& b) {
      ASSERT_EQ(a.cols(), b.cols());
      EXPECT_TRUE(std::equal(a.data(), a.data() + a.rows() * a.cols(), b.data()));
    };
    expect_equal(model.embed_text({"über red"}), again.embed_text({"über red"}));
    expect_equal(model.embed_video(pairs().clips), again.embed_video(pairs().clips));
  }
}

TEST(LinearEncoder, RefusesAFileThatDoesNotFitTogether) {
  const TempFolder folder;
  LinearEncoder(kCaptions, pairs()).write(folder / "linear.pth");
  const NamedTensors good = read_weights(folder / "linear.pth");
  const auto refused = [&](const std::string& name, const std::string& phrase, auto change, Fault fault) {
    NamedTensors bad = good;
    for (auto& [tensor_name, tensor] : bad) {
      if (tensor_name == name) change(tensor);
    }
    write_pth(folder / "bad.pth", bad);
    expect_error([&] { LinearEncoder(folder / "bad.pth"); }, fault, phrase);
  };
  refused(
      "text.words", "words and", [](Tensor& t) { t.bytes[0] = std::byte{'\n'}; }, Fault::Corrupt);
  refused(
      "text.idf", "no row 'text.idf'",
      [](Tensor& t) {
        t.shape = {1, t.shape[0]};
      },
      Fault::Corrupt);
  refused(
      "video.bias", "not finite",
      [](Tensor& t) { t.bytes[3] = std::byte{0x7f}, t.bytes[2] = std::byte{0xff}; }, Fault::Corrupt);
  NamedTensors other = KernelMap(pairs().clips).state(), mixed = good;  // 6 coordinates for 5 weights
  std::move(other.begin(), other.end(), std::back_inserter(mixed));
  write_pth(folder / "bad.pth", mixed);
  expect_error([&] { LinearEncoder(folder / "bad.pth"); }, Fault::Corrupt,
               "its kernel gives 6 coordinates, its weights are for 5");
  expect_error([&] { LinearEncoder(folder / "none.pth"); }, Fault::NotFound, "none.pth");
}

TEST(LinearEncoder, TakesNoDamagedFileForAModelThatCrashes) {
  const TempFolder folder;
  std::mt19937 random(5);
  for (const LinearEncoder& model : {LinearEncoder(kCaptions, pairs()), of_kernel()}) {
    model.write(folder / "good.pth");
    const std::string good = read_text_file(folder / "good.pth");
    for (int i = 0; i < 500; ++i) {
      testing::write_file(folder / "bad.pth", testing::mutate(good, random));
      try {
        const LinearEncoder linear(folder / "bad.pth");
        (void)linear.embed_text({"a red ball", ""});
        (void)linear.embed_video(pairs().clips);
      } catch (const Error& error) {
        EXPECT_STRNE(error.what(), "");
      }
    }
  }
}

TEST(LinearEncoder, RefusesCaptionsWithoutACommonWord) {
  expect_error(
      [&] {
        LinearEncoder({"one", "two", "three", "four", "five", "six"}, pairs());
      },
      Fault::Mismatch, "0 words");
}

}  // namespace
}  // namespace tvr
