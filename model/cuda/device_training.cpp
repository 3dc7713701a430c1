#include "model/cuda/device_training.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>

#include "data/error.h"
#include "model/adam.h"
#include "model/cuda/adam_update.h"
#include "model/ranking_loss.h"
#ifdef TVR_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>

#include "model/cuda/adam_kernel.h"
#endif

namespace tvr {
namespace {

constexpr double kSmallestNorm = 1e-12;  // torch.nn.functional.normalize

at::Tensor tensor_of(const Matrix& matrix) {
  // from_blob takes no const pointer; the copy that follows at each use only reads.
  return at::from_blob(const_cast<float*>(matrix.data()), {matrix.rows(), matrix.cols()}, at::kFloat);
}

std::int64_t size_of(const Parameters& parameters) {
  std::int64_t size = 0;
  for (const Linear& layer : parameters) {
    size += layer.weight.rows() * layer.weight.cols() + static_cast<std::int64_t>(layer.bias.size());
  }
  return size;
}

std::int64_t whole_fours(std::int64_t size) { return (size + 3) / 4 * 4; }

/// One value a weight on the device, in one piece of memory: layer by layer, weight then bias.
class Arena {
 public:
  Arena(const Parameters& parameters, const at::Device& device) {
    at::Tensor host = at::zeros({whole_fours(size_of(parameters))}, at::kFloat);
    float* at_layer = host.data_ptr<float>();
    for (const Linear& layer : parameters) {
      const std::int64_t count = layer.weight.rows() * layer.weight.cols();
      std::memcpy(at_layer, layer.weight.data(), static_cast<std::size_t>(count) * sizeof(float));
      std::memcpy(at_layer + count, layer.bias.data(), layer.bias.size() * sizeof(float));
      at_layer += count + layer.weight.rows();
    }
    flat = host.to(device);
    std::int64_t offset = 0;
    for (std::size_t l = 0; l < kLayers; ++l) {
      const std::int64_t rows = parameters[l].weight.rows(), cols = parameters[l].weight.cols();
      weight[l] = flat.narrow(0, offset, rows * cols).view({rows, cols});
      bias[l] = flat.narrow(0, offset + rows * cols, rows);
      offset += rows * cols + rows;
    }
  }

  void copy_to(Parameters& parameters) const {
    for (std::size_t l = 0; l < kLayers; ++l) {
      const at::Tensor host_weight = weight[l].to(at::kCPU).contiguous(),
                       host_bias = bias[l].to(at::kCPU).contiguous();
      std::memcpy(parameters[l].weight.data(), host_weight.data_ptr<float>(), host_weight.nbytes());
      std::memcpy(parameters[l].bias.data(), host_bias.data_ptr<float>(), host_bias.nbytes());
    }
  }

