// Towers of a few thousand weights, whose vectors were computed by tests/parity/encoder_oracle.py --fixture.
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "tests/support/cosine.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_encoder.h"
#include "towers/encoder_folder.h"
#include "towers/image_tower.h"
#include "towers/onednn.h"
#include "towers/text_tower.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;
using testing::TinyEncoder;

std::vector<const std::uint8_t*> pointers(const TinyEncoder& tiny) {
  std::vector<const std::uint8_t*> pictures;
  for (const auto& picture : tiny.pictures) pictures.push_back(picture.data());
  return pictures;
}

/// The largest distance, relative to the largest value.
double relative_error(const Matrix& got, const std::vector<float>& wanted) {
  EXPECT_EQ(static_cast<std::size_t>(got.rows() * got.cols()), wanted.size());
  double error = 0, largest = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    error = std::max(error, std::abs(double{got.data()[i]} - wanted[i]));
    largest = std::max(largest, std::abs(double{wanted[i]}));
  }
  return error / largest;
}

class TinyTowers : public ::testing::TestWithParam<const char*> {
 protected:
  TinyTowers() : tiny_(testing::tiny_encoder(GetParam())) { write_encoder(tiny_, folder_.path()); }

  TempFolder folder_;
  TinyEncoder tiny_;
};

INSTANTIATE_TEST_SUITE_P(Families, TinyTowers,
                         ::testing::Values("clip_hf", "clip_open", "siglip_hf", "pe_timm"),
                         [](const auto& name) { return std::string(name.param); });

TEST_P(TinyTowers, MakeTheOraclesVectors) {
  const EncoderSpec spec = read_encoder(folder_.path());
  const ImageTower image(spec);
  const TextTower text(spec);
  EXPECT_EQ(image.dim(), spec.dim);
  EXPECT_EQ(text.dim(), spec.dim);
  EXPECT_LT(relative_error(image.embed(pointers(tiny_)), tiny_.image), 1e-5);
  EXPECT_LT(relative_error(text.embed(tiny_.ids), tiny_.text), 1e-5);
  EXPECT_EQ(image.embed({}).rows(), 0);
  EXPECT_EQ(text.embed({}).rows(), 0);
}

TEST_P(TinyTowers, PointTheSameWayInBf16) {
  if (!onednn::has_bf16()) GTEST_SKIP() << "needs a CPU with bf16 arithmetic (AVX512-BF16)";
  const EncoderSpec spec = read_encoder(folder_.path());
  const Matrix image = ImageTower(spec, Precision::Bf16).embed(pointers(tiny_));
  const Matrix text = TextTower(spec, Precision::Bf16).embed(tiny_.ids);
  for (std::int64_t row = 0; row < image.rows(); ++row)
    EXPECT_GE(testing::cosine(image.row(row), tiny_.image.data() + row * spec.dim, spec.dim), 0.999);
  for (std::int64_t row = 0; row < text.rows(); ++row)
    EXPECT_GE(testing::cosine(text.row(row), tiny_.text.data() + row * spec.dim, spec.dim), 0.999);
}

TEST_P(TinyTowers, GiveAVectorThatDoesNotDependOnItsBatch) {
  const EncoderSpec spec = read_encoder(folder_.path());
  const ImageTower image(spec);
  const TextTower text(spec, Precision::Fp32, 2);
  std::vector<const std::uint8_t*> pictures = pointers(tiny_);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto wanted = tiny_.image.begin() + static_cast<std::ptrdiff_t>(i) * spec.dim;
    EXPECT_LT(relative_error(image.embed({pictures[i]}), {wanted, wanted + spec.dim}), 1e-5);
  }
  for (std::size_t i = 0; i < tiny_.ids.size(); ++i) {
    const auto wanted = tiny_.text.begin() + static_cast<std::ptrdiff_t>(i) * spec.dim;
    EXPECT_LT(relative_error(text.embed({tiny_.ids[i]}), {wanted, wanted + spec.dim}), 1e-5);
  }
}

