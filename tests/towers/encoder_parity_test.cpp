// Both towers of every family against tests/parity/encoder_oracle.py, written in PyTorch from the published
// architectures.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/cosine.h"
#include "tests/support/python.h"
#include "towers/encoder_folder.h"
#include "towers/image_tower.h"
#include "towers/onednn.h"
#include "towers/text_tower.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

template <class Value>
std::vector<Value> values_in(const fs::path& file) {
  std::vector<Value> values(fs::file_size(file) / sizeof(Value));
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(fs::file_size(file)));
  return values;
}

/// The largest distance from `wanted`, relative to its largest value.
double relative_error(const Matrix& got, const std::vector<float>& wanted) {
  EXPECT_EQ(static_cast<std::size_t>(got.rows() * got.cols()), wanted.size());
  double error = 0, largest = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    error = std::max(error, std::abs(double{got.data()[i]} - wanted[i]));
    largest = std::max(largest, std::abs(double{wanted[i]}));
  }
  return error / largest;
}

double least_cosine(const Matrix& got, const std::vector<float>& wanted) {
  double least = 1;
  for (std::int64_t row = 0; row < got.rows(); ++row)
    least = std::min(least, testing::cosine(got.row(row), wanted.data() + row * got.cols(), got.cols()));
  return least;
}

struct Case {
  fs::path folder;
  EncoderSpec spec;
  std::vector<std::uint8_t> pixels;
  std::vector<const std::uint8_t*> pictures;
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<float> image, text;
};

Case case_in(const fs::path& folder) {
  Case made{folder, read_encoder(folder), values_in<std::uint8_t>(folder / "pictures.u8"), {}, {}, {}, {}};
  const auto bytes = static_cast<std::size_t>(made.spec.image.picture_px * made.spec.image.picture_px * 3);
  for (std::size_t at = 0; at < made.pixels.size(); at += bytes)
    made.pictures.push_back(made.pixels.data() + at);
  std::ifstream ids(folder / "ids.json");
  made.ids = json::parse(ids).get<std::vector<std::vector<std::int32_t>>>();
  made.image = values_in<float>(folder / "image.f32");
  made.text = values_in<float>(folder / "text.f32");
  return made;
}

/// The oracle's models, made once.
class EncoderParity : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!testing::python_has("torch, numpy")) return;
    folder_ = new testing::TempFolder;
    std::ifstream script(fs::path(TVR_SOURCE_DIR) / "tests/parity/encoder_oracle.py");
    const std::string text((std::istreambuf_iterator<char>(script)), {});
    int status = 0;
    const std::string output = testing::run_python(text, "'" + folder_->path().string() + "'", status);
    ASSERT_EQ(status, 0) << output;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  void SetUp() override { TVR_NEEDS_PYTHON("torch, numpy"); }

  static std::vector<Case> cases() {
    std::vector<Case> all;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_->path()))
      all.push_back(case_in(entry.path()));
    EXPECT_GE(all.size(), 9u);
    return all;
  }

 private:
  static testing::TempFolder* folder_;
};
testing::TempFolder* EncoderParity::folder_ = nullptr;

TEST_F(EncoderParity, BothTowersEqualTheOracleInFp32) {
  for (const Case& model : cases()) {
    SCOPED_TRACE(model.folder.filename());
    const double image = relative_error(ImageTower(model.spec).embed(model.pictures), model.image);
    const double text = relative_error(TextTower(model.spec).embed(model.ids), model.text);
    EXPECT_LT(image, 1e-4);
    EXPECT_LT(text, 1e-4);
  }
}

TEST_F(EncoderParity, BothTowersPointWhereTheOraclesDoInBf16) {
  if (!onednn::has_bf16()) GTEST_SKIP() << "needs a CPU with bf16 arithmetic (AVX512-BF16)";
  for (const Case& model : cases()) {
    SCOPED_TRACE(model.folder.filename());
    const double image =
        least_cosine(ImageTower(model.spec, Precision::Bf16).embed(model.pictures), model.image);
    const double text = least_cosine(TextTower(model.spec, Precision::Bf16).embed(model.ids), model.text);
    EXPECT_GE(image, 0.999);
    EXPECT_GE(text, 0.999);
  }
}

TEST_F(EncoderParity, ABatchChangesNothingButRounding) {
  for (const Case& model : cases()) {
    SCOPED_TRACE(model.folder.filename());
    const ImageTower image(model.spec);
    for (std::size_t i = 0; i < model.pictures.size(); ++i) {
      const auto* const wanted = model.image.data() + static_cast<std::ptrdiff_t>(i) * image.dim();
      EXPECT_LT(relative_error(image.embed({model.pictures[i]}), {wanted, wanted + image.dim()}), 1e-4);
    }
    const TextTower text(model.spec, Precision::Fp32, 2);
    for (std::size_t i = 0; i < model.ids.size(); ++i) {
      const auto* const wanted = model.text.data() + static_cast<std::ptrdiff_t>(i) * text.dim();
      EXPECT_LT(relative_error(text.embed({model.ids[i]}), {wanted, wanted + text.dim()}), 1e-4);
    }
  }
}

}  // namespace
}  // namespace tvr