  at::Tensor flat;
  std::array<at::Tensor, kLayers> weight, bias;
};

at::Tensor apply(const Arena& weights, Layer layer, const at::Tensor& x) {
  return at::addmm(weights.bias[layer], x, weights.weight[layer].t());
}

/// As towers.h's GatedUnit.
struct UnitPass {
  at::Tensor x, y, sigmoid, norm, out;
};

UnitPass gated_unit(const Arena& weights, Layer fc, Layer gate, const at::Tensor& x) {
  UnitPass unit;
  unit.x = x;
  unit.y = apply(weights, fc, x);
  unit.sigmoid = at::sigmoid(apply(weights, gate, unit.y));
  const at::Tensor product = unit.y * unit.sigmoid;
  unit.norm = product.norm(2, {1}, true).clamp_min(kSmallestNorm);
  unit.out = product / unit.norm;
  return unit;
}

void put_gradient(Arena& gradients, Layer layer, const at::Tensor& dy, const at::Tensor& x) {
  at::mm_out(gradients.weight[layer], dy.t(), x);
  at::sum_out(gradients.bias[layer], dy, {0});
}

/// Writes the gradients of both layers; returns d(loss)/d(fc's output).
at::Tensor backward(const UnitPass& unit, const Arena& weights, Arena& gradients, Layer fc, Layer gate,
                    const at::Tensor& d_out) {
  // A row at the floor of the norm was divided by a constant: nothing to project out.
  const at::Tensor along = (unit.out * d_out).sum(1, true) * (unit.norm > kSmallestNorm);
  const at::Tensor dz = (d_out - unit.out * along) / unit.norm;
  const at::Tensor d_gate = dz * unit.y * unit.sigmoid * (1 - unit.sigmoid);
  const at::Tensor dy = at::addmm(dz * unit.sigmoid, d_gate, weights.weight[gate]);
  put_gradient(gradients, gate, d_gate, unit.y);
  put_gradient(gradients, fc, dy, unit.x);
  return dy;
}

struct DeviceLoss {
  at::Tensor value, d_similarity, d_log_scale;
};

DeviceLoss max_margin(const at::Tensor& similarity, double margin, const at::Tensor& weights) {
  const at::Tensor own = similarity.diagonal();
  const at::Tensor by_text = at::relu(margin + similarity - own.unsqueeze(1));
  const at::Tensor by_video = at::relu(margin + similarity - own.unsqueeze(0));
  const at::Tensor d_text = (by_text > 0) * weights, d_video = (by_video > 0) * weights;
  DeviceLoss loss;
  loss.value = ((by_text + by_video) * weights).sum();
  loss.d_similarity = d_text + d_video;
  loss.d_similarity.diagonal().sub_(d_text.sum(1) + d_video.sum(0));
  return loss;
}

DeviceLoss nce(const at::Tensor& similarity, const at::Tensor& log_scale, const at::Tensor& clips) {
  const std::int64_t size = similarity.size(0);
  const at::Tensor diagonal = at::eye(size, similarity.options()).to(at::kBool);
  const at::Tensor left_out = (clips.unsqueeze(0) == clips.unsqueeze(1)) & diagonal.logical_not();
  const at::Tensor scale = at::exp(log_scale);
  const at::Tensor logits = (similarity * scale).masked_fill(left_out, -INFINITY);
  const at::Tensor by_text = at::log_softmax(logits, 1), by_video = at::log_softmax(logits, 0);
  const double share = 0.5 / static_cast<double>(size);
  DeviceLoss loss;
  loss.value = -share * (by_text.diagonal().sum() + by_video.diagonal().sum());
  const at::Tensor slope =
      share * (at::exp(by_text) + at::exp(by_video) - 2 * diagonal.to(at::kFloat)) * scale;
  loss.d_similarity = slope;
  loss.d_log_scale = (slope * similarity).sum();
  return loss;
}

}  // namespace

class DeviceTraining::Impl {
 public:
  Impl(const TrainState& state, const PairData& pairs, const Matrix& vectors, const TrainOptions& options,
       int gpu)
      : pairs_(pairs),
        options_(options),
        device_(gpu < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<at::DeviceIndex>(gpu))),
#ifdef TVR_CUDA
        stream_(gpu < 0 ? std::nullopt : std::optional(at::cuda::getStreamFromPool(false, device_.index()))),
        guard_(stream_),
#endif
        weights_(state.weights, device_),
        mean_(state.adam.mean, device_),
        variance_(state.adam.variance, device_),
        gradients_(state.adam.mean, device_),
        adam_steps_(state.adam.step) {
    clips_ = tensor_of(pairs.clips).to(device_);
    // The row after the last is the zero vector: padding.
    vectors_ = at::cat({tensor_of(vectors), at::zeros({1, vectors.cols()})}).to(device_);
    temperature_ =
        at::tensor({state.log_scale.value, state.log_scale.mean, state.log_scale.variance}).to(device_);
    step_index_ = at::zeros({1}, at::TensorOptions(at::kLong).device(device_));
    loss_sum_ = at::zeros({}, at::TensorOptions(at::kDouble).device(device_));
    const std::int64_t size = std::int64_t{options.batch_size} * options.n_pair;
    const bool weighted = options.n_pair > 1 && options.negative_weighting;
    Matrix weights;
    if (weighted)
      weights = intra_video_weights(options.batch_size, options.n_pair, options.hard_negative_rate);
    pair_weights_ =
        (weighted ? tensor_of(weights) : at::ones({1, 1})).div(static_cast<double>(size * size)).to(device_);
  }

