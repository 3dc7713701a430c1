#include "towers/image_tower.h"

#include <omp.h>

#include <algorithm>
#include <array>

#include "data/error.h"
#include "towers/transformer.h"

namespace tvr {
namespace {

using Type = dnnl::memory::data_type;

/// A learnt probe's attention over a picture's rows.
class AttentionPooling {
 public:
  AttentionPooling(const PoolingWeights& weights, const TransformerShape& shape, int heads, Type type,
                   const dnnl::engine& engine, WeightMemory& memory)
      : shape_(shape),
        heads_(heads),
        type_(type),
        query_(query_of(weights)),
        key_value_(rows_of(weights.query_key_value, shape.width, 3 * shape.width), type, engine, memory),
        attention_out_(weights.attention_out, type, engine, memory),
        norm_mlp_(weights.norm_mlp),
        up_(weights.up, type, engine, memory),
        down_(weights.down, type, engine, memory) {}

  /// normed: [pictures * rows, width] of the products' type. Returns [pictures, width].
  [[nodiscard]] Matrix run(const dnnl::stream& stream, const void* normed, int pictures, int rows) const {
    const std::int64_t width = shape_.width, head_width = width / heads_;
    Buffer key_value(std::int64_t{pictures} * rows, 2 * width, Type::f32);
    DenseProduct(key_value_, std::int64_t{pictures} * rows, Type::f32, After::Nothing)
        .run(stream, key_value_, normed, key_value.data());
    Buffer attended(pictures, width, type_);
    const TowerKernels& kernels = tower_kernels();
    std::vector<float> scratch(static_cast<std::size_t>(kernels.scratch(rows, head_width)));
    for (int picture = 0; picture < pictures; ++picture) {
      for (int number = 0; number < heads_; ++number) {
        const std::int64_t column = number * head_width;
        Attention head;
        head.query = query_.data() + column;
        head.key = static_cast<const float*>(key_value.data()) + width * 2 * rows * picture + column;
        head.value = head.key + width;
        head.query_row = width;
        head.key_row = 2 * width;
        head.queries = 1;
        head.keys = rows;
        head.head_width = head_width;
        head.out = attended.from(picture);
        head.out.data = static_cast<char*>(head.out.data) + column * (head.out.bf16 ? 2 : 4);
        head.scratch = scratch.data();
        kernels.attend(head);
      }
    }
    Matrix pooled(pictures, width);
    DenseProduct(attention_out_, pictures, Type::f32, After::Nothing)
        .run(stream, attention_out_, attended.data(), pooled.data());
    Buffer again(pictures, width, type_), hidden(pictures, up_.out(), type_);
    normalise(pooled.data(), pictures, norm_mlp_, shape_.epsilon, again.from(0));
    DenseProduct(up_, pictures, type_, after(shape_.activation))
        .run(stream, up_, again.data(), hidden.data());
    DenseProduct(down_, pictures, Type::f32, After::Add).run(stream, down_, hidden.data(), pooled.data());
    return pooled;
  }

 private:
  /// The probe's query, the same for every picture.
  static std::vector<float> query_of(const PoolingWeights& weights) {
    const DenseWeights& dense = weights.query_key_value;
    const auto width = static_cast<std::size_t>(dense.in);
    std::vector<float> query(width);
    for (std::size_t row = 0; row < width; ++row) {
      double sum = dense.bias[row];
      for (std::size_t col = 0; col < width; ++col)
        sum += double{dense.weight[row * width + col]} * weights.probe[col];
      query[row] = static_cast<float>(sum);
    }
    return query;
  }

  static DenseWeights rows_of(const DenseWeights& dense, int begin, int end) {
    DenseWeights part{dense.in, end - begin, {}, {}};
    part.weight.assign(dense.weight.begin() + std::ptrdiff_t{begin} * dense.in,
                       dense.weight.begin() + std::ptrdiff_t{end} * dense.in);
    part.bias.assign(dense.bias.begin() + begin, dense.bias.begin() + end);
    return part;
  }

