// The joint embedding against PyTorch: tests/parity/joint_embedding.py, on the same weights and batches.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "../support/python.h"
#include "../support/temp_folder.h"
#include "data/tensors/pth.h"
#include "model/adam.h"
#include "model/batches.h"
#include "model/joint_embedding.h"
#include "model/linear.h"
#include "model/resident_pairs.h"
#include "model/retrieval_metrics.h"
#include "model/train_fields.h"
#include "model/training_step.h"
#include "pair_fixture.h"

namespace tvr {
namespace {

using testing::random_matrix;
using testing::random_pairs;

Tensor tensor_of(const Matrix& matrix) {
  return Tensor::from_floats({matrix.rows(), matrix.cols()}, matrix.data());
}

Tensor tensor_of(const std::vector<std::vector<std::int64_t>>& rows) {
  Tensor tensor;
  tensor.dtype = DType::I64;
  tensor.shape = {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows[0].size())};
  for (const std::vector<std::int64_t>& row : rows) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(row.data());
    tensor.bytes.insert(tensor.bytes.end(), bytes, bytes + row.size() * sizeof(std::int64_t));
  }
  return tensor;
}

/// |a - b| / |b|, Euclidean.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double apart = 0, size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    apart += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    size += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(apart) / std::max(std::sqrt(size), 1e-30);
}

std::vector<float> values(const Matrix& matrix) {
  return {matrix.data(), matrix.data() + matrix.rows() * matrix.cols()};
}

/// Python trained ten steps and saved: its file loads, and saved again has the same names and bytes. (That
/// ours loads there it has shown by load_state_dict with strict=True.)
void expect_checkpoint_of_python_loads(const NamedTensors& results) {
  NamedTensors theirs;
  for (const auto& [name, tensor] : results) {
    if (name.rfind("weights.", 0) == 0) theirs.emplace_back(name.substr(8), tensor);
  }
  const NamedTensors ours = state_of(parameters_of(theirs));
  ASSERT_EQ(ours.size(), theirs.size());
  for (const auto& [name, tensor] : ours) {
    const Tensor* const same = find(theirs, name);
    ASSERT_NE(same, nullptr) << name;
    EXPECT_EQ(same->shape, tensor.shape) << name;
    EXPECT_EQ(same->dtype, tensor.dtype) << name;
    EXPECT_TRUE(same->bytes == tensor.bytes) << name;
  }
}

/// What is compared: small, or, with TVR_LONG_TESTS set, the reference's full size over twenty steps.
struct Size {
  std::int64_t words = 60, word_dim = 30, video_dim = 48, embd_dim = 160, clips = 40;
  int batch = 8;
  std::size_t steps = 10;
};
bool is_full_size() { return std::getenv("TVR_LONG_TESTS") != nullptr; }
Size size_to_test() {
  if (!is_full_size()) return {};
  return {500, 300, 4096, 4096, 200, 32, 20};
}

struct Parity : public ::testing::TestWithParam<std::string> {
  Parity() {
    options.batch_size = size.batch;
    options.max_words = 12;
    options.margin = 0.2;
    options.lr = 1e-3;
    options.n_pair = GetParam() == "plain" ? 1 : 3;
    options.negative_weighting = GetParam() == "weighted";
    options.hard_negative_rate = 0.4;
    options.loss = GetParam() == "nce" ? RankingLoss::Nce : RankingLoss::MaxMargin;
    for (int epoch = 1; batches.size() < size.steps; ++epoch) {
      for (const PairBatch& batch : EpochBatches(pairs, size.batch, options.n_pair, 1).epoch(epoch))
        batches.push_back(batch);
    }
    batches.resize(size.steps);
  }

  NamedTensors run_python() {
    std::vector<std::vector<std::int64_t>> ids, rows;
    for (const std::vector<std::int32_t>& caption : pairs.captions) {
      ids.emplace_back(caption.begin(), caption.end());
      ids.back().resize(12, -1);
    }
    for (const PairBatch& batch : batches) rows.emplace_back(batch.begin(), batch.end());
    Tensor clip_of = tensor_of({std::vector<std::int64_t>(pairs.clip_of.begin(), pairs.clip_of.end())});
    clip_of.shape.erase(clip_of.shape.begin());
    write_pth(folder / "inputs.pth", {{"clips", tensor_of(pairs.clips)},
                                      {"vectors", tensor_of(vectors)},
                                      {"ids", tensor_of(ids)},
                                      {"clip_of", clip_of},
                                      {"batches", tensor_of(rows)}});
    write_pth(folder / "weights.pth", state_of(parameters));
    std::ofstream(folder / "case.txt")
        << GetParam() << ' ' << size.batch << ' ' << options.n_pair << " 0.4 0.2 1e-3";
    const std::string script = std::string(TVR_SOURCE_DIR) + "/tests/parity/joint_embedding.py";
    const std::string command = testing::kPython + " '" + script + "' '" + folder.path().string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return read_pth(folder / "results.pth");
  }

