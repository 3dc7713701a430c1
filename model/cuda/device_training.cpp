#include "model/cuda/device_training.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <string>

#include "data/error.h"
#include "model/adam.h"
#include "model/cuda/training_ops.h"
#include "model/dropout.h"
#include "model/ranking_loss.h"
#ifdef TVR_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#endif

namespace tvr {
namespace {

constexpr std::int64_t kRowsAtOnce = 1024;  // in validation: the words' hidden layer is 0.3 GB at D 4096

at::Tensor tensor_of(const Matrix& matrix) {
  // from_blob takes no const pointer; every use only copies from it.
  return at::from_blob(const_cast<float*>(matrix.data()), {matrix.rows(), matrix.cols()}, at::kFloat);
}

/// visit(a weight or bias of `parameters`, the corresponding part of `flat`), layer by layer, weight then
/// bias.
template <class Layers, class Visit>
void for_each_piece(Layers& parameters, const at::Tensor& flat, const Visit& visit) {
  std::int64_t offset = 0;
  const auto piece = [&](const float* values, std::int64_t count) {
    // from_blob takes no const pointer; visits to const parameters only read.
    visit(at::from_blob(const_cast<float*>(values), {count}, at::kFloat), flat.narrow(0, offset, count));
    offset += count;
  };
  for (auto& layer : parameters) {
    piece(layer.weight.data(), layer.weight.rows() * layer.weight.cols());
    piece(layer.bias.data(), layer.weight.rows());
  }
}

/// One value per weight on the device, in one allocation: layer by layer, weight then bias.
class Arena {
 public:
  Arena(const Parameters& parameters, const at::Device& device)
      : flat(at::empty({count_of(parameters)}, at::TensorOptions(at::kFloat).device(device))) {
    for_each_piece(parameters, flat,
                   [](const at::Tensor& host, const at::Tensor& here) { here.copy_(host); });
    std::int64_t offset = 0;
    for (std::size_t l = 0; l < kLayers; ++l) {
      const std::int64_t rows = parameters[l].weight.rows(), cols = parameters[l].weight.cols();
      weight[l] = flat.narrow(0, offset, rows * cols).view({rows, cols});
      bias[l] = flat.narrow(0, offset + rows * cols, rows);
      offset += rows * cols + rows;
    }
  }

