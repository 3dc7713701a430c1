#include "towers/transformer.h"

#include <omp.h>

#include <algorithm>
#include <cmath>

#include "data/error.h"

namespace tvr {
namespace {

using Type = dnnl::memory::data_type;

}  // namespace

Type type_of(Precision precision) {
  if (precision == Precision::Fp32) return Type::f32;
  const std::string where = std::string("--precision ") + kPrecisions.name(precision);
  if (precision != Precision::Bf16)
    throw Error(Fault::Unsupported, where, "it needs a GPU, but the encoder runs on the CPU",
                "Use fp32 or bf16");
  if (!onednn::has_bf16())
    throw Error(Fault::Unsupported, where, "this CPU has no bf16 arithmetic (AVX512-BF16)", "Use fp32");
  return Type::bf16;
}

Buffer::Buffer(std::int64_t rows, std::int64_t width, Type type)
    : bytes_(new char[static_cast<std::size_t>(rows * width) * (type == Type::bf16 ? 2 : 4)]),
      width_(width),
      bf16_(type == Type::bf16) {}

Rows Buffer::from(std::int64_t row) noexcept {
  return {bytes_.get() + row * width_ * (bf16_ ? 2 : 4), bf16_, width_};
}

void normalise(const float* x, std::int64_t rows, const NormWeights& norm, float epsilon, const Rows& out) {
  const auto width = static_cast<std::int64_t>(norm.scale.size());
  const TowerKernels& kernels = tower_kernels();
#pragma omp parallel for schedule(static)
  for (std::int64_t row = 0; row < rows; ++row) {
    const Rows place{static_cast<char*>(out.data) + row * out.row * (out.bf16 ? 2 : 4), out.bf16, out.row};
    kernels.layer_norm(x + row * width, 1, width, norm.scale.data(), norm.shift.data(), epsilon, place);
  }
}

Matrix finite(Matrix vectors, const char* where) {
  for (std::int64_t i = 0; i < vectors.rows() * vectors.cols(); ++i) {
    if (!std::isfinite(vectors.data()[i])) {
      throw Error(Fault::Corrupt, where, "it made a vector with a value that is not finite",
                  "The weights or the config are damaged: download them again");
    }
  }
  return vectors;
}

PatchRotation::PatchRotation(const ImageTowerShape& shape)
    : rows_(shape.rows()), width_(shape.transformer.width), heads_(shape.transformer.heads) {
  const int half = width_ / heads_ / 2, quarter = half / 2, first = shape.class_token ? 1 : 0;
  cosine_.assign(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(half), 1.0F);
  sine_.assign(cosine_.size(), 0.0F);
  for (int row = 0; row < shape.grid(); ++row) {
    for (int col = 0; col < shape.grid(); ++col) {
      const auto at =
          static_cast<std::size_t>(first + row * shape.grid() + col) * static_cast<std::size_t>(half);
      for (int pair = 0; pair < half; ++pair) {
        const int place = first + (pair < quarter ? col : row);
        const double angle = place * std::pow(10000.0, -2.0 * (pair % quarter) / half);
        cosine_[at + static_cast<std::size_t>(pair)] = static_cast<float>(std::cos(angle));
        sine_[at + static_cast<std::size_t>(pair)] = static_cast<float>(std::sin(angle));
      }
    }
  }
}

void PatchRotation::apply(float* query_key_value, std::int64_t pictures) const {
  const int half = width_ / heads_ / 2;
#pragma omp parallel for schedule(static)
  for (std::int64_t row = 0; row < pictures * rows_; ++row) {
    const std::int64_t at = row % rows_ * half;
    for (int head = 0; head < 2 * heads_; ++head) {  // the queries' heads, then the keys'
      float* const values = query_key_value + row * 3 * width_ + head * 2 * half;
      for (int pair = 0; pair < half; ++pair) {
        const float c = cosine_[static_cast<std::size_t>(at + pair)];
        const float s = sine_[static_cast<std::size_t>(at + pair)];
        const float x = values[2 * pair], y = values[2 * pair + 1];
        values[2 * pair] = x * c - y * s;
        values[2 * pair + 1] = y * c + x * s;
      }
    }
  }
}

Transformer::Transformer(const TransformerShape& shape, const std::vector<BlockWeights>& blocks, Type type,
                         const dnnl::engine& engine, WeightMemory& memory)
    : shape_(shape), type_(type) {
  for (const BlockWeights& block : blocks) {
    blocks_.push_back({block.norm_attention,
                       {block.query_key_value, type, engine, memory},
                       {block.attention_out, type, engine, memory},
                       block.norm_mlp,
                       {block.up, type, engine, memory},
                       {block.down, type, engine, memory}});
  }
}

/// A block from its attention's result on.
class Transformer::Tail {
 public:
  Tail(const Transformer& transformer, std::int64_t rows)
      : shape_(transformer.shape_),
        rows_(rows),
        attention_out_(transformer.blocks_.front().attention_out, rows, Type::f32, After::Add),
        up_(transformer.blocks_.front().up, rows, transformer.type_, after(shape_.activation)),
        down_(transformer.blocks_.front().down, rows, Type::f32, After::Add),
        hidden_(rows, shape_.mlp_width, transformer.type_) {}