  TransformerShape shape_;
  int heads_;
  Type type_;
  std::vector<float> query_;  // [width]
  PackedDense key_value_, attention_out_;
  NormWeights norm_mlp_;
  PackedDense up_, down_;
};

}  // namespace

class ImageTower::Network {
 public:
  Network(const EncoderSpec& spec, const ImageTowerWeights& weights, Type type)
      : dim_(spec.dim),
        shape_(spec.image),
        type_(type),
        engine_(dnnl::engine::kind::cpu, 0),
        class_token_(weights.class_token),
        positions_(weights.positions),
        norm_before_(weights.norm_before),
        norm_after_(weights.norm_after),
        patches_(weights.patches, type, engine_, memory_),
        transformer_(shape_.transformer, weights.blocks, type, engine_, memory_) {
    if (weights.pooling)
      pooling_.emplace(*weights.pooling, shape_.transformer, shape_.pooling_heads, type, engine_, memory_);
    if (weights.projection) projection_.emplace(*weights.projection, type, engine_, memory_);
    if (shape_.rotary) rotation_.emplace(shape_);
    for (std::size_t colour = 0; colour < 3; ++colour) {
      const float std = spec.preprocessing.std[colour];
      for (std::size_t value = 0; value < 256; ++value) {
        values_[colour][value] = (static_cast<float>(value) / 255.0F - spec.preprocessing.mean[colour]) / std;
      }
    }
  }

  [[nodiscard]] int dim() const noexcept { return dim_; }
  [[nodiscard]] int picture_px() const noexcept { return shape_.picture_px; }

  /// In passes of a few pictures each.
  [[nodiscard]] Matrix embed(const std::vector<const std::uint8_t*>& pictures) const {
    const std::size_t most = static_cast<std::size_t>(std::max(1, kRowsAtOnce / shape_.rows()));
    const std::size_t passes = (pictures.size() + most - 1) / most;
    Matrix vectors(static_cast<std::int64_t>(pictures.size()), dim_);
    for (std::size_t pass = 0; pass < passes; ++pass) {
      const std::size_t begin = pictures.size() * pass / passes, end = pictures.size() * (pass + 1) / passes;
      const Matrix part = embed_at_once({pictures.data() + begin, pictures.data() + end});
      std::copy_n(part.data(), part.rows() * dim_, vectors.row(static_cast<std::int64_t>(begin)));
    }
    return vectors;
  }

 private:
  [[nodiscard]] Matrix embed_at_once(const std::vector<const std::uint8_t*>& pictures) const {
    const int count = static_cast<int>(pictures.size()), rows = shape_.rows();
    const std::int64_t width = shape_.transformer.width;
    dnnl::stream stream(engine_);
    Matrix x = embed_patches(stream, pictures);
    if (norm_before_) {
      const Rows in_place{x.data(), false, width};
      normalise(x.data(), x.rows(), *norm_before_, shape_.transformer.epsilon, in_place);
    }
    std::vector<std::int64_t> wanted;
    if (!pooling_) {
      for (int i = 0; i < count; ++i) wanted.push_back(std::int64_t{i} * rows);  // the class tokens
    }
    x = transformer_.run(stream, std::move(x), std::vector<int>(pictures.size(), rows), false,
                         rotation_ ? &*rotation_ : nullptr, wanted);
    return pooled(stream, x, count);
  }

  /// [pictures * rows, width]: class token and patches, with their positions.
  [[nodiscard]] Matrix embed_patches(const dnnl::stream& stream,
                                     const std::vector<const std::uint8_t*>& pictures) const {
    const int count = static_cast<int>(pictures.size()), patches = shape_.grid() * shape_.grid();
    const std::int64_t width = shape_.transformer.width;
    Buffer cut(std::int64_t{count} * patches, patches_.in(), type_);
    std::vector<float> patch(static_cast<std::size_t>(patches_.in()));
    for (int picture = 0; picture < count; ++picture) {
      for (int number = 0; number < patches; ++number) {
        cut_patch(pictures[static_cast<std::size_t>(picture)], number, patch.data());
        tower_kernels().copy(patch.data(), patches_.in(), cut.from(std::int64_t{picture} * patches + number));
      }
    }
    Matrix embedded(std::int64_t{count} * patches, width);
    DenseProduct(patches_, std::int64_t{count} * patches, Type::f32, After::Nothing)
        .run(stream, patches_, cut.data(), embedded.data());
    Matrix x(std::int64_t{count} * shape_.rows(), width);
    const int first = shape_.class_token ? 1 : 0;
    for (std::int64_t row = 0; row < x.rows(); ++row) {
      const std::int64_t picture = row / shape_.rows(), place = row % shape_.rows();
      const float* const value =
          place < first ? class_token_.data() : embedded.row(picture * patches + place - first);
      const float* const position = positions_.data() + place * width;
      for (std::int64_t i = 0; i < width; ++i) x.row(row)[i] = value[i] + position[i];
    }
    return x;
  }