  at::Tensor flat;
  std::array<at::Tensor, kLayers> weight, bias;
};

/// Copies an arena's `flat` to the host.
void copy_to_host(const at::Tensor& flat, Parameters& parameters) {
  for_each_piece(parameters, flat, [](const at::Tensor& host, const at::Tensor& here) { host.copy_(here); });
}

using LayerGradients = std::array<LayerGradient, kLayers>;

/// Like GatedUnit in towers.h.
struct UnitPass {
  at::Tensor x, y;
  Gated gated;
};

UnitPass gated_unit(const Arena& weights, Layer fc, Layer gate, const at::Tensor& x) {
  const at::Tensor y = linear_forward(x, weights.weight[fc], weights.bias[fc]);
  return {x, y, gated(linear_forward(y, weights.weight[gate]), weights.bias[gate], y)};
}

/// Stores the gradients of both layers.
void backward(const UnitPass& unit, const Arena& weights, Layer fc, Layer gate, const at::Tensor& d_out,
              LayerGradients& gradients) {
  const auto [dz, d_gate] = backward(unit.gated, unit.y, d_out);
  gradients[gate] = {d_gate, unit.y, {}};
  gradients[fc] = {
      linear_backward(d_gate, weights.weight[gate]).addcmul_(dz, unit.gated.sigmoid), unit.x, {}};
}

/// Like CaptionTower in towers.h, with all words of N captions, including padding.
struct TextPass {
  at::Tensor words, best_word;  // [N W, E]; [N, D], as in Pooled
  at::Tensor factors;           // [N, D], of dropout on the pooled words; undefined: there is none
  UnitPass unit;
};

/// Dropout's factor for each of rows * cols values, 0 or 1 / (1 - rate): as Dropout::apply() multiplies with
/// them. `key` is that of the stream; int64 arithmetic wraps as uint64 does.
at::Tensor dropout_factors(const at::Tensor& key, std::int64_t rows, std::int64_t cols, double rate) {
  const auto constant = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  const auto shifted = [](const at::Tensor& x, std::int64_t bits) {  // without the sign's copies
    return x.bitwise_right_shift(bits).bitwise_and_((std::int64_t{1} << (64 - bits)) - 1);
  };
  at::Tensor z = at::arange(1, rows * cols + 1, key.options()).mul_(constant(kSplitMix64Step)).add_(key);
  z = z.bitwise_xor(shifted(z, 30)).mul_(constant(0xbf58476d1ce4e5b9));
  z = z.bitwise_xor(shifted(z, 27)).mul_(constant(0x94d049bb133111eb));
  z = z.bitwise_xor(shifted(z, 31));
  const Dropout dropout(rate, 0, 0);
  const at::Tensor kept = shifted(z, 40).ge(constant(Dropout::lowest_kept(rate)));
  return kept.to(at::kFloat).mul_(dropout.scale()).view({rows, cols});
}

/// vectors [V, E]; ids [N, W]; dropout(N, D) gives the factors of the pooled words, or an undefined tensor.
template <class Factors>
TextPass text_tower(const Arena& weights, const at::Tensor& vectors, const at::Tensor& ids,
                    const Factors& dropout) {
  const at::Tensor words = vectors.index_select(0, ids.reshape(-1));
  const at::Tensor hidden = linear_forward(words, weights.weight[kTextPooling]);
  const Pooled pooled = pool(hidden.view({ids.size(0), ids.size(1), -1}), weights.bias[kTextPooling]);
  const at::Tensor factors = dropout(pooled.value.size(0), pooled.value.size(1));
  const at::Tensor kept = factors.defined() ? pooled.value * factors : pooled.value;
  return {words, pooled.best_word, factors, gated_unit(weights, kTextFc, kTextGate, kept)};
}

/// Stores the gradients of the text layers.
void backward(const TextPass& text, const Arena& weights, const at::Tensor& d_out,
              LayerGradients& gradients) {
  backward(text.unit, weights, kTextFc, kTextGate, d_out, gradients);
  const at::Tensor d_kept = linear_backward(gradients[kTextFc].dy, weights.weight[kTextFc]);
  gradients[kTextPooling] = {text.factors.defined() ? d_kept * text.factors : d_kept, text.words,
                             text.best_word};
}

DeviceLoss nce(const at::Tensor& similarity, const at::Tensor& log_scale, const at::Tensor& groups) {
  const std::int64_t size = similarity.size(0);
  const at::Tensor diagonal = at::eye(size, similarity.options()).to(at::kBool);
  const at::Tensor left_out = (groups.unsqueeze(0) == groups.unsqueeze(1)) & diagonal.logical_not();
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

/// visit(first, rows) for every block of `count` rows.
template <class Visit>
void in_blocks(std::int64_t count, const Visit& visit) {
  for (std::int64_t first = 0; first < count; first += kRowsAtOnce)
    visit(first, std::min(kRowsAtOnce, count - first));
}

/// The features of all clips [N, Dv].
at::Tensor features_of(const PairSource& source, const at::Device& device) {
  const at::Tensor all =
      at::empty({source.clip_count(), source.video_dim()}, at::TensorOptions(at::kFloat).device(device));
  in_blocks(source.clip_count(), [&](std::int64_t first, std::int64_t rows) {
    std::vector<std::int32_t> clips(static_cast<std::size_t>(rows));
    std::iota(clips.begin(), clips.end(), static_cast<std::int32_t>(first));
    all.narrow(0, first, rows).copy_(tensor_of(source.features(clips)));
  });
  return all;
}

void require_finite(const at::Tensor& embedded) {
  // As in retrieval_ranks(): a NaN compares neither higher nor equal, and would rank first.
  if (!at::isfinite(embedded).all().item<bool>())
    throw Error(Fault::Corrupt, "similarity", "an embedding contains a NaN or infinity");
}

}  // namespace

class DeviceTraining::Impl {
 public:
  Impl(const TrainState& state, const PairSource& source, const PairData& validation, const Matrix& vectors,
       const TrainOptions& options, int gpu)
      : options_(options),
        device_(gpu < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<at::DeviceIndex>(gpu))),
#ifdef TVR_CUDA
        stream_(gpu < 0 ? std::nullopt : std::optional(at::cuda::getStreamFromPool(false, device_.index()))),
        guard_(stream_),
        beside_(gpu < 0 ? std::nullopt : std::optional(at::cuda::getStreamFromPool(false, device_.index()))),
#endif
        weights_(state.weights, device_),
        mean_(state.adam.mean, device_),
        variance_(state.adam.variance, device_),
        adam_steps_(state.adam.step) {
    at::globalContext().setAllowTF32CuBLAS(false);  // feature extraction in this process may have allowed it
    clips_ = features_of(source, device_);
    // An additional last row is the zero vector, for padding.
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
    validation_clips_ = tensor_of(validation.clips).to(device_);
    const auto queries = static_cast<std::int64_t>(validation.captions.size());
    const at::Tensor words = padding({queries, options.max_words});
    const at::Tensor clip_of = at::empty({queries, 1}, at::kLong);
    for (std::int64_t q = 0; q < queries; ++q) {
      const auto caption = static_cast<std::size_t>(q);
      put_words(validation.captions[caption], words.data_ptr<std::int64_t>() + q * options.max_words);
      clip_of.data_ptr<std::int64_t>()[q] = validation.clip_of[caption];
    }
    validation_words_ = words.to(device_);
    validation_clip_of_ = clip_of.to(device_);
  }

