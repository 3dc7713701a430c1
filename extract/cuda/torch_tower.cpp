#include "extract/cuda/torch_tower.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "data/error.h"
#include "extract/cuda/torch_network.h"
#include "towers/tower_weights.h"
#include "towers/transformer.h"

namespace tvr {
namespace {

/// Where tensors lie, and the type of the products' operands.
struct Place {
  at::Device device;
  at::ScalarType type;

  [[nodiscard]] at::Tensor floats(const std::vector<float>& values, at::IntArrayRef shape) const {
    return at::tensor(at::ArrayRef<float>(values)).view(shape).to(device);
  }
};

class Dense {
 public:
  Dense(const DenseWeights& dense, const Place& place)
      : type_(place.type), weight_(place.floats(dense.weight, {dense.out, dense.in}).to(type_)) {
    if (!dense.bias.empty()) bias_ = place.floats(dense.bias, {dense.out}).to(type_);
  }
  /// [.., in] to [.., out] of the products' type.
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const {
    return at::linear(x.to(type_), weight_, bias_);
  }

 private:
  at::ScalarType type_;
  at::Tensor weight_;
  c10::optional<at::Tensor> bias_;
};

class Norm {
 public:
  Norm(const NormWeights& norm, float epsilon, const Place& place)
      : width_(static_cast<std::int64_t>(norm.scale.size())),
        epsilon_(epsilon),
        scale_(place.floats(norm.scale, {width_})),
        shift_(place.floats(norm.shift, {width_})) {}
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const {
    return at::layer_norm(x, {width_}, scale_, shift_, epsilon_);
  }

 private:
  std::int64_t width_;
  double epsilon_;
  at::Tensor scale_, shift_;
};

at::Tensor activated(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::QuickGelu:
      return x * at::sigmoid(x * 1.702);
    case Activation::GeluTanh:
      return at::gelu(x, "tanh");
    case Activation::Gelu:
      break;
  }
  return at::gelu(x);
}

/// [N, rows, width] as [N, heads, rows, width / heads].
at::Tensor by_heads(const at::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

/// Of [N, heads, queries, head_width] to [N, heads, rows, head_width]: [N, queries, heads * head_width].
at::Tensor attended(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const double scale = 1 / std::sqrt(static_cast<double>(query.size(3)));
  const at::Tensor shares = at::softmax(at::matmul(query * scale, key.transpose(2, 3)), 3);
  return at::matmul(shares, value).transpose(1, 2).flatten(2);
}

/// x + mlp(norm(x)).
struct Mlp {
  Norm norm;
  Dense up, down;
  Activation activation;

  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const {
    return x + down(activated(up(norm(x)), activation));
  }
};

/// PatchRotation by tensors.
struct Rotation {
  at::Tensor cosine, sine;  // [rows, head_width / 2, 1]

  /// Of neighbouring pairs in [N, heads, rows, head_width].
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor pairs = x.to(at::kFloat).unflatten(3, {x.size(3) / 2, 2});
    const at::Tensor first = pairs.narrow(4, 0, 1), second = pairs.narrow(4, 1, 1);
    return at::cat({first * cosine - second * sine, second * cosine + first * sine}, 4)
        .flatten(3)
        .to(x.dtype());
  }
};

struct Block {
  Norm norm;
  Dense query_key_value, attention_out;
  Mlp mlp;

  [[nodiscard]] at::Tensor operator()(const at::Tensor& x, std::int64_t heads,
                                      const std::optional<Rotation>& rotation) const {
    const std::vector<at::Tensor> parts = query_key_value(norm(x)).chunk(3, 2);
    at::Tensor query = by_heads(parts[0], heads), key = by_heads(parts[1], heads);
    if (rotation) {
      query = (*rotation)(query);
      key = (*rotation)(key);
    }
    return mlp(x + attention_out(attended(query, key, by_heads(parts[2], heads))));
  }
};

/// A learnt probe's attention over a picture's rows.
class Pooling {
 public:
  Pooling(const PoolingWeights& weights, const ImageTowerShape& shape, const Place& place)
      : heads_(shape.pooling_heads),
        probe_(place.floats(weights.probe, {1, 1, shape.transformer.width})),
        query_key_value_(weights.query_key_value, place),
        attention_out_(weights.attention_out, place),
        mlp_{{weights.norm_mlp, shape.transformer.epsilon, place},
             {weights.up, place},
             {weights.down, place},
             shape.transformer.activation} {}

  /// [N, rows, width] to [N, width].
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor query = by_heads(query_key_value_(probe_).chunk(3, 2)[0], heads_);
    const std::vector<at::Tensor> parts = query_key_value_(x).chunk(3, 2);
    const at::Tensor pooled = attended(query, by_heads(parts[1], heads_), by_heads(parts[2], heads_));
    return mlp_(attention_out_(pooled).to(at::kFloat)).squeeze(1);
  }

 private:
  std::int64_t heads_;
  at::Tensor probe_;
  Dense query_key_value_, attention_out_;
  Mlp mlp_;
};

}  // namespace