  void begin(const std::vector<PairBatch>& batches, const std::vector<double>& learning_rates) {
    const auto steps = static_cast<std::int64_t>(batches.size());
    const std::int64_t size = batches.empty() ? 0 : static_cast<std::int64_t>(batches.front().size());
    const at::Tensor words = at::full({steps, size, options_.max_words}, vectors_.size(0) - 1, at::kLong);
    const at::Tensor clips = at::empty({steps, size}, at::kLong);
    const at::Tensor rates = at::empty({steps, 2}, at::kFloat);
    auto* word = words.data_ptr<std::int64_t>();
    auto* clip = clips.data_ptr<std::int64_t>();
    for (std::size_t s = 0; s < batches.size(); ++s) {
      for (const std::int32_t index : batches[s]) {
        const auto caption = static_cast<std::size_t>(index);
        const std::vector<std::int32_t>& ids = pairs_.captions[caption];
        std::copy_n(ids.begin(), std::min(ids.size(), static_cast<std::size_t>(options_.max_words)), word);
        word += options_.max_words;
        *clip++ = pairs_.clip_of[caption];
      }
      const AdamRates at_step = adam_rates(adam_steps_ + 1 + static_cast<std::int64_t>(s), learning_rates[s]);
      rates.data_ptr<float>()[2 * s] = at_step.step_size;
      rates.data_ptr<float>()[2 * s + 1] = at_step.root_correction;
    }
    put(epoch_words_, words);
    put(epoch_clips_, clips);
    put(epoch_rates_, rates);
    step_index_.zero_();
    loss_sum_.zero_();
  }

  void step() {
    ++adam_steps_;
#ifdef TVR_CUDA
    if (device_.is_cuda()) {
      if (!graph_) capture();
      graph_->replay();
      return;
    }
#endif
    run();
  }

  [[nodiscard]] double loss_sum() const { return loss_sum_.item<double>(); }

  void copy_to(TrainState& state) const {
    weights_.copy_to(state.weights);
    mean_.copy_to(state.adam.mean);
    variance_.copy_to(state.adam.variance);
    state.adam.step = adam_steps_;
    const at::Tensor temperature = temperature_.to(at::kCPU);
    const float* const values = temperature.data_ptr<float>();
    state.log_scale = {values[0], values[1], values[2]};
  }

 private:
  /// A graph reads from fixed places: tensors of an epoch keep theirs as long as their size stays.
  void put(at::Tensor& place, const at::Tensor& values) {
    if (place.defined() && place.sizes() == values.sizes()) {
      place.copy_(values);
      return;
    }
    place = values.to(device_);
#ifdef TVR_CUDA
    graph_.reset();
#endif
  }

#ifdef TVR_CUDA
  /// Runs the step without Adam, so that cuBLAS and the allocator are warm, and records it.
  void capture() {
    forward_backward();
    stream_->synchronize();
    graph_.emplace().capture_begin();
    run();
    graph_->capture_end();
  }
#endif

  void run() {
    const DeviceLoss loss = forward_backward();
    adam();
    if (options_.loss == RankingLoss::Nce) learn_temperature(loss.d_log_scale);
    loss_sum_.add_(loss.value);
    step_index_.add_(1);
  }

  DeviceLoss forward_backward() {
    const at::Tensor ids = epoch_words_.index_select(0, step_index_).squeeze(0);        // [N, W]
    const at::Tensor clip_rows = epoch_clips_.index_select(0, step_index_).squeeze(0);  // [N]
    const at::Tensor words = vectors_.index_select(0, ids.reshape(-1));                 // [N W, E]
    const at::Tensor hidden =
        apply(weights_, kTextPooling, words).relu_().view({ids.size(0), ids.size(1), -1});
    const auto [pooled, best_word] = hidden.max(1);  // [N, D]
    const UnitPass text = gated_unit(weights_, kTextFc, kTextGate, pooled);
    const UnitPass video = gated_unit(weights_, kVideoFc, kVideoGate, clips_.index_select(0, clip_rows));
    const at::Tensor similarity = at::mm(text.out, video.out.t());
    const DeviceLoss loss = options_.loss == RankingLoss::Nce
                                ? nce(similarity, temperature_[0], clip_rows)
                                : max_margin(similarity, options_.margin, pair_weights_);
    backward(video, weights_, gradients_, kVideoFc, kVideoGate, at::mm(loss.d_similarity.t(), text.out));
    const at::Tensor dy =
        backward(text, weights_, gradients_, kTextFc, kTextGate, at::mm(loss.d_similarity, video.out));
    const at::Tensor d_pooled = at::mm(dy, weights_.weight[kTextFc]) * (pooled > 0);
    const at::Tensor d_hidden =
        at::zeros_like(hidden).scatter_(1, best_word.unsqueeze(1), d_pooled.unsqueeze(1));
    put_gradient(gradients_, kTextPooling, d_hidden.view({ids.size(0) * ids.size(1), -1}), words);
    return loss;
  }

