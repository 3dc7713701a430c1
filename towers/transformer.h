#pragma once

#include <memory>
#include <vector>

#include "data/matrix.h"
#include "data/precision.h"
#include "towers/dense.h"
#include "towers/encoder_folder.h"
#include "towers/kernels/kernels.h"
#include "towers/tower_weights.h"

namespace tvr {

/// The type of weights and of the products' left sides. Throws Error(Unsupported) for bf16 on a CPU without
/// it and for a precision of GPUs.
[[nodiscard]] dnnl::memory::data_type type_of(Precision precision);

/// A matrix of such a type, its values undefined.
class Buffer {
 public:
  Buffer(std::int64_t rows, std::int64_t width, dnnl::memory::data_type type);
  [[nodiscard]] void* data() noexcept { return bytes_.get(); }
  [[nodiscard]] Rows from(std::int64_t row) noexcept;

 private:
  std::unique_ptr<char[]> bytes_;
  std::int64_t width_;
  bool bf16_;
};

/// 2D rotary positions (facebookresearch/perception_models: core/vision_encoder/rope.py): of a head's
/// values, the first half is rotated by the patch's column, the second by its row, in neighbouring pairs, by
/// angles place * 10000^(-2i / (head_width / 2)). Places begin with 1 where there is a class token, which
/// itself is not rotated.
class PatchRotation {
 public:
  PatchRotation(const ImageTowerShape& shape);
  /// Rotates queries and keys of `pictures` pictures in rows [query, key, value].
  void apply(float* query_key_value, std::int64_t pictures) const;
  /// Of the angles of every row's pairs: [rows, head_width / 2].
  [[nodiscard]] const std::vector<float>& cosine() const noexcept { return cosine_; }
  [[nodiscard]] const std::vector<float>& sine() const noexcept { return sine_; }

 private:
  int rows_, width_, heads_;
  std::vector<float> cosine_, sine_;  // [rows, head_width / 2]
};

/// The blocks of a tower, on the CPU.
class Transformer {
 public:
  Transformer(const TransformerShape& shape, const std::vector<BlockWeights>& blocks,
              dnnl::memory::data_type type, const dnnl::engine& engine, WeightMemory& memory);

  /// x: sequences below each other, [sum of lengths, width]. Returns the rows `wanted`, one of each
  /// sequence, or all where it is empty: the last block computes no others. `rotation` may be null.
  /// Thread-safe; uses OpenMP's number of threads.
  [[nodiscard]] Matrix run(const dnnl::stream& stream, Matrix x, const std::vector<int>& lengths, bool causal,
                           const PatchRotation* rotation, const std::vector<std::int64_t>& wanted) const;

 private:
  struct Block {
    NormWeights norm_attention;
    PackedDense query_key_value, attention_out;
    NormWeights norm_mlp;
    PackedDense up, down;
  };
  class Tail;

  /// Attention of every row, or of one row of each sequence, to its sequence.
  void attend(const float* query_key_value, const std::vector<int>& lengths, bool causal,
              const std::vector<std::int64_t>& wanted, Buffer& out) const;

  TransformerShape shape_;
  dnnl::memory::data_type type_;
  std::vector<Block> blocks_;
};

/// Layer norm of rows [rows, width] by the fastest kernel, on OpenMP's threads.
void normalise(const float* x, std::int64_t rows, const NormWeights& norm, float epsilon, const Rows& out);

/// Rows of one pass: more gain nothing from sharing the weights, and the values between two products no
/// longer stay in a cache (ViT-B/32 in fp32: 0.85 of the rate of products with 1600 rows, 1.03 with 400).
constexpr int kRowsAtOnce = 512;

/// Gives vectors back. Throws Error(Corrupt) where one holds a value that is not finite: weights and configs
/// may be finite and yet overflow.
[[nodiscard]] Matrix finite(Matrix vectors, const char* where);

}  // namespace tvr
