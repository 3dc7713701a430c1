#include "model/training_step.h"

#include <gtest/gtest.h>

#include <cmath>

#include "golden_training.h"
#include "model/adam.h"
#include "model/embed.h"
#include "model/ranking_loss.h"
#include "model/resident_pairs.h"
#include "model/train_fields.h"
#include "pair_fixture.h"

namespace tvr {
namespace {

using testing::random_matrix;
using testing::random_pairs;

/// The loss by the plainest code there is, in double precision, every padding position spelled out.
class PlainModel {
 public:
  PlainModel(const Parameters& parameters, std::int64_t max_words)
      : parameters_(parameters), max_words_(max_words) {}

  [[nodiscard]] std::vector<double> text(const Matrix& vectors,
                                         const std::vector<std::int32_t>& caption) const {
    std::vector<double> pooled;
    for (std::int64_t w = 0; w < max_words_; ++w) {
      std::vector<double> word(static_cast<std::size_t>(vectors.cols()), 0.0);
      if (w < static_cast<std::int64_t>(caption.size())) {
        word.assign(vectors.row(caption[static_cast<std::size_t>(w)]),
                    vectors.row(caption[static_cast<std::size_t>(w)]) + vectors.cols());
      }
      std::vector<double> hidden = linear(kTextPooling, word);
      if (pooled.empty()) pooled.assign(hidden.size(), 0.0);  // the ReLU's floor
      for (std::size_t d = 0; d < hidden.size(); ++d) pooled[d] = std::max(pooled[d], hidden[d]);
    }
    return gated(kTextFc, kTextGate, pooled);
  }
  [[nodiscard]] std::vector<double> video(const float* clip, std::int64_t dim) const {
    return gated(kVideoFc, kVideoGate, std::vector<double>(clip, clip + dim));
  }

 private:
  [[nodiscard]] std::vector<double> linear(Layer which, const std::vector<double>& x) const {
    const Linear& layer = parameters_[which];
    std::vector<double> y(layer.bias.begin(), layer.bias.end());
    for (std::size_t o = 0; o < y.size(); ++o) {
      for (std::size_t i = 0; i < x.size(); ++i) {
        y[o] += static_cast<double>(layer.weight.row(static_cast<std::int64_t>(o))[i]) * x[i];
      }
    }
    return y;
  }
  [[nodiscard]] std::vector<double> gated(Layer fc, Layer gate, const std::vector<double>& x) const {
    std::vector<double> y = linear(fc, x);
    const std::vector<double> g = linear(gate, y);
    double squares = 0;
    for (std::size_t d = 0; d < y.size(); ++d) {
      y[d] *= 1 / (1 + std::exp(-g[d]));
      squares += y[d] * y[d];
    }
    for (double& value : y) value /= std::max(std::sqrt(squares), 1e-12);
    return y;
  }

  const Parameters& parameters_;
  std::int64_t max_words_;
};

struct Problem {
  Matrix vectors = random_matrix(9, 5, 1);
  PairData pairs = random_pairs(vectors, 6, 2, 7, 2);
  PairBatch batch = {0, 3, 4, 7, 9, 10};
  std::int64_t max_words = 4;
  Parameters parameters = initial_parameters({5, 7, 11, 4}, 3);

