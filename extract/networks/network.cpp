#include "extract/networks/network.h"

#include <cmath>
#include <set>

#include "data/error.h"
#include "data/splitmix64.h"

namespace tvr {
namespace {

/// Sebastiano Vigna's splitmix64: a counter passed through a mixing function.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next() noexcept { return splitmix64(state_ += kSplitMix64Step); }
  /// Mean 0, variance 1: the sum of eight 16-bit uniforms. Integers and one multiplication give the same bits
  /// on every machine; std::normal_distribution does not guarantee that.
  [[nodiscard]] float normal() noexcept {
    std::int64_t sum = 0;
    for (int draw = 0; draw < 2; ++draw) {
      std::uint64_t bits = next();
      for (int part = 0; part < 4; ++part, bits >>= 16U) sum += static_cast<std::int64_t>(bits & 0xFFFFU);
    }
    constexpr double kMean = 8 * 65535.0 / 2;
    constexpr double kDeviation = 53509.9977;  // sqrt(8 * (65536^2 - 1) / 12)
    return static_cast<float>((static_cast<double>(sum) - kMean) / kDeviation);
  }

 private:
  std::uint64_t state_;
};

std::uint64_t hash_of(const std::string& name) {  // FNV-1a
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Subtracts the mean over t from values [out, in, t, h, w].
void remove_sum_over_time(std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  const auto frames = static_cast<std::size_t>(shape[2]),
             area = static_cast<std::size_t>(shape[3] * shape[4]);
  for (std::size_t block = 0; block < values.size(); block += frames * area) {
    for (std::size_t place = block; place < block + area; ++place) {
      float sum = 0;
      for (std::size_t t = 0; t < frames; ++t) sum += values[place + t * area];
      for (std::size_t t = 0; t < frames; ++t) values[place + t * area] -= sum / static_cast<float>(frames);
    }
  }
}

bool is_extra(const std::string& name) {
  return name.rfind("fc.", 0) == 0 || ends_with(name, ".num_batches_tracked");
}

}  // namespace

std::vector<TensorShape> parameters_of(const Network& network) {
  std::vector<TensorShape> parameters;
  for (const NetworkStep& step : network.steps) {
    if (step.convolution.empty()) continue;
    std::vector<std::int64_t> shape = {step.out_channels, step.in_channels / step.groups};
    for (int axis = 3 - network.spatial_dims; axis < 3; ++axis)
      shape.push_back(step.kernel[static_cast<std::size_t>(axis)]);
    parameters.push_back({step.convolution + ".weight", shape});
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"}) {
      parameters.push_back({step.norm + part, {step.out_channels}});
    }
  }
  return parameters;
}

void require_fit(const Network& network, const NamedTensors& weights, const std::string& where) {
  const std::string advice = "Choose the model that these weights were made for (--model-2d, --model-3d)";
  std::set<std::string> known;
  for (const TensorShape& parameter : parameters_of(network)) {
    known.insert(parameter.name);
    const Tensor* tensor = find(weights, parameter.name);
    if (tensor == nullptr) {
      throw Error(Fault::Mismatch, where,
                  "tensor '" + parameter.name + "' " + shape_text(parameter.shape) + " is missing", advice);
    }
    if (tensor->shape != parameter.shape) {
      throw Error(Fault::Mismatch, where,
                  "tensor '" + parameter.name + "' is " + shape_text(tensor->shape) + ", the model expects " +
                      shape_text(parameter.shape),
                  advice);
    }
  }
  for (const auto& [name, tensor] : weights) {
    if (known.count(name) == 0 && !is_extra(name)) {
      throw Error(Fault::Mismatch, where,
                  "tensor '" + name + "' " + shape_text(tensor.shape) + " is unexpected", advice);
    }
  }
}

NamedTensors random_weights(const Network& network, std::uint64_t seed) {
  std::set<std::string> zero_sums;
  for (const NetworkStep& step : network.steps) {
    if (step.zero_sum_over_time) zero_sums.insert(step.convolution + ".weight");
  }
  NamedTensors weights;
  for (const TensorShape& parameter : parameters_of(network)) {
    std::int64_t count = 1;
    for (const std::int64_t size : parameter.shape) count *= size;
    std::vector<float> values(static_cast<std::size_t>(count), 0.0F);
    if (parameter.shape.size() > 1) {
      const double fan_out = static_cast<double>(count) / static_cast<double>(parameter.shape[1]);
      const auto deviation = static_cast<float>(std::sqrt(2 / fan_out));
      Random random(seed ^ hash_of(parameter.name));
      for (float& value : values) value = deviation * random.normal();
      if (zero_sums.count(parameter.name) > 0) remove_sum_over_time(values, parameter.shape);
    } else if (ends_with(parameter.name, ".weight") || ends_with(parameter.name, ".running_var")) {
      values.assign(values.size(), 1.0F);
    }
    weights.emplace_back(parameter.name, Tensor::from_floats(parameter.shape, values.data()));
  }
  return weights;
}

}  // namespace tvr
