#include "towers/transformer.h"

#include <omp.h>

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
    : bytes_(static_cast<std::size_t>(rows * width) * (type == Type::bf16 ? 2 : 4)),
      width_(width),
      bf16_(type == Type::bf16) {}

Rows Buffer::from(std::int64_t row) noexcept {
  return {bytes_.data() + row * width_ * (bf16_ ? 2 : 4), bf16_, width_};
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

Rotation::Rotation(const ImageTowerShape& shape)
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

void Rotation::apply(float* query_key_value, std::int64_t pictures) const {
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
                         const dnnl::engine& engine)
    : shape_(shape), type_(type) {
  for (const BlockWeights& block : blocks) {
    blocks_.push_back({block.norm_attention,
                       {block.query_key_value, type, engine},
                       {block.attention_out, type, engine},
                       block.norm_mlp,
                       {block.up, type, engine},
                       {block.down, type, engine}});
  }
}

void Transformer::run(const dnnl::stream& stream, float* x, const std::vector<int>& lengths, bool causal,
                      const Rotation* rotation) const {
  const std::int64_t width = shape_.width, head_width = width / shape_.heads;
  std::vector<std::int64_t> begins;
  std::int64_t rows = 0, longest = 0;
  for (const int length : lengths) {
    begins.push_back(rows);
    rows += length;
    longest = std::max<std::int64_t>(longest, length);
  }
  const Block& first = blocks_.front();
  const int count = static_cast<int>(rows);
  const DenseProduct query_key_value(first.query_key_value, count, Type::f32, After::Nothing);
  const DenseProduct attention_out(first.attention_out, count, Type::f32, After::Add);
  const DenseProduct up(first.up, count, type_, after(shape_.activation));
  const DenseProduct down(first.down, count, Type::f32, After::Add);
  Buffer normed(rows, width, type_), projected(rows, 3 * width, Type::f32),
      hidden(rows, shape_.mlp_width, type_);
  Buffer& attended = normed;  // the normed rows have been read by then
  const TowerKernels& kernels = tower_kernels();
  const std::int64_t scratch_floats = kernels.scratch(longest, head_width);
  std::vector<float> scratch(static_cast<std::size_t>(scratch_floats * omp_get_max_threads()));
  auto* const qkv = static_cast<float*>(projected.data());

  for (const Block& block : blocks_) {
    normalise(x, rows, block.norm_attention, shape_.epsilon, normed.from(0));
    query_key_value.run(stream, block.query_key_value, normed.data(), qkv);
    if (rotation != nullptr) rotation->apply(qkv, static_cast<std::int64_t>(lengths.size()));
#pragma omp parallel for schedule(static)
    for (std::int64_t item = 0; item < static_cast<std::int64_t>(lengths.size()) * shape_.heads; ++item) {
      const auto sequence = static_cast<std::size_t>(item / shape_.heads);
      const std::int64_t column = item % shape_.heads * head_width, begin = begins[sequence];
      Attention head;
      head.query = qkv + begin * 3 * width + column;
      head.key = head.query + width;
      head.value = head.key + width;
      head.query_row = head.key_row = 3 * width;
      head.queries = head.keys = lengths[sequence];
      head.head_width = head_width;
      head.causal = causal;
      head.out = attended.from(begin);
      head.out.data = static_cast<char*>(head.out.data) + column * (head.out.bf16 ? 2 : 4);
      head.scratch = scratch.data() + omp_get_thread_num() * scratch_floats;
      kernels.attend(head);
    }
    attention_out.run(stream, block.attention_out, attended.data(), x);
    normalise(x, rows, block.norm_mlp, shape_.epsilon, normed.from(0));
    up.run(stream, block.up, normed.data(), hidden.data());
    down.run(stream, block.down, hidden.data(), x);
  }
}

}  // namespace tvr