  [[nodiscard]] double plain_loss() const {
    const PlainModel model(parameters, max_words);
    const auto size = static_cast<std::int64_t>(batch.size());
    Matrix similarity(size, size);
    for (std::int64_t i = 0; i < size; ++i) {
      const auto text =
          model.text(vectors, pairs.captions[static_cast<std::size_t>(batch[static_cast<std::size_t>(i)])]);
      for (std::int64_t j = 0; j < size; ++j) {
        const std::int32_t clip = pairs.clip_of[static_cast<std::size_t>(batch[static_cast<std::size_t>(j)])];
        const auto video = model.video(pairs.clips.row(clip), pairs.clips.cols());
        double sum = 0;
        for (std::size_t d = 0; d < text.size(); ++d) sum += text[d] * video[d];
        similarity.row(i)[j] = static_cast<float>(sum);
      }
    }
    return max_margin_loss(similarity, 0.2).value;
  }
  [[nodiscard]] StepResult step(const Dropout& dropout = {}) const {
    TrainOptions options;
    options.margin = 0.2;
    options.max_words = 4;
    options.batch_size = static_cast<int>(batch.size());
    const StepPairs step = pairs_of(pairs, batch);
    const ResidentPairs source(pairs, vectors, plan_training(options));
    return loss_and_gradients(parameters, 0, step, source.features(step.clips), vectors, options, dropout);
  }
};

TEST(TrainingStep, HasTheLossOfThePlainModel) {
  const Problem problem;
  EXPECT_NEAR(problem.step().loss, problem.plain_loss(), 1e-6);
}

TEST(TrainingStep, HasTheGradientsThatDifferencesShow) {
  Problem problem;
  const Gradients gradients = problem.step().gradients;
  for (std::size_t l = 0; l < kLayers; ++l) {
    const LinearGradient& factors = gradients[l];
    Linear& layer = problem.parameters[l];
    const auto check = [&](float& value, double gradient, const char* what) {
      const float kept = value;
      const float step = 2e-3F;
      value = kept + step;
      const double above = problem.plain_loss();
      value = kept - step;
      const double below = problem.plain_loss();
      value = kept;
      EXPECT_NEAR(gradient, (above - below) / (2 * static_cast<double>(step)), 3e-4)
          << kLayerNames[l] << what;
    };
    for (std::int64_t o = 0; o < layer.weight.rows(); ++o) {
      double bias_gradient = 0;
      for (std::int64_t n = 0; n < factors.dy.rows(); ++n)
        bias_gradient += static_cast<double>(factors.dy.row(n)[o]);
      check(layer.bias[static_cast<std::size_t>(o)], bias_gradient, ".bias");
      for (std::int64_t i = 0; i < layer.weight.cols(); ++i) {
        double gradient = 0;
        for (std::int64_t n = 0; n < factors.dy.rows(); ++n) {
          gradient += static_cast<double>(factors.dy.row(n)[o]) * static_cast<double>(factors.x.row(n)[i]);
        }
        check(layer.weight.row(o)[i], gradient, ".weight");
      }
    }
  }
}

TEST(TrainingStep, HasTheGradientsOfWhatDropoutKeeps) {
  Problem problem;
  const Dropout dropout(0.4, 3, 5);
  const StepResult whole = problem.step(), dropped = problem.step(dropout);
  EXPECT_NE(dropped.loss, whole.loss);
  for (std::size_t l = 0; l < kLayers; ++l) {
    for (std::int64_t o = 0; o < problem.parameters[l].weight.rows(); ++o) {
      const LinearGradient& factors = dropped.gradients[l];
      double gradient = 0;
      for (std::int64_t n = 0; n < factors.dy.rows(); ++n)
        gradient += static_cast<double>(factors.dy.row(n)[o]);
      float& bias = problem.parameters[l].bias[static_cast<std::size_t>(o)];
      const float kept = bias;
      bias = kept + 2e-3F;
      const double above = problem.step(dropout).loss;
      bias = kept - 2e-3F;
      const double below = problem.step(dropout).loss;
      bias = kept;
      EXPECT_NEAR(gradient, (above - below) / 4e-3, 3e-4) << kLayerNames[l];
    }
  }
}

TEST(Towers, EmbedCaptionsWithoutWordsAndWithTooMany) {
  const Problem problem;
  const std::vector<std::vector<std::int32_t>> captions = {{}, {1, 2, 3, 4}, {1, 2, 3, 4, 5, 6}};
  const Matrix embedded = embed_text(problem.parameters, problem.vectors, captions, 4);
  const PlainModel model(problem.parameters, 4);
  const std::vector<double> empty = model.text(problem.vectors, {});
  for (std::int64_t d = 0; d < embedded.cols(); ++d) {
    EXPECT_NEAR(static_cast<double>(embedded.row(0)[d]), empty[static_cast<std::size_t>(d)], 1e-6);
    EXPECT_EQ(embedded.row(1)[d], embedded.row(2)[d]);  // only the first four words count
  }
}

/// The layers whose weights and biases follow each other in `values`.
Parameters parameters_in(const std::vector<double>& values, const EmbeddingShape& shape) {
  Parameters parameters = zero_parameters(shape);
  std::size_t next = 0;
  for (Linear& layer : parameters) {
    for (std::int64_t i = 0; i < layer.weight.rows() * layer.weight.cols(); ++i)
      layer.weight.data()[i] = static_cast<float>(values.at(next++));
    for (float& bias : layer.bias) bias = static_cast<float>(values.at(next++));
  }
  EXPECT_EQ(next, values.size());
  return parameters;
}

TEST(TrainingStep, WithSeveralPairsPerVideoTrainsAsTheReferenceDoes) {
  constexpr std::int64_t kPairs = 6, kVideoDim = 5, kWords = 5, kWordDim = 4;
  const EmbeddingShape shape{kWordDim, kVideoDim, 6, kWords};
  TrainOptions options;
  options.batch_size = 3;
  options.n_pair = 2;
  options.negative_weighting = true;
  options.embd_dim = 6;
  options.max_words = kWords;
  Parameters parameters = parameters_in(testing::kGoldenStart, shape);
  AdamState adam{zero_parameters(shape), zero_parameters(shape)};
  for (std::size_t step = 0; step < testing::kGoldenLosses.size(); ++step) {
    Matrix clips(kPairs, kVideoDim), vectors(kPairs * kWords, kWordDim);
    for (std::int64_t i = 0; i < kPairs * kVideoDim; ++i)
      clips.data()[i] = static_cast<float>(
          testing::kGoldenClips.at(step * kPairs * kVideoDim + static_cast<std::size_t>(i)));
    StepPairs pairs;
    for (std::int32_t pair = 0; pair < kPairs; ++pair) {
      pairs.clips.push_back(pair);
      std::vector<std::int32_t>& caption = pairs.captions.emplace_back();
      for (std::int32_t word = 0; word < kWords; ++word) {
        const std::int32_t id = pair * kWords + word;
        bool known = false;
        for (std::int64_t d = 0; d < kWordDim; ++d) {
          const double value =
              testing::kGoldenWords.at((step * kPairs * kWords + static_cast<std::size_t>(id)) * kWordDim +
                                       static_cast<std::size_t>(d));
          vectors.row(id)[d] = static_cast<float>(value);
          known |= value != 0;
        }
        if (known) caption.push_back(id);
      }
    }
    const StepResult result = loss_and_gradients(parameters, 0, pairs, std::move(clips), vectors, options);
    EXPECT_NEAR(result.loss, testing::kGoldenLosses[step], 1e-6) << "step " << step;
    adam_step(parameters, adam, result.gradients, testing::kGoldenRates[step]);
  }
  const Parameters wanted = parameters_in(testing::kGoldenEnd, shape);
  for (std::size_t layer = 0; layer < kLayers; ++layer) {
    for (std::int64_t i = 0; i < wanted[layer].weight.rows() * wanted[layer].weight.cols(); ++i)
      EXPECT_NEAR(parameters[layer].weight.data()[i], wanted[layer].weight.data()[i], 1e-5F)
          << kLayerNames[layer];
    for (std::size_t i = 0; i < wanted[layer].bias.size(); ++i)
      EXPECT_NEAR(parameters[layer].bias[i], wanted[layer].bias[i], 1e-5F) << kLayerNames[layer];
  }
}

}  // namespace
}  // namespace tvr