  void begin(const std::vector<StepPairs>& batches, const std::vector<double>& learning_rates,
             std::uint64_t first) {
    const auto steps = static_cast<std::int64_t>(batches.size());
    const std::int64_t size = batches.empty() ? 0 : static_cast<std::int64_t>(batches.front().clips.size());
    const at::Tensor words = padding({steps, size, options_.max_words});
    const at::Tensor clips = at::empty({steps, size}, at::kLong);
    const at::Tensor groups = at::empty({steps, size}, at::kLong);
    const at::Tensor rates = at::empty({steps, 2}, at::kFloat);
    const at::Tensor keys = at::empty({steps, 2}, at::kLong);
    auto* word = words.data_ptr<std::int64_t>();
    auto* clip = clips.data_ptr<std::int64_t>();
    auto* group = groups.data_ptr<std::int64_t>();
    for (std::size_t s = 0; s < batches.size(); ++s) {
      clip = std::copy(batches[s].clips.begin(), batches[s].clips.end(), clip);
      const std::vector<std::int32_t> group_of = groups_of(batches[s]);
      group = std::copy(group_of.begin(), group_of.end(), group);
      for (const std::vector<std::int32_t>& caption : batches[s].captions) {
        put_words(caption, word);
        word += options_.max_words;
      }
      const AdamRates at_step = adam_rates(adam_steps_ + 1 + static_cast<std::int64_t>(s), learning_rates[s]);
      rates.data_ptr<float>()[2 * s] = at_step.step_size;
      rates.data_ptr<float>()[2 * s + 1] = at_step.root_correction;
      const Dropout dropout(options_.dropout, options_.seed, first + s);
      std::int64_t* const key = keys.data_ptr<std::int64_t>() + 2 * s;
      key[0] = static_cast<std::int64_t>(dropout.stream(RandomUse::VideoDropout).key());
      key[1] = static_cast<std::int64_t>(dropout.stream(RandomUse::TextDropout).key());
    }
    put(epoch_words_, words);
    put(epoch_clips_, clips);
    put(epoch_groups_, groups);
    put(epoch_rates_, rates);
    put(epoch_keys_, keys);
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
    run(/*learn=*/true);
  }

  [[nodiscard]] double loss_sum() const { return loss_sum_.item<double>(); }

  void copy_to(TrainState& state) {
    copy_to_host(weights_.flat, state.weights);
    copy_to_host(mean_.flat, state.adam.mean);
    copy_to_host(variance_.flat, state.adam.variance);
    state.adam.step = adam_steps_;
    const at::Tensor temperature = temperature_.to(at::kCPU);
    const float* const values = temperature.data_ptr<float>();
    state.log_scale = {values[0], values[1], values[2]};
    if (best_is_new_) {
      state.best = state.weights;  // for its sizes
      copy_to_host(best_, state.best);
      best_is_new_ = false;
    }
  }

  void keep_best() {
    if (!best_.defined()) best_ = at::empty_like(weights_.flat);
    best_.copy_(weights_.flat);
    best_is_new_ = true;
  }