  /// attended: [rows, width], overwritten. x: [rows, width].
  void run(const dnnl::stream& stream, const Block& block, Buffer& attended, float* x) {
    attention_out_.run(stream, block.attention_out, attended.data(), x);
    normalise(x, rows_, block.norm_mlp, shape_.epsilon, attended.from(0));
    up_.run(stream, block.up, attended.data(), hidden_.data());
    down_.run(stream, block.down, hidden_.data(), x);
  }

 private:
  const TransformerShape& shape_;
  std::int64_t rows_;
  DenseProduct attention_out_, up_, down_;
  Buffer hidden_;
};

Matrix Transformer::run(const dnnl::stream& stream, Matrix x, const std::vector<int>& lengths, bool causal,
                        const PatchRotation* rotation, const std::vector<std::int64_t>& wanted) const {
  const std::int64_t rows = x.rows(), width = shape_.width;
  const DenseProduct query_key_value(blocks_.front().query_key_value, rows, Type::f32, After::Nothing);
  Buffer normed(rows, width, type_), projected(rows, 3 * width, Type::f32);
  auto* const qkv = static_cast<float*>(projected.data());
  Tail tail(*this, rows);
  for (const Block& block : blocks_) {
    normalise(x.data(), rows, block.norm_attention, shape_.epsilon, normed.from(0));
    query_key_value.run(stream, block.query_key_value, normed.data(), qkv);
    if (rotation != nullptr) rotation->apply(qkv, static_cast<std::int64_t>(lengths.size()));
    if (&block == &blocks_.back() && !wanted.empty()) {
      const auto count = static_cast<std::int64_t>(wanted.size());
      Matrix rest(count, width);
      for (std::int64_t i = 0; i < count; ++i)
        std::copy_n(x.row(wanted[static_cast<std::size_t>(i)]), width, rest.row(i));
      Buffer attended(count, width, type_);
      attend(qkv, lengths, causal, wanted, attended);
      Tail(*this, count).run(stream, block, attended, rest.data());
      return rest;
    }
    attend(qkv, lengths, causal, {}, normed);
    tail.run(stream, block, normed, x.data());
  }
  return x;
}

void Transformer::attend(const float* query_key_value, const std::vector<int>& lengths, bool causal,
                         const std::vector<std::int64_t>& wanted, Buffer& out) const {
  const std::int64_t width = shape_.width, head_width = width / shape_.heads;
  std::vector<std::int64_t> begins;
  std::int64_t rows = 0;
  for (const int length : lengths) {
    begins.push_back(rows);
    rows += length;
  }
  const TowerKernels& kernels = tower_kernels();
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  const std::int64_t scratch_floats = kernels.scratch(longest, head_width);
  std::vector<float> scratch(static_cast<std::size_t>(scratch_floats * omp_get_max_threads()));
#pragma omp parallel for schedule(static)
  for (std::int64_t item = 0; item < static_cast<std::int64_t>(lengths.size()) * shape_.heads; ++item) {
    const std::int64_t number = item / shape_.heads, column = item % shape_.heads * head_width;
    const auto sequence = static_cast<std::size_t>(number);
    const float* const begin = query_key_value + begins[sequence] * 3 * width + column;
    Attention head;
    head.query = begin;
    head.key = begin + width;
    head.value = begin + 2 * width;
    head.query_row = head.key_row = 3 * width;
    head.queries = head.keys = lengths[sequence];
    head.head_width = head_width;
    head.causal = causal;
    head.out = out.from(wanted.empty() ? begins[sequence] : number);
    if (!wanted.empty()) {
      const std::int64_t place = wanted[sequence] - begins[sequence];
      head.query += place * head.query_row;
      head.queries = 1;
      if (causal) head.keys = place + 1;
      head.causal = false;
    }
    head.out.data = static_cast<char*>(head.out.data) + column * (head.out.bf16 ? 2 : 4);
    head.scratch = scratch.data() + omp_get_thread_num() * scratch_floats;
    kernels.attend(head);
  }
}

}  // namespace tvr
