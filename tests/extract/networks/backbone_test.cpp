#include "extract/networks/backbone.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <thread>

#include "data/fingerprint.h"
#include "data/tensors/pth.h"
#include "extract/networks/network.h"
#include "extract/networks/preprocess.h"
#include "extract/networks/resnet.h"
#include "tests/support/cosine.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "towers/onednn.h"

namespace tvr {
namespace {

using testing::TempFolder;

/// Repeatable noise.
Clip noise(int frames, int height, int width, unsigned seed) {
  Clip clip;
  clip.frames = frames;
  clip.height = height;
  clip.width = width;
  for (int i = 0; i < frames * height * width * 3; ++i) {
    seed = seed * 1664525U + 1013904223U;
    clip.rgb().push_back(static_cast<std::uint8_t>(seed >> 24U));
  }
  return clip;
}

/// The values of a network computed in the plainest way there is: seven loops, double precision.
struct Volume {
  int channels = 0, frames = 0, height = 0, width = 0;
  std::vector<double> values;
  [[nodiscard]] double at(int c, int t, int y, int x) const {
    if (t < 0 || y < 0 || x < 0 || t >= frames || y >= height || x >= width) return 0;
    return values[static_cast<std::size_t>(((c * frames + t) * height + y) * width + x)];
  }
};

Volume shaped(const NetworkStep& step, const Volume& in) {
  const auto size = [&](int length, std::size_t axis) {
    return (length + 2 * step.padding[axis] - step.kernel[axis]) / step.stride[axis] + 1;
  };
  Volume out{step.out_channels, size(in.frames, 0), size(in.height, 1), size(in.width, 2), {}};
  return out;
}

/// Calls `use(t, y, x, offset)` for every place of the kernel at an output position.
void for_kernel(const NetworkStep& step, int t, int y, int x,
                const std::function<void(int, int, int, int)>& use) {
  int offset = 0;
  for (int kt = 0; kt < step.kernel[0]; ++kt) {
    for (int ky = 0; ky < step.kernel[1]; ++ky) {
      for (int kx = 0; kx < step.kernel[2]; ++kx, ++offset) {
        use(t * step.stride[0] - step.padding[0] + kt, y * step.stride[1] - step.padding[1] + ky,
            x * step.stride[2] - step.padding[2] + kx, offset);
      }
    }
  }
}

Volume naive_step(const NetworkStep& step, const Volume& in, const Volume* residual,
                  const NamedTensors& tensors) {
  Volume out = shaped(step, in);
  const bool pools = step.kind == NetworkStep::Kind::MaxPool;
  const auto values = [&](const std::string& name) {
    return pools ? std::vector<float>() : find(tensors, name)->to_floats();
  };
  const auto weights = values(step.convolution + ".weight");
  const auto gamma = values(step.norm + ".weight"), beta = values(step.norm + ".bias");
  const auto mean = values(step.norm + ".running_mean"), var = values(step.norm + ".running_var");
  const int area = step.kernel[0] * step.kernel[1] * step.kernel[2];
  const int in_per_group = step.in_channels / step.groups, out_per_group = step.out_channels / step.groups;
  for (int c = 0; c < out.channels; ++c) {
    for (int t = 0; t < out.frames; ++t) {
      for (int y = 0; y < out.height; ++y) {
        for (int x = 0; x < out.width; ++x) {
          double value = pools ? -1e300 : 0;
          for_kernel(step, t, y, x, [&](int it, int iy, int ix, int offset) {
            if (pools) {
              const bool inside =
                  it >= 0 && iy >= 0 && ix >= 0 && it < in.frames && iy < in.height && ix < in.width;
              if (inside) value = std::max(value, in.at(c, it, iy, ix));
              return;
            }
            for (int i = 0; i < in_per_group; ++i) {
              const auto weight = weights[static_cast<std::size_t>((c * in_per_group + i) * area + offset)];
              value += in.at(c / out_per_group * in_per_group + i, it, iy, ix) * static_cast<double>(weight);
            }
          });
          if (!pools) {
            const auto k = static_cast<std::size_t>(c);
            value = (value - mean[k]) / std::sqrt(var[k] + 1e-5) * gamma[k] + beta[k];
          }
          if (residual != nullptr) value += residual->at(c, t, y, x);
          out.values.push_back(step.relu ? std::max(0.0, value) : value);
        }
      }
    }
  }
  return out;
}

std::vector<double> naive_forward(const Network& network, const NamedTensors& tensors, const Clip& clip) {
  std::vector<Volume> values(1);
  values[0] = {3, network.clip_frames, clip.height, clip.width, {}};
  std::vector<float> input(static_cast<std::size_t>(3 * network.clip_frames * clip.height * clip.width));
  preprocess({&clip}, network.clip_frames, network.normalization, input.data());
  values[0].values.assign(input.begin(), input.end());
  for (const NetworkStep& step : network.steps) {
    const Volume* residual = step.residual < 0 ? nullptr : &values[static_cast<std::size_t>(step.residual)];
    values.push_back(naive_step(step, values[static_cast<std::size_t>(step.input)], residual, tensors));
  }
  const Volume& last = values.back();
  std::vector<double> row;
  const int positions = last.frames * last.height * last.width;
  for (int c = 0; c < last.channels; ++c) {
    double sum = 0;
    for (int i = 0; i < positions; ++i) sum += last.values[static_cast<std::size_t>(c * positions + i)];
    row.push_back(sum / positions);
  }
  return row;
}

/// Weights whose batch normalisations do something.
NamedTensors lively_weights(const Network& network) {
  NamedTensors tensors = random_weights(network, 5);
  unsigned seed = 1;
  for (auto& [name, tensor] : tensors) {
    if (tensor.shape.size() > 1) continue;
    std::vector<float> values = tensor.to_floats();
    for (float& value : values) {
      seed = seed * 1664525U + 1013904223U;
      const float noise = static_cast<float>(seed >> 16U) / 65536.0F;
      value = name.find("running_var") != std::string::npos ? 0.5F + noise : value + 0.3F * (noise - 0.5F);
    }
    tensor = Tensor::from_floats(tensor.shape, values.data());
  }
  return tensors;
}

void expect_close(const float* row, const std::vector<double>& wanted) {
  double scale = 0;
  for (const double value : wanted) scale = std::max(scale, std::abs(value));
  ASSERT_GT(scale, 0);
  for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(row[i] / scale, wanted[i] / scale, 1e-5) << i;
}

std::unique_ptr<Backbone> load_with(const TempFolder& folder, const std::string& model,
                                    const NamedTensors& weights) {
  write_pth(folder / "w.pth", weights);
  BackboneOptions options;
  options.model = model;
  options.weights = folder / "w.pth";
  return load_backbone(options);
}

TEST(Backbone, EqualsThePlainSumsOfATwoDimensionalNetwork) {
  const TempFolder folder;
  const Network network = resnet2d({2, 2, 2, 2}, false);
  const NamedTensors weights = lively_weights(network);
  const Clip clip = noise(1, 37, 50, 3);  // odd sizes
  expect_close(load_with(folder, "resnet18", weights)->forward({&clip}).row(0),
               naive_forward(network, weights, clip));
}

TEST(Backbone, EqualsThePlainSumsOfATwoDimensionalBottleneckNetwork) {
  const TempFolder folder;
  const Network network = resnet2d({3, 4, 6, 3}, true);
  const NamedTensors weights = lively_weights(network);
  const Clip clip = noise(1, 32, 40, 4);
  expect_close(load_with(folder, "resnet50", weights)->forward({&clip}).row(0),
               naive_forward(network, weights, clip));
}

TEST(Backbone, EqualsThePlainSumsOfAThreeDimensionalNetworkWithGroups) {
  const TempFolder folder;
  const Network network = resnet3d({3, 4, 6, 3}, Block3d::ResNeXt);
  const NamedTensors weights = lively_weights(network);
  const Clip clip = noise(13, 32, 32, 5);  // three pictures are filled up
  expect_close(load_with(folder, "resnext50", weights)->forward({&clip}).row(0),
               naive_forward(network, weights, clip));
}

TEST(Backbone, ARowDoesNotDependOnItsBatch) {
  BackboneOptions options;
  options.model = "resnet18";
  const auto network = load_backbone(options);
  std::vector<Clip> clips;
  for (unsigned i = 0; i < 8; ++i) clips.push_back(noise(1, 64, 48, i + 1));
  std::vector<const Clip*> all;
  for (const Clip& clip : clips) all.push_back(&clip);
  const Matrix together = network->forward(all);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const Matrix alone = network->forward({all[i]});
    for (std::int64_t k = 0; k < network->dim(); ++k) {
      ASSERT_NEAR(alone.row(0)[k], together.row(static_cast<std::int64_t>(i))[k],
                  1e-5 * std::abs(alone.row(0)[k]) + 1e-7);
    }
  }
}

TEST(Backbone, InHalfPrecisionPointsWhereFullPrecisionDoes) {
  const TempFolder folder;
  for (const char* model : {"resnet50", "resnext50", "resnet18-3d"}) {
    const bool is_3d = model != std::string("resnet50");
    const Network network =
        !is_3d ? resnet2d({3, 4, 6, 3}, true)
               : (model == std::string("resnext50") ? resnet3d({3, 4, 6, 3}, Block3d::ResNeXt)
                                                    : resnet3d({2, 2, 2, 2}, Block3d::Basic));
    const Clip clip = noise(is_3d ? 16 : 1, 63, 80, 3);
    const auto full = load_with(folder, model, lively_weights(network));
    BackboneOptions options;
    options.model = model;
    options.weights = folder / "w.pth";
    options.precision = Precision::Bf16;
    Matrix rows;
    try {
      rows = load_backbone(options)->forward({&clip});
    } catch (const Error& error) {
      ASSERT_EQ(error.fault(), Fault::Unsupported);
      GTEST_SKIP() << "this processor has no bf16: " << error.what();
    }
    const Matrix wanted = full->forward({&clip});
    const double agreement = testing::cosine(rows.row(0), wanted.row(0), full->dim());
    RecordProperty(std::string("one_minus_cosine_") + model, std::to_string(1 - agreement));
    EXPECT_GT(agreement, 0.999) << model;
    EXPECT_LT(agreement, 1 - 1e-9) << model << ": were these bf16 at all?";
  }
}

TEST(Backbone, ObeysTheLimitOnTheProcessor) {
  const char* const limit = std::getenv("ONEDNN_MAX_CPU_ISA");
  if (limit == nullptr) GTEST_SKIP() << "no limit is set: run by backbone_without_avx512 and _amx";
  EXPECT_FALSE(onednn::has_amx());
  if (limit == std::string("AVX2")) {
    EXPECT_EQ(onednn::vector_floats(), 8);
  }
}

TEST(Backbone, ComputesTheSameInManyThreadsAtOnce) {
  BackboneOptions options;
  options.model = "resnet18";
  const auto network = load_backbone(options);
  const Clip small = noise(1, 40, 48, 1), large = noise(1, 64, 48, 2);
  const Matrix of_small = network->forward({&small}), of_large = network->forward({&large});
  std::atomic<int> different{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 6; ++round) {
        const bool is_small = (i + round) % 2 == 0;
        const Matrix rows = network->forward({is_small ? &small : &large});
        const Matrix& wanted = is_small ? of_small : of_large;
        if (!std::equal(rows.data(), rows.data() + rows.cols(), wanted.data())) ++different;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

TEST(Backbone, RandomWeightsAreTheSameForTheSameSeed) {
  const Network network = resnet2d({2, 2, 2, 2}, false);
  std::string bytes;
  for (const auto& [name, tensor] : random_weights(network, 1)) {
    bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  EXPECT_EQ(sha256(bytes), "2696fb1356565b2f81bacc9e90c0c0d629a88546b0a4bea74295d14f38a17442")
      << "features by random weights of old stores would no longer be fresh in truth";
  EXPECT_NE(random_weights(network, 1)[0].second.bytes, random_weights(network, 2)[0].second.bytes);
}

TEST(Backbone, RandomWeightsHaveTheVarianceOfHe) {
  const NamedTensors weights = random_weights(resnet2d({2, 2, 2, 2}, false), 1);
  const std::vector<float> values = find(weights, "layer4.1.conv2.weight")->to_floats();
  double sum = 0, squares = 0;
  for (const float value : values) sum += value, squares += static_cast<double>(value) * value;
  const auto count = static_cast<double>(values.size());
  EXPECT_NEAR(sum / count, 0, 1e-4);
  EXPECT_NEAR(squares / count / (2.0 / (512 * 9)), 1, 0.01);
}

TEST(Backbone, RefusesWeightsThatDoNotFitNamingTheFirst) {
  const TempFolder folder;
  NamedTensors weights = random_weights(resnet2d({2, 2, 2, 2}, false), 1);
  const float value[] = {0};
  weights.emplace_back("fc.bias", Tensor::from_floats({1}, value));
  weights.emplace_back("bn1.num_batches_tracked", Tensor::from_floats({}, value));
  EXPECT_NO_THROW((void)load_with(folder, "resnet18", weights));
  NamedTensors unexpected = weights;
  unexpected.emplace_back("head.weight", Tensor::from_floats({1}, value));
  testing::expect_error([&] { (void)load_with(folder, "resnet18", unexpected); }, Fault::Mismatch,
                        "'head.weight' [1] is unexpected");
  NamedTensors missing = weights;
  missing.erase(missing.begin() + 5);
  testing::expect_error([&] { (void)load_with(folder, "resnet18", missing); }, Fault::Mismatch,
                        "'layer1.0.conv1.weight' [64, 64, 3, 3] is missing");
  NamedTensors misshapen = weights;
  misshapen[0].second = Tensor::from_floats({1}, value);
  testing::expect_error([&] { (void)load_with(folder, "resnet18", misshapen); }, Fault::Mismatch,
                        "'conv1.weight' is [1], the model expects [64, 3, 7, 7]");
}

TEST(Backbone, RefusesWeightsThatAreNotNumbersNamingTheFirst) {
  const TempFolder folder;
  NamedTensors weights = random_weights(resnet2d({2, 2, 2, 2}, false), 1);
  std::vector<float> values = weights[5].second.to_floats();
  values[7] = NAN;
  weights[5].second = Tensor::from_floats(weights[5].second.shape, values.data());
  testing::expect_error([&] { (void)load_with(folder, "resnet18", weights); }, Fault::Corrupt,
                        "layer1.0.conv1.weight");
}

TEST(Backbone, RefusesUnknownModelsNamingTheKnown) {
  BackboneOptions options;
  options.model = "resnet19";
  testing::expect_error([&] { (void)load_backbone(options); }, Fault::InvalidArgument, "resnext101");
}

TEST(Preprocess, FillsUpWithRawZerosBeforeTheNormalisation) {
  Clip clip;
  clip.frames = 1;
  clip.height = clip.width = 1;
  clip.rgb() = {10, 20, 30};
  float out[6];
  preprocess({&clip}, 2, {1.0F, {1, 2, 3}, {1, 2, 4}}, out);
  EXPECT_EQ(out[0], 9.0F);
  EXPECT_EQ(out[1], -1.0F) << "a frame of zeros, minus the mean";
  EXPECT_EQ(out[2], 9.0F);
  EXPECT_EQ(out[3], -1.0F);
  EXPECT_EQ(out[4], 6.75F);
  EXPECT_EQ(out[5], -0.75F);
}

}  // namespace
}  // namespace tvr
