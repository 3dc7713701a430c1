#include "model/head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "../support/expect_error.h"
#include "../support/temp_folder.h"
#include "data/tensors/pth.h"
#include "data/tensors/tensor_file.h"
#include "head_fixture.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::random_matrix;
using testing::small_head;
using testing::unit_rows;

bool equal(const Matrix& a, const Matrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.rows() * a.cols()) * sizeof(float)) == 0;
}

TEST(Head, IsThePairItselfBeforeTraining) {
  const Head head = zero_head(6, 10, 4.6F);
  const Matrix text = unit_rows(random_matrix(7, 6, 1)), parts = random_matrix(7, 10, 2);
  EXPECT_TRUE(equal(head.embed_text(text), text));
  EXPECT_TRUE(equal(head.embed_video(parts), first_columns(parts, 6)));
}

TEST(Head, AddsALinearResidualAndNormalizes) {
  Head head = zero_head(2, 3, 0);
  head.text.row(0)[1] = 2;   // t' = normalize([3 + 2 * 4, 4])
  head.video.row(1)[2] = 5;  // v' = normalize([1, 1 + 5 * 1])
  Matrix text(1, 2), parts(1, 3);
  text.row(0)[0] = 3, text.row(0)[1] = 4;
  parts.row(0)[0] = parts.row(0)[1] = parts.row(0)[2] = 1;
  const Matrix t = head.embed_text(text), v = head.embed_video(parts);
  EXPECT_NEAR(t.row(0)[0], 11 / std::sqrt(137.0), 1e-6);
  EXPECT_NEAR(t.row(0)[1], 4 / std::sqrt(137.0), 1e-6);
  EXPECT_NEAR(v.row(0)[0], 1 / std::sqrt(37.0), 1e-6);
  EXPECT_NEAR(v.row(0)[1], 6 / std::sqrt(37.0), 1e-6);
}

TEST(Head, EmbedsARowTheSameAloneAndAmongOthers) {
  const Head head = small_head();
  const Matrix many = random_matrix(131, 10, 5);
  const Matrix embedded = head.embed_video(many);
  for (const std::int64_t n : {0, 64, 130}) {
    Matrix one(1, 10);
    std::memcpy(one.data(), many.row(n), 10 * sizeof(float));
    EXPECT_EQ(std::memcmp(head.embed_video(one).data(), embedded.row(n), 6 * sizeof(float)), 0);
  }
}

TEST(Head, IsReadAsItWasWritten) {
  const testing::TempFolder folder;
  const Head head = small_head();
  write_pth(folder / "head.pth", state_of(head));
  const Head read = head_of(read_weights(folder / "head.pth"), "head.pth");
  EXPECT_TRUE(equal(read.text, head.text));
  EXPECT_TRUE(equal(read.video, head.video));
  EXPECT_EQ(read.log_scale, head.log_scale);
}

TEST(Head, RefusesACheckpointThatIsNone) {
  const Matrix square = random_matrix(4, 4, 1), narrow = random_matrix(4, 3, 2),
               wide = random_matrix(4, 5, 3);
  const auto tensor = [](const Matrix& m) { return Tensor::from_floats({m.rows(), m.cols()}, m.data()); };
  const float scale = 1, infinite = std::numeric_limits<float>::infinity();
  const auto refuse = [&](NamedTensors tensors, Fault fault, const std::string& phrase) {
    expect_error([&] { (void)head_of(tensors, "x.pth"); }, fault, phrase);
  };
  const Tensor one = Tensor::from_floats({}, &scale);
  refuse({}, Fault::Mismatch, "no tensor 'text.weight'");
  refuse({{"text.weight", tensor(square)}, {"video.weight", tensor(wide)}}, Fault::Mismatch, "'logit_scale'");
  refuse({{"text.weight", tensor(wide)}, {"video.weight", tensor(wide)}, {"logit_scale", one}},
         Fault::Mismatch, "[4, 5]");
  refuse({{"text.weight", tensor(square)}, {"video.weight", tensor(narrow)}, {"logit_scale", one}},
         Fault::Mismatch, "[4, 3]");
  refuse({{"text.weight", Tensor::from_floats({}, &scale)},
          {"video.weight", tensor(wide)},
          {"logit_scale", one}},
         Fault::Mismatch, "text.weight");
  refuse({{"text.weight", tensor(square)},
          {"video.weight", tensor(wide)},
          {"logit_scale", Tensor::from_floats({}, &infinite)}},
         Fault::Corrupt, "logit_scale");
  expect_error([] { (void)zero_head(4, 3, 0); }, Fault::InvalidArgument, "do not hold");
}

}  // namespace
}  // namespace tvr