  [[nodiscard]] std::vector<double> validation_ranks() const {
    const at::Tensor video = at::empty({validation_clips_.size(0), weights_.weight[kVideoGate].size(0)},
                                       validation_clips_.options());  // [N, D]
    in_blocks(video.size(0), [&](std::int64_t first, std::int64_t rows) {
      const at::Tensor clips = validation_clips_.narrow(0, first, rows);
      video.narrow(0, first, rows).copy_(gated_unit(weights_, kVideoFc, kVideoGate, clips).gated.out);
    });
    require_finite(video);
    const auto no_dropout = [](std::int64_t, std::int64_t) { return at::Tensor(); };
    std::vector<double> ranks;
    in_blocks(validation_words_.size(0), [&](std::int64_t first, std::int64_t rows) {
      const at::Tensor text =
          text_tower(weights_, vectors_, validation_words_.narrow(0, first, rows), no_dropout).unit.gated.out;
      require_finite(text);
      const at::Tensor similarity = at::mm(text, video.t());  // [rows, N]
      const at::Tensor own = similarity.gather(1, validation_clip_of_.narrow(0, first, rows));
      const at::Tensor above = (similarity > own).sum(1), equal = (similarity == own).sum(1) - 1;
      const at::Tensor block = (1 + above + equal.to(at::kDouble) / 2).to(at::kCPU);
      ranks.insert(ranks.end(), block.data_ptr<double>(), block.data_ptr<double>() + rows);
    });
    return ranks;
  }

 private:
  /// A CUDA graph reads from fixed addresses: the tensors of an epoch keep theirs as long as their sizes stay
  /// the same.
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
  /// Runs the step once without updating weights, to warm up cuBLAS and the allocator, and then captures it.
  void capture() {
    run(/*learn=*/false);
    stream_->synchronize();
    graph_.emplace().capture_begin();
    run(/*learn=*/true);
    graph_->capture_end();
  }
#endif

  /// On a GPU runs both concurrently: `aside` on a second stream, `here` on the current one, which then waits
  /// for the other. The allocator reuses a freed tensor's memory on the same stream without waiting for the
  /// other: what one stream writes and the other reads must be kept alive until they have synchronised.
  template <class Aside, class Here>
  void together(const Aside& aside, const Here& here) {
#ifdef TVR_CUDA
    if (beside_) {
      at::cuda::CUDAEvent fork, join;
      fork.record(*stream_);
      fork.block(*beside_);
      {
        const c10::cuda::CUDAStreamGuard guard(*beside_);
        aside();
      }
      join.record(*beside_);
      here();
      join.block(*stream_);
      return;
    }
#endif
    aside();
    here();
  }

  /// Runs the step at step_index_. Without `learn` it changes nothing.
  void run(bool learn) {
    at::Tensor rates, clips;
    UnitPass video;
    TextPass text;
    together(
        [&] {
          rates = of_step(epoch_rates_);
          clips = of_step(epoch_clips_);
          at::Tensor features = clips_.index_select(0, clips);
          const at::Tensor factors = dropout(0, features.size(0), features.size(1));
          if (factors.defined()) features.mul_(factors);
          video = gated_unit(weights_, kVideoFc, kVideoGate, features);
        },
        [&] {
          text = text_tower(weights_, vectors_, of_step(epoch_words_),
                            [&](std::int64_t rows, std::int64_t cols) { return dropout(1, rows, cols); });
        });
    const at::Tensor similarity = at::mm(text.unit.gated.out, video.gated.out.t());
    const DeviceLoss loss = options_.loss == RankingLoss::Nce
                                ? nce(similarity, temperature_[0], of_step(epoch_groups_))
                                : max_margin(similarity, options_.margin, pair_weights_);
    LayerGradients gradients;
    together(
        [&] {
          backward(video, weights_, kVideoFc, kVideoGate, at::mm(loss.d_similarity.t(), text.unit.gated.out),
                   gradients);
          if (!learn) return;
          learn_layers({kVideoGate, kVideoFc}, gradients, rates);
          // This tower has one layer less: the remaining work follows it.
          if (options_.loss == RankingLoss::Nce) learn_temperature(loss.d_log_scale, rates);
          loss_sum_.add_(loss.value.sum());
          step_index_.add_(1);
        },
        [&] {
          backward(text, weights_, at::mm(loss.d_similarity, video.gated.out), gradients);
          // Pooling first: its kernel waits for words while those of the other tower read weights.
          if (learn) learn_layers({kTextPooling, kTextGate, kTextFc}, gradients, rates);
        });
  }