  /// The values of a patch by colour, row, column.
  void cut_patch(const std::uint8_t* picture, int number, float* patch) const {
    const int px = shape_.patch_px, top = number / shape_.grid() * px, left = number % shape_.grid() * px;
    for (int colour = 0; colour < 3; ++colour) {
      const float* const values = values_[static_cast<std::size_t>(colour)].data();
      for (int row = 0; row < px; ++row) {
        const std::uint8_t* pixel =
            picture + (std::ptrdiff_t{top + row} * shape_.picture_px + left) * 3 + colour;
        for (int col = 0; col < px; ++col, pixel += 3) *patch++ = values[*pixel];
      }
    }
  }

  /// x: [pictures, width], or of all rows where a probe pools them. Returns [pictures, dim].
  [[nodiscard]] Matrix pooled(const dnnl::stream& stream, const Matrix& x, int count) const {
    const std::int64_t width = shape_.transformer.width;
    const float epsilon = shape_.transformer.epsilon;
    Buffer vectors(count, width, type_);
    if (pooling_) {
      Buffer normed(x.rows(), width, type_);
      normalise(x.data(), x.rows(), norm_after_, epsilon, normed.from(0));
      Matrix pooled = pooling_->run(stream, normed.data(), count, shape_.rows());
      if (!projection_) return pooled;
      for (int i = 0; i < count; ++i) tower_kernels().copy(pooled.row(i), width, vectors.from(i));
    } else {
      normalise(x.data(), count, norm_after_, epsilon, vectors.from(0));
    }
    Matrix projected(count, dim_);
    DenseProduct(*projection_, count, Type::f32, After::Nothing)
        .run(stream, *projection_, vectors.data(), projected.data());
    return projected;
  }

  int dim_;
  ImageTowerShape shape_;
  Type type_;
  dnnl::engine engine_;
  WeightMemory memory_;
  std::vector<float> class_token_, positions_;
  std::optional<NormWeights> norm_before_;
  NormWeights norm_after_;
  PackedDense patches_;
  Transformer transformer_;
  std::optional<AttentionPooling> pooling_;
  std::optional<PackedDense> projection_;
  std::optional<PatchRotation> rotation_;
  std::array<std::array<float, 256>, 3> values_{};  // of a colour's 256 levels, normalised
};

ImageTower::ImageTower(const EncoderSpec& spec, Precision precision)
    : ImageTower(spec, read_image_weights(spec), precision) {}

ImageTower::ImageTower(const EncoderSpec& spec, const ImageTowerWeights& weights, Precision precision) {
  const Type type = type_of(precision);
  omp_set_num_threads(1);
  network_ = with_onednn([&] { return std::make_unique<const Network>(spec, weights, type); });
}

ImageTower::~ImageTower() = default;
ImageTower::ImageTower(ImageTower&&) noexcept = default;
ImageTower& ImageTower::operator=(ImageTower&&) noexcept = default;

int ImageTower::dim() const noexcept { return network_->dim(); }
int ImageTower::picture_px() const noexcept { return network_->picture_px(); }

Matrix ImageTower::embed(const std::vector<const std::uint8_t*>& pictures) const {
  if (pictures.empty()) return {0, dim()};
  omp_set_num_threads(1);  // for the calling thread's parallel regions, including oneDNN's
  return finite(with_onednn([&] { return network_->embed(pictures); }), "the image tower");
}

}  // namespace tvr
