#pragma once

#include <ATen/Tensor.h>

namespace tvr {

// The operators of a training step on a device. On a GPU each is one kernel (thin_product.h,
// training_kernels.h, adam_layer.h) on the current stream; on the CPU, for comparison, and for sizes that
// thin_product does not support, LibTorch's operators. Tensors are fp32 and contiguous.

/// x weight^T + bias, [N, O]. x [N, I], weight [O, I], bias [O] or undefined.
[[nodiscard]] at::Tensor linear_forward(const at::Tensor& x, const at::Tensor& weight,
                                        const at::Tensor& bias = {});
/// The gradient for x of linear_forward(), given d_out [N, O]: d_out weight, [N, I].
[[nodiscard]] at::Tensor linear_backward(const at::Tensor& d_out, const at::Tensor& weight);

/// Max pooling over a caption's words, after bias and ReLU.
struct Pooled {
  at::Tensor value;      // [N, D]
  at::Tensor best_word;  // [N, D], int32: the word with the maximum; -1 where the ReLU is zero
};
/// hidden [N, W, D]: the words multiplied by the layer's weight; bias [D].
[[nodiscard]] Pooled pool(const at::Tensor& hidden, const at::Tensor& bias);

/// Context gating: out = z / |z| per row, z = y * sigmoid(gate), with what its derivatives need.
struct Gated {
  at::Tensor sigmoid, norm, out;  // [N, D], [N, 1], [N, D]
};
/// product [N, D]: y multiplied by the gate's weight; bias [D]: the gate's; y [N, D].
[[nodiscard]] Gated gated(const at::Tensor& product, const at::Tensor& bias, const at::Tensor& y);

struct GatedSlopes {
  at::Tensor dz, d_product;  // [N, D] each
};
[[nodiscard]] GatedSlopes backward(const Gated& gated, const at::Tensor& y, const at::Tensor& d_out);

struct DeviceLoss {
  at::Tensor value;  // to be summed up
  at::Tensor d_similarity, d_log_scale;
};
/// The losses of ranking_loss.h; weights [N, N], or a single one for all pairs.
[[nodiscard]] DeviceLoss max_margin(const at::Tensor& similarity, double margin, const at::Tensor& weights);

/// Like LinearGradient in towers.h. For the text pooling layer, dy has one row per caption, not per word:
/// each output comes from one word, given by best_word [N, O] as in Pooled.
struct LayerGradient {
  at::Tensor dy, x;  // [N, O], [N, I]; for text pooling [N, O], [N W, I]
  at::Tensor best_word;
};

/// One Adam step on a layer. weight, mean and variance [O, I] are each followed by that of the bias [O] in
/// memory; rates [2] are an AdamRates. Other streams that read or write the layer must have been
/// synchronised.
void adam(const at::Tensor& weight, const at::Tensor& mean, const at::Tensor& variance,
          const LayerGradient& gradient, const at::Tensor& rates);

}  // namespace tvr