TEST_P(TinyTowers, ServeSeveralThreadsAtOnce) {
  const EncoderSpec spec = read_encoder(folder_.path());
  const ImageTower image(spec);
  const TextTower text(spec);
  std::vector<double> errors(4, 1);
  std::vector<std::thread> threads;
  for (double& error : errors) {
    threads.emplace_back([&] {
      error = relative_error(image.embed(pointers(tiny_)), tiny_.image) +
              relative_error(text.embed(tiny_.ids), tiny_.text);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const double error : errors) EXPECT_LT(error, 2e-5);
}

TEST_P(TinyTowers, AreNamedByTheirFiles) {
  const EncoderSpec spec = read_encoder(folder_.path());
  const std::string id = encoder_id(spec);
  EXPECT_EQ(id.rfind("encoder sha256:", 0), 0u);
  EXPECT_EQ(encoder_id(read_encoder(folder_.path())), id);
  nlohmann::json tensors = tiny_.described["tensors"];
  tensors["logit_scale"][2] = 3.0;
  testing::write_file(spec.weights[0], testing::safetensors_of(tensors));
  EXPECT_NE(encoder_id(spec), id);
}

TEST_P(TinyTowers, RefuseAMissingAnUnexpectedAndAMisshapenTensor) {
  const EncoderSpec spec = read_encoder(folder_.path());
  const auto with = [&](const nlohmann::json& tensors) {
    testing::write_file(spec.weights[0], testing::safetensors_of(tensors));
    return [&] {
      (void)ImageTower(spec);
      (void)TextTower(spec);
    };
  };
  for (const auto& [name, rule] : tiny_.described["tensors"].items()) {
    if (name == "logit_scale") continue;
    // PE-Core has twelve blocks of the usual names, and a file of 24 MB.
    if (GetParam() == std::string("pe_timm") && name.find("attn_pool.q.") == std::string::npos) continue;
    SCOPED_TRACE(name);
    nlohmann::json tensors = tiny_.described["tensors"];
    tensors.erase(name);
    expect_error(with(tensors), Fault::Mismatch, "is missing");
    tensors[name] = rule;
    tensors[name][0].front() = rule[0].front().get<int>() + 1;
    expect_error(with(tensors), Fault::Mismatch, "'" + name + "' has the shape");
  }
  nlohmann::json tensors = tiny_.described["tensors"];
  tensors["visual.surprise"] = {{2, 2}, 1.0, 0.0};
  expect_error(with(tensors), Fault::Mismatch, "'visual.surprise' is not expected");
}

TEST(TextTower, RefusesIdsThatAreNotItsTokenizers) {
  const TempFolder folder;
  const TinyEncoder tiny = testing::tiny_encoder("clip_hf"), siglip = testing::tiny_encoder("siglip_hf");
  write_encoder(tiny, folder / "clip");
  write_encoder(siglip, folder / "siglip");
  const TextTower text(read_encoder(folder / "clip"));
  const auto embed = [](const TextTower& tower, std::vector<std::int32_t> ids) {
    return [&tower, ids] { (void)tower.embed({ids}); };
  };
  expect_error(embed(text, {}), Fault::InvalidArgument, "there are 0, wanted 1 to 13");
  expect_error(embed(text, std::vector<std::int32_t>(14, 1)), Fault::InvalidArgument, "there are 14");
  expect_error(embed(text, {1, 60}), Fault::InvalidArgument, "there is a 60, wanted 0 to 59");
  expect_error(embed(text, {1, -1}), Fault::InvalidArgument, "there is a -1");
  EncoderSpec spec = read_encoder(folder / "clip");
  spec.text.end_token = 59;
  const TextTower with_end(spec);
  expect_error(embed(with_end, {1, 2}), Fault::InvalidArgument, "there is no end token, 59");
  const TextTower padded(read_encoder(folder / "siglip"));
  expect_error(embed(padded, {1, 2}), Fault::InvalidArgument, "wanted 9 with their padding");
}

TEST(ImageTower, RefusesToMakeVectorsThatAreNotFinite) {
  const TempFolder folder;
  const TinyEncoder tiny = testing::tiny_encoder("clip_hf");
  write_encoder(tiny, folder.path());
  nlohmann::json tensors = tiny.described["tensors"];
  tensors["visual_projection.weight"][1] = 1e38;
  testing::write_file(folder / "model.safetensors", testing::safetensors_of(tensors));
  const ImageTower image(read_encoder(folder.path()));
  expect_error([&] { (void)image.embed(pointers(tiny)); }, Fault::Corrupt, "not finite");
}

TEST(ImageTower, RefusesThePrecisionsOfGpus) {
  const TempFolder folder;
  write_encoder(testing::tiny_encoder("clip_hf"), folder.path());
  const EncoderSpec spec = read_encoder(folder.path());
  expect_error([&] { ImageTower(spec, Precision::Fp16); }, Fault::Unsupported, "needs a GPU");
}

}  // namespace
}  // namespace tvr