  void adam() {
    const at::Tensor rates = epoch_rates_.index_select(0, step_index_).squeeze(0);
#ifdef TVR_CUDA
    if (device_.is_cuda()) {
      gpu::adam(weights_.flat.data_ptr<float>(), mean_.flat.data_ptr<float>(),
                variance_.flat.data_ptr<float>(), gradients_.flat.data_ptr<float>(), weights_.flat.numel(),
                rates.data_ptr<float>(), at::cuda::getCurrentCUDAStream());
      return;
    }
#endif
    const AdamRates host{rates[0].item<float>(), rates[1].item<float>()};
    float* const value = weights_.flat.data_ptr<float>();
    for (std::int64_t i = 0; i < weights_.flat.numel(); ++i) {
      gpu::adam_update(value[i], mean_.flat.data_ptr<float>()[i], variance_.flat.data_ptr<float>()[i],
                       gradients_.flat.data_ptr<float>()[i], host);
    }
  }

  void learn_temperature(const at::Tensor& gradient) {
    const at::Tensor rates = epoch_rates_.index_select(0, step_index_).squeeze(0);
    const at::Tensor value = temperature_[0], mean = temperature_[1], variance = temperature_[2];
    mean.mul_(0.9).add_(gradient, 0.1);
    variance.mul_(0.999).add_(gradient * gradient, 0.001);
    value.sub_(rates[0] * mean / (at::sqrt(variance) * rates[1] + 1e-8)).clamp_max_(kHighestLogScale);
  }

  const PairData& pairs_;
  const TrainOptions& options_;
  at::Device device_;
#ifdef TVR_CUDA
  std::optional<c10::cuda::CUDAStream> stream_;  // a graph cannot be recorded on the default one
  c10::cuda::OptionalCUDAStreamGuard guard_;     // all of this object's work goes there
  std::optional<at::cuda::CUDAGraph> graph_;     // its construction already asks for a device
#endif
  Arena weights_, mean_, variance_, gradients_;
  std::int64_t adam_steps_;
  at::Tensor clips_, vectors_, temperature_, step_index_, loss_sum_, pair_weights_;
  at::Tensor epoch_words_, epoch_clips_, epoch_rates_;
};

DeviceTraining::DeviceTraining(const TrainState& state, const PairData& pairs, const Matrix& vectors,
                               const TrainOptions& options, int gpu) {
#ifdef TVR_CUDA
  if (gpu >= c10::cuda::device_count()) {
    throw Error(Fault::Unsupported, "training on the GPU", "GPU " + std::to_string(gpu) + " is not there",
                "Look at nvidia-smi, or use --train-device cpu");
  }
#else
  if (gpu >= 0)
    throw Error(Fault::Unsupported, "training on the GPU", TVR_CUDA_MISSING, "Use --train-device cpu");
#endif
  try {
    impl_ = std::make_unique<Impl>(state, pairs, vectors, options, gpu);
  } catch (const c10::Error& problem) {
    throw Error(Fault::Limit, "training on the GPU", problem.what_without_backtrace(),
                "Use --train-device cpu");
  }
}
DeviceTraining::~DeviceTraining() = default;

void DeviceTraining::begin(const std::vector<PairBatch>& batches, const std::vector<double>& rates) {
  impl_->begin(batches, rates);
}
void DeviceTraining::step() { impl_->step(); }
double DeviceTraining::loss_sum() const { return impl_->loss_sum(); }
void DeviceTraining::copy_to(TrainState& state) const { impl_->copy_to(state); }

}  // namespace tvr