  /// Of the first batch, every text against every video.
  Matrix similarities() {
    std::vector<std::vector<std::int32_t>> captions;
    Matrix clips(static_cast<std::int64_t>(batches[0].size()), pairs.clips.cols());
    for (std::size_t b = 0; b < batches[0].size(); ++b) {
      const auto caption = static_cast<std::size_t>(batches[0][b]);
      captions.push_back(pairs.captions[caption]);
      std::copy_n(pairs.clips.row(pairs.clip_of[caption]), clips.cols(),
                  clips.row(static_cast<std::int64_t>(b)));
    }
    const JointEmbedding model(state_of(parameters), 12);
    return multiply_transposed(model.embed_text(vectors, captions), model.embed_video(clips));
  }

  const Size size = size_to_test();
  testing::TempFolder folder;
  Matrix vectors = random_matrix(size.words, size.word_dim, 1);
  PairData pairs = random_pairs(vectors, size.clips, 4, size.video_dim, 2);
  TrainOptions options;
  Parameters parameters = initial_parameters({size.word_dim, size.video_dim, size.embd_dim, 12}, 3);
  std::vector<PairBatch> batches;
};
INSTANTIATE_TEST_SUITE_P(Loss, Parity, ::testing::Values("plain", "weighted", "nce"),
                         [](const auto& name) { return name.param; });

/// Prints one line of the table in docs/TRAINING.md.
TEST_P(Parity, ForwardLossGradientsAdamAndCheckpointsAreThoseOfPyTorch) {
  TVR_NEEDS_PYTHON("torch, numpy");
  const NamedTensors reference = run_python();
  const auto floats = [&](const std::string& name) {
    const Tensor* tensor = find(reference, name);
    EXPECT_NE(tensor, nullptr) << name;
    return tensor != nullptr ? tensor->to_floats() : std::vector<float>();
  };
  const double forward = difference(values(similarities()), floats("similarity"));
  double gradients = 0;
  AdamState adam{zero_parameters(shape_of(parameters, 12)), zero_parameters(shape_of(parameters, 12)), 0};
  AdamScalar log_scale{1.5F, 0, 0};
  std::vector<float> losses;
  const ResidentPairs source(pairs, vectors, plan_training(options));
  for (const PairBatch& batch : batches) {
    const StepPairs step_pairs = pairs_of(pairs, batch);
    const StepResult step = loss_and_gradients(parameters, static_cast<double>(log_scale.value), step_pairs,
                                               source.features(step_pairs.clips), vectors, options);
    for (std::size_t l = 0; l < kLayers && losses.empty(); ++l) {
      const LinearGradient& gradient = step.gradients[l];
      const std::vector<float> wanted = floats("gradient." + std::string(kLayerNames[l]) + ".weight");
      gradients =
          std::max(gradients, difference(values(multiply(transposed(gradient.dy), gradient.x)), wanted));
    }
    losses.push_back(static_cast<float>(step.loss));
    adam_step(parameters, adam, step.gradients, options.lr);
    adam_step(log_scale, adam.step, step.d_log_scale, options.lr);
  }
  double weights = 0, far = 0, count = 0;
  for (const auto& [name, tensor] : state_of(parameters)) {
    const std::vector<float> ours = tensor.to_floats(), theirs = floats("weights." + name);
    weights = std::max(weights, difference(ours, theirs));
    for (std::size_t i = 0; i < ours.size(); ++i) far += std::abs(ours[i] - theirs[i]) > 0.01 * options.lr;
    count += static_cast<double>(ours.size());
  }
  const double loss = difference(losses, floats("losses"));
  std::printf("| %s | %.1e | %.1e | %.1e | %.1e |\n", GetParam().c_str(), forward, loss, gradients, weights);
  expect_checkpoint_of_python_loads(reference);
  for (const double apart : {forward, loss, gradients}) EXPECT_LT(apart, 1e-5);
  // Among so many units and steps there are some where rounding decides which of two words gives the maximum,
  // or whether a value is above the ReLU's zero: such a unit's weights go apart, all others do not.
  EXPECT_LT(weights, is_full_size() ? 1e-3 : 1e-5);
  EXPECT_LT(far, 1e-4 * count) << "weights more than a hundredth of a step apart";
}

TEST_P(Parity, SimilaritiesAndLegacyRanksAreThoseOfTheReference) {
  TVR_NEEDS_PYTHON("torch, numpy");
  const NamedTensors reference = run_python();
  const std::vector<float> ties = find(reference, "ties")->to_floats();
  const auto side = static_cast<std::int64_t>(batches[0].size());
  Matrix text(side, side),
      video(side, side);  // similarities by way of unit vectors: text row i holds its whole row
  std::copy(ties.begin(), ties.end(), text.data());
  std::vector<std::int32_t> clip_of;
  for (std::int64_t i = 0; i < side; ++i) {
    video.row(i)[i] = 1;
    clip_of.push_back(static_cast<std::int32_t>(i));
  }
  const std::vector<double> ranks = text_to_video_ranks(text, video, clip_of, Ties::Legacy);
  const std::vector<float> wanted = find(reference, "legacy")->to_floats();
  EXPECT_GT(wanted.size(), static_cast<std::size_t>(side));  // there are ties
  EXPECT_EQ(std::vector<double>(wanted.begin(), wanted.end()), ranks);
}

}  // namespace
}  // namespace tvr
