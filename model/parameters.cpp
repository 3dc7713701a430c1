#include "model/parameters.h"

#include <cmath>
#include <cstring>
#include <string>

#include "data/error.h"
#include "model/random.h"

namespace tvr {
namespace {

const Tensor& tensor_named(const NamedTensors& state, const std::string& name) {
  if (const Tensor* tensor = find(state, name)) return *tensor;
  throw Error(Fault::Mismatch, name, "the checkpoint has no such tensor",
              "It must be a state dict of the joint embedding with the names of antoine77340/howto100m");
}

void require_shape(const Tensor& tensor, const std::string& name, const std::vector<std::int64_t>& wanted) {
  if (tensor.shape == wanted) return;
  throw Error(Fault::Mismatch, name,
              "the shape is " + shape_text(tensor.shape) + ", the other layers need " + shape_text(wanted));
}

Linear read_layer(const NamedTensors& state, const std::string& name) {
  const std::string weight_name = name + ".weight", bias_name = name + ".bias";
  const Tensor& weight = tensor_named(state, weight_name);
  if (weight.shape.size() != 2) {
    throw Error(Fault::Mismatch, weight_name,
                "the shape is " + shape_text(weight.shape) + ", expected [O, I]");
  }
  const Tensor& bias = tensor_named(state, bias_name);
  require_shape(bias, bias_name, {weight.shape[0]});
  Linear layer;
  layer.weight = Matrix(weight.shape[0], weight.shape[1]);
  const std::vector<float> values = weight.to_floats();
  std::memcpy(layer.weight.data(), values.data(), values.size() * sizeof(float));
  layer.bias = bias.to_floats();
  return layer;
}

Tensor constant(std::int64_t count, float value) {
  const std::vector<float> values(static_cast<std::size_t>(count), value);
  return Tensor::from_floats({count}, values.data());
}

/// torch.nn.BatchNorm1d(dim) as initialised.
void add_batch_norm(NamedTensors& state, const std::string& name, std::int64_t dim) {
  state.emplace_back(name + ".weight", constant(dim, 1));
  state.emplace_back(name + ".bias", constant(dim, 0));
  state.emplace_back(name + ".running_mean", constant(dim, 0));
  state.emplace_back(name + ".running_var", constant(dim, 1));
  Tensor batches;
  batches.dtype = DType::I64;
  batches.bytes.resize(sizeof(std::int64_t));
  state.emplace_back(name + ".num_batches_tracked", std::move(batches));
}

std::int64_t rows(const Parameters& parameters, Layer layer) { return parameters[layer].weight.rows(); }
std::int64_t cols(const Parameters& parameters, Layer layer) { return parameters[layer].weight.cols(); }

}  // namespace

Parameters zero_parameters(const EmbeddingShape& shape) { return zero_parameters(shape, shape.embd_dim); }

Parameters zero_parameters(const EmbeddingShape& shape, std::int64_t rows) {
  const std::int64_t d = shape.embd_dim;
  if (d < 1 || shape.word_dim < 1 || shape.video_dim < 1) {
    throw Error(Fault::InvalidArgument, "joint embedding", "a size is not positive");
  }
  const std::array<std::int64_t, kLayers> inputs = {shape.word_dim, d, d, shape.video_dim, d};
  Parameters parameters;
  for (std::size_t l = 0; l < kLayers; ++l) {
    parameters[l].weight = Matrix(rows, inputs[l]);
    parameters[l].bias.resize(static_cast<std::size_t>(d));
  }
  return parameters;
}

Parameters initial_parameters(const EmbeddingShape& shape, std::uint64_t seed) {
  Parameters parameters = zero_parameters(shape);
  for (std::size_t l = 0; l < kLayers; ++l) {
    Linear& layer = parameters[l];
    const float bound = 1.0F / std::sqrt(static_cast<float>(layer.weight.cols()));
    const auto fill = [bound](float* values, std::size_t count, const CounterRandom& random) {
      for (std::size_t i = 0; i < count; ++i) values[i] = bound * (2.0F * random.uniform(i) - 1.0F);
    };
    fill(layer.weight.data(), static_cast<std::size_t>(layer.weight.rows() * layer.weight.cols()),
         CounterRandom(seed, RandomUse::Weights, 2 * l));
    fill(layer.bias.data(), layer.bias.size(), CounterRandom(seed, RandomUse::Weights, 2 * l + 1));
  }
  return parameters;
}

Parameters parameters_of(const NamedTensors& state) {
  Parameters parameters;
  for (std::size_t l = 0; l < kLayers; ++l) parameters[l] = read_layer(state, kLayerNames[l]);
  const std::int64_t d = rows(parameters, kTextPooling);
  if (d < 1 || cols(parameters, kTextPooling) < 1 || cols(parameters, kVideoFc) < 1)
    throw Error(Fault::Mismatch, "joint embedding", "a layer of the checkpoint is empty");
  for (const Layer square : {kTextFc, kTextGate, kVideoGate}) {
    require_shape(tensor_named(state, std::string(kLayerNames[square]) + ".weight"),
                  std::string(kLayerNames[square]) + ".weight", {d, d});
  }
  require_shape(tensor_named(state, "GU_video.fc.weight"), "GU_video.fc.weight",
                {d, cols(parameters, kVideoFc)});
  return parameters;
}

NamedTensors state_of(const Parameters& parameters) {
  NamedTensors state;
  for (std::size_t l = 0; l < kLayers; ++l) {
    const Linear& layer = parameters[l];
    const std::string name = kLayerNames[l];
    state.emplace_back(name + ".weight",
                       Tensor::from_floats({layer.weight.rows(), layer.weight.cols()}, layer.weight.data()));
    state.emplace_back(name + ".bias", Tensor::from_floats({layer.weight.rows()}, layer.bias.data()));
    if (l == kTextGate) add_batch_norm(state, "GU_text.cg.batch_norm", layer.weight.rows());
    if (l == kVideoGate) add_batch_norm(state, "GU_video.cg.batch_norm", layer.weight.rows());
  }
  return state;
}

std::int64_t count_of(const Parameters& parameters) noexcept {
  std::int64_t count = 0;
  for (const Linear& layer : parameters) count += layer.weight.rows() * (layer.weight.cols() + 1);
  return count;
}

EmbeddingShape shape_of(const Parameters& parameters, std::int64_t max_words) noexcept {
  return {cols(parameters, kTextPooling), cols(parameters, kVideoFc), rows(parameters, kTextPooling),
          max_words};
}

}  // namespace tvr