class TorchTower::Network {
 public:
  Network(const EncoderSpec& spec, const ImageTowerWeights& weights, const Place& place)
      : dim_(spec.dim),
        shape_(spec.image),
        place_(place),
        patches_(weights.patches, place),
        norm_after_(weights.norm_after, shape_.transformer.epsilon, place) {
    const float epsilon = shape_.transformer.epsilon;
    const auto& picture = spec.preprocessing;
    mean_ = place.floats({picture.mean.begin(), picture.mean.end()}, {3});
    std_ = place.floats({picture.std.begin(), picture.std.end()}, {3});
    if (shape_.class_token)
      class_token_ = place.floats(weights.class_token, {1, 1, shape_.transformer.width});
    positions_ = place.floats(weights.positions, {shape_.rows(), shape_.transformer.width});
    if (weights.norm_before) norm_before_.emplace(*weights.norm_before, epsilon, place);
    for (const BlockWeights& block : weights.blocks) {
      blocks_.push_back({{block.norm_attention, epsilon, place},
                         {block.query_key_value, place},
                         {block.attention_out, place},
                         {{block.norm_mlp, epsilon, place},
                          {block.up, place},
                          {block.down, place},
                          shape_.transformer.activation}});
    }
    if (weights.pooling) pooling_.emplace(*weights.pooling, shape_, place);
    if (weights.projection) projection_.emplace(*weights.projection, place);
    if (shape_.rotary) {
      const PatchRotation angles(shape_);
      const std::int64_t half = shape_.transformer.width / shape_.transformer.heads / 2;
      rotation_ = Rotation{place.floats(angles.cosine(), {shape_.rows(), half, 1}),
                           place.floats(angles.sine(), {shape_.rows(), half, 1})};
    }
  }

  [[nodiscard]] int dim() const noexcept { return dim_; }

  [[nodiscard]] Matrix embed(const std::vector<const std::uint8_t*>& pictures) const {
    const c10::InferenceMode inference;
    const c10::DeviceGuard guard(place_.device);
    const std::int64_t count = static_cast<std::int64_t>(pictures.size()), px = shape_.picture_px;
    const std::int64_t bytes = px * px * 3;
    const at::Tensor host =
        at::empty({count, px, px, 3}, at::TensorOptions(at::kByte).pinned_memory(place_.device.is_cuda()));
    for (std::int64_t i = 0; i < count; ++i) {
      std::memcpy(host.data_ptr<std::uint8_t>() + i * bytes, pictures[static_cast<std::size_t>(i)],
                  static_cast<std::size_t>(bytes));
    }
    const at::Tensor vectors = embed_pixels(host.to(place_.device)).to(at::kCPU, at::kFloat).contiguous();
    Matrix rows(count, dim_);
    std::copy_n(vectors.data_ptr<float>(), count * dim_, rows.data());
    return rows;
  }

 private:
  /// uint8 [N, picture_px, picture_px, 3] to [N, dim].
  [[nodiscard]] at::Tensor embed_pixels(const at::Tensor& pixels) const {
    const std::int64_t count = pixels.size(0), grid = shape_.grid(), patch = shape_.patch_px;
    const at::Tensor values =
        ((pixels.narrow(1, 0, grid * patch).narrow(2, 0, grid * patch).to(at::kFloat) / 255) - mean_) / std_;
    // A patch's values by colour, row, column.
    const at::Tensor cut = values.reshape({count, grid, patch, grid, patch, 3})
                               .permute({0, 1, 3, 5, 2, 4})
                               .reshape({count, grid * grid, 3 * patch * patch});
    at::Tensor x = patches_(cut).to(at::kFloat);
    if (class_token_.defined()) x = at::cat({class_token_.expand({count, 1, x.size(2)}), x}, 1);
    x = x + positions_;
    if (norm_before_) x = (*norm_before_)(x);
    for (const Block& block : blocks_) x = block(x, shape_.transformer.heads, rotation_);
    x = pooling_ ? (*pooling_)(norm_after_(x)) : norm_after_(x.select(1, 0));
    return projection_ ? (*projection_)(x) : x;
  }

  int dim_;
  ImageTowerShape shape_;
  Place place_;
  at::Tensor mean_, std_, class_token_, positions_;
  Dense patches_;
  std::optional<Norm> norm_before_;
  std::vector<Block> blocks_;
  Norm norm_after_;
  std::optional<Pooling> pooling_;
  std::optional<Dense> projection_;
  std::optional<Rotation> rotation_;
};

namespace {

/// What `work` returns, LibTorch's exceptions as Error(Device).
template <class Work>
auto on_device(Work&& work) {
  try {
    return work();
  } catch (const c10::Error& problem) {
    throw Error(Fault::Device, "the image tower", problem.what_without_backtrace(),
                "Use a smaller --clip-batch");
  }
}

}  // namespace

TorchTower::TorchTower(const EncoderSpec& spec, Precision precision, const std::string& device) {
  // A process-wide setting; all networks of a run have the same precision.
  at::globalContext().setAllowTF32CuBLAS(precision == Precision::Tf32);
  const ImageTowerWeights weights = read_image_weights(spec);
  network_ = on_device([&] {
    return std::make_unique<const Network>(spec, weights, Place{at::Device(device), scalar_type(precision)});
  });
}

TorchTower::~TorchTower() = default;
TorchTower::TorchTower(TorchTower&&) noexcept = default;
TorchTower& TorchTower::operator=(TorchTower&&) noexcept = default;

int TorchTower::dim() const noexcept { return network_->dim(); }

Matrix TorchTower::embed(const std::vector<const std::uint8_t*>& pictures) const {
  if (pictures.empty()) return {0, dim()};
  return finite(on_device([&] { return network_->embed(pictures); }), "the image tower");
}

}  // namespace tvr
