#pragma once

#include <ATen/Tensor.h>

namespace tvr {

// What a training step on a device computes. On a GPU each is one kernel (thin_product.h, training_kernels.h,
// adam_layer.h) on the current stream; elsewhere, for comparison, LibTorch's operators, as on a GPU for
// products of sizes that the kernel is not made for. Tensors are fp32 and contiguous.

/// x weight^T + bias, [N, O]. x [N, I], weight [O, I], bias [O] or undefined.
[[nodiscard]] at::Tensor linear_forward(const at::Tensor& x, const at::Tensor& weight,
                                        const at::Tensor& bias = {});
/// What d_out [N, O] is for the x of linear_forward(): d_out weight, [N, I].
[[nodiscard]] at::Tensor linear_backward(const at::Tensor& d_out, const at::Tensor& weight);

/// Maximum over a caption's words, after bias and ReLU.
struct Pooled {
  at::Tensor value;      // [N, D]
  at::Tensor best_word;  // [N, D], int32: the word that was taken; -1 where the ReLU lets nothing through
};
/// hidden [N, W, D]: the words times the layer's weight; bias [D].
[[nodiscard]] Pooled pool(const at::Tensor& hidden, const at::Tensor& bias);

/// Context gating: out = z / |z| a row, z = y * sigmoid(gate), with what its derivatives need.
struct Gated {
  at::Tensor sigmoid, norm, out;  // [N, D], [N, 1], [N, D]
};
/// product [N, D]: y times the gate's weight; bias [D], the gate's; y [N, D].
[[nodiscard]] Gated gated(const at::Tensor& product, const at::Tensor& bias, const at::Tensor& y);

struct GatedSlopes {
  at::Tensor dz, d_product;  // [N, D] each
};
[[nodiscard]] GatedSlopes backward(const Gated& gated, const at::Tensor& y, const at::Tensor& d_out);

struct DeviceLoss {
  at::Tensor value;  // to be summed up
  at::Tensor d_similarity, d_log_scale;
};
/// As ranking_loss.h's; weights [N, N], or a single one for all pairs.
[[nodiscard]] DeviceLoss max_margin(const at::Tensor& similarity, double margin, const at::Tensor& weights);

/// As towers.h's LinearGradient. The text pooling layer's has a row of dy for a caption, not for a word: its
/// outputs come from one word each, which best_word [N, O] tells as in Pooled.
struct LayerGradient {
  at::Tensor dy, x;  // [N, O], [N, I]; for text pooling [N, O], [N W, I]
  at::Tensor best_word;
};

/// One Adam step of a layer. weight, mean and variance [O, I] are followed by the bias's [O] in memory; rates
/// [2] are an AdamRates. What else reads or writes the layer must have been waited for.
void adam(const at::Tensor& weight, const at::Tensor& mean, const at::Tensor& variance,
          const LayerGradient& gradient, const at::Tensor& rates);

}  // namespace tvr