  /// The factors of the current step's dropout of features (stream 0) or pooled words (1); undefined without
  /// dropout.
  [[nodiscard]] at::Tensor dropout(std::int64_t stream, std::int64_t rows, std::int64_t cols) const {
    if (options_.dropout == 0) return {};
    return dropout_factors(of_step(epoch_keys_).narrow(0, stream, 1), rows, cols, options_.dropout);
  }

  /// The current step's rates [2], clips [N], groups [N] or words [N, W].
  [[nodiscard]] at::Tensor of_step(const at::Tensor& of_epoch) const {
    return of_epoch.index_select(0, step_index_).squeeze(0);
  }

  /// One Adam step on these layers, on the current stream, after any other stream that reads them has been
  /// synchronised.
  void learn_layers(std::initializer_list<Layer> layers, const LayerGradients& gradients,
                    const at::Tensor& rates) {
    for (const Layer layer : layers)
      adam(weights_.weight[layer], mean_.weight[layer], variance_.weight[layer], gradients[layer], rates);
  }

  void learn_temperature(const at::Tensor& gradient, const at::Tensor& rates) {
    const at::Tensor value = temperature_[0], mean = temperature_[1], variance = temperature_[2];
    mean.mul_(0.9).add_(gradient, 0.1);
    variance.mul_(0.999).add_(gradient * gradient, 0.001);
    value.sub_(rates[0] * mean / (at::sqrt(variance) * rates[1] + 1e-8)).clamp_max_(kHighestLogScale);
  }

  /// Word ids [...] that are all padding, on the host.
  [[nodiscard]] at::Tensor padding(at::IntArrayRef sizes) const {
    return at::full(sizes, vectors_.size(0) - 1, at::kLong);
  }
  /// Writes a caption's first max_words ids.
  void put_words(const std::vector<std::int32_t>& caption, std::int64_t* ids) const {
    std::copy_n(caption.begin(), std::min(caption.size(), static_cast<std::size_t>(options_.max_words)), ids);
  }

  const TrainOptions& options_;
  at::Device device_;
#ifdef TVR_CUDA
  std::optional<c10::cuda::CUDAStream> stream_;  // a graph cannot be captured on the default stream
  c10::cuda::OptionalCUDAStreamGuard guard_;     // all work of this object runs on it
  std::optional<c10::cuda::CUDAStream> beside_;  // except what together() moves here
  std::optional<at::cuda::CUDAGraph> graph_;     // optional because its constructor needs a device
#endif
  Arena weights_, mean_, variance_;
  at::Tensor best_;  // as weights_.flat; undefined before keep_best()
  bool best_is_new_ = false;
  std::int64_t adam_steps_;
  at::Tensor clips_, vectors_, temperature_, step_index_, loss_sum_, pair_weights_;
  at::Tensor epoch_words_, epoch_clips_, epoch_groups_, epoch_rates_, epoch_keys_;
  at::Tensor validation_clips_, validation_words_, validation_clip_of_;  // [N, Dv], [Q, W], [Q, 1]
};

DeviceTraining::DeviceTraining(const TrainState& state, const PairSource& source, const PairData& validation,
                               const Matrix& vectors, const TrainOptions& options, int gpu) {
#ifdef TVR_CUDA
  if (gpu >= c10::cuda::device_count()) {
    throw Error(Fault::Unsupported, "training on the GPU", "there is no GPU " + std::to_string(gpu),
                "Check nvidia-smi, or use --train-device cpu");
  }
#else
  if (gpu >= 0)
    throw Error(Fault::Unsupported, "training on the GPU", TVR_CUDA_MISSING, "Use --train-device cpu");
#endif
  try {
    impl_ = std::make_unique<Impl>(state, source, validation, vectors, options, gpu);
  } catch (const c10::Error& problem) {
    throw Error(Fault::Limit, "training on the GPU", problem.what_without_backtrace(),
                "Use --train-device cpu");
  }
}
DeviceTraining::~DeviceTraining() = default;

void DeviceTraining::begin(const std::vector<StepPairs>& batches, const std::vector<double>& rates,
                           std::uint64_t first) {
  impl_->begin(batches, rates, first);
}
void DeviceTraining::step() { impl_->step(); }
double DeviceTraining::loss_sum() const { return impl_->loss_sum(); }
std::vector<double> DeviceTraining::validation_ranks() const { return impl_->validation_ranks(); }
void DeviceTraining::keep_best() { impl_->keep_best(); }
void DeviceTraining::copy_to(TrainState& state) { impl_->copy_to(state); }

}  // namespace tvr
