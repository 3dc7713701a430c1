#include "model/cuda/training_ops.h"

#include <ATen/ATen.h>

#include <cstdint>

#include "model/cuda/adam_update.h"
#ifdef TVR_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>

#include "model/cuda/adam_layer.h"
#include "model/cuda/thin_product.h"
#include "model/cuda/training_kernels.h"
#endif

namespace tvr {
namespace {

constexpr float kSmallestNorm = 1e-12F;  // torch.nn.functional.normalize

#ifdef TVR_CUDA
float* data(const at::Tensor& tensor) { return tensor.data_ptr<float>(); }

/// Runs kernel(stream) on the current stream.
template <class Kernel>
void launch(const Kernel& kernel) {
  kernel(at::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

bool suits_thin_product(const at::Tensor& rows, const at::Tensor& weight) {
  if (!rows.is_cuda() || rows.size(0) > gpu::kThinRows) return false;
  const cudaDeviceProp& device = *at::cuda::getCurrentDeviceProperties();
  const auto is_aligned = [](const at::Tensor& tensor) {
    return reinterpret_cast<std::uintptr_t>(tensor.data_ptr()) % 16 == 0;
  };
  return weight.size(0) % gpu::kThinStep == 0 && weight.size(1) % gpu::kThinStep == 0 && is_aligned(rows) &&
         is_aligned(weight) && device.major >= 8 && device.sharedMemPerBlockOptin >= gpu::kThinShared;
}
#endif

}  // namespace

at::Tensor linear_forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
#ifdef TVR_CUDA
  if (suits_thin_product(x, weight)) {
    at::Tensor out = at::empty({x.size(0), weight.size(0)}, x.options());
    launch([&](cudaStream_t stream) {
      gpu::thin_product(data(x), data(weight), bias.defined() ? data(bias) : nullptr, x.size(0),
                        weight.size(0), weight.size(1), data(out), stream);
    });
    return out;
  }
#endif
  at::Tensor product = at::mm(x, weight.t());
  // Not addmm: with a bias of one row it takes twice as long as the product.
  return bias.defined() ? product.add_(bias) : product;
}

at::Tensor linear_backward(const at::Tensor& d_out, const at::Tensor& weight) {
#ifdef TVR_CUDA
  if (suits_thin_product(d_out, weight)) {
    at::Tensor d_x = at::empty({d_out.size(0), weight.size(1)}, d_out.options());
    launch([&](cudaStream_t stream) {
      gpu::thin_product_transposed(data(d_out), data(weight), d_out.size(0), weight.size(1), weight.size(0),
                                   data(d_x), stream);
    });
    return d_x;
  }
#endif
  return at::mm(d_out, weight);
}

Pooled pool(const at::Tensor& hidden, const at::Tensor& bias) {
#ifdef TVR_CUDA
  if (hidden.is_cuda()) {
    const std::int64_t captions = hidden.size(0), length = hidden.size(1), dim = hidden.size(2);
    const Pooled pooled{at::empty({captions, dim}, hidden.options()),
                        at::empty({captions, dim}, hidden.options().dtype(at::kInt))};
    launch([&](cudaStream_t stream) {
      gpu::pool(data(hidden), data(bias), captions, length, dim, data(pooled.value),
                pooled.best_word.data_ptr<std::int32_t>(), stream);
    });
    return pooled;
  }
#endif
  // Bias and ReLU do not change which word is largest, so they come after the maximum.
  const auto [largest, best_word] = hidden.max(1);
  const at::Tensor value = at::relu(largest + bias);
  return {value, best_word.to(at::kInt).masked_fill_((value > 0).logical_not(), -1)};
}

Gated gated(const at::Tensor& product, const at::Tensor& bias, const at::Tensor& y) {
#ifdef TVR_CUDA
  if (y.is_cuda()) {
    Gated gated{at::empty_like(y), at::empty({y.size(0), 1}, y.options()), at::empty_like(y)};
    launch([&](cudaStream_t stream) {
      gpu::gate(data(product), data(bias), data(y), y.size(0), y.size(1), kSmallestNorm, data(gated.sigmoid),
                data(gated.norm), data(gated.out), stream);
    });
    return gated;
  }
#endif
  const at::Tensor sigmoid = at::sigmoid(product + bias), z = y * sigmoid;
  const at::Tensor norm = z.norm(2, {1}, true).clamp_min(kSmallestNorm);
  return {sigmoid, norm, z / norm};
}

GatedSlopes backward(const Gated& gated, const at::Tensor& y, const at::Tensor& d_out) {
#ifdef TVR_CUDA
  if (y.is_cuda()) {
    GatedSlopes slopes{at::empty_like(y), at::empty_like(y)};
    launch([&](cudaStream_t stream) {
      gpu::gate_backward(data(d_out), data(gated.out), data(gated.sigmoid), data(gated.norm), data(y),
                         y.size(0), y.size(1), kSmallestNorm, data(slopes.dz), data(slopes.d_product),
                         stream);
    });
    return slopes;
  }
#endif
  // A row whose norm was clamped was divided by a constant: there is nothing to project out.
  const at::Tensor along = (gated.out * d_out).sum(1, true) * (gated.norm > kSmallestNorm);
  const at::Tensor dz = (d_out - gated.out * along) / gated.norm;
  return {dz, at::sigmoid_backward(dz * y, gated.sigmoid)};
}

DeviceLoss max_margin(const at::Tensor& similarity, double margin, const at::Tensor& weights) {
#ifdef TVR_CUDA
  if (similarity.is_cuda()) {
    const std::int64_t size = similarity.size(0);
    DeviceLoss loss{at::empty({size}, similarity.options()), at::empty_like(similarity), {}};
    launch([&](cudaStream_t stream) {
      gpu::max_margin(data(similarity), static_cast<float>(margin), data(weights), weights.numel() == 1, size,
                      data(loss.value), data(loss.d_similarity), stream);
    });
    return loss;
  }
#endif
  const at::Tensor own = similarity.diagonal();
  const at::Tensor by_text = at::relu(margin + similarity - own.unsqueeze(1));
  const at::Tensor by_video = at::relu(margin + similarity - own.unsqueeze(0));
  const at::Tensor d_text = (by_text > 0) * weights, d_video = (by_video > 0) * weights;
  DeviceLoss loss{(by_text + by_video) * weights, d_text + d_video, {}};
  loss.d_similarity.diagonal().sub_(d_text.sum(1) + d_video.sum(0));
  return loss;
}

void adam(const at::Tensor& weight, const at::Tensor& mean, const at::Tensor& variance,
          const LayerGradient& gradient, const at::Tensor& rates) {
  const auto& [dy, x, best_word] = gradient;
  const std::int64_t rows = dy.size(0), words = x.size(0) / rows;
#ifdef TVR_CUDA
  if (weight.is_cuda()) {
    const gpu::DeviceLayer layer{data(weight), data(mean), data(variance), weight.size(0), weight.size(1)};
    launch([&](cudaStream_t stream) {
      if (best_word.defined())
        gpu::adam_pooling(layer, data(dy), best_word.data_ptr<std::int32_t>(), data(x), rows, words,
                          data(rates), stream);
      else
        gpu::adam_layer(layer, data(dy), data(x), rows, data(rates), stream);
    });
    return;
  }
#endif
  at::Tensor of_row = dy;  // of x
  if (best_word.defined()) {
    const at::Tensor is_best = best_word.unsqueeze(1) == at::arange(words).view({1, words, 1});  // [N, W, O]
    of_row = (is_best * dy.unsqueeze(1)).view({rows * words, dy.size(1)});
  }
  const at::Tensor flat = at::cat({at::mm(of_row.t(), x).view(-1), of_row.sum(0)});  // weight, then bias
  const AdamRates host{rates[0].item<float>(), rates[1].item<float>()};
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    gpu::adam_update(weight.data_ptr<float>()[i], mean.data_ptr<float>()[i], variance.data_ptr<float>()[i],
                     flat.data_ptr<float>()[i], host);
  }
}

}  // namespace tvr
