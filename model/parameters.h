#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "data/tensors/tensor.h"
#include "model/embedding_shape.h"

namespace tvr {

/// torch.nn.Linear: y = x weight^T + bias.
struct Linear {
  Matrix weight;            // [O, I]
  std::vector<float> bias;  // [O]
};

/// The layers of the joint embedding; kLayerNames are their names in the reference.
enum Layer : std::size_t { kTextPooling, kTextFc, kTextGate, kVideoFc, kVideoGate, kLayers };
inline constexpr std::array<const char*, kLayers> kLayerNames = {
    "text_pooling.fc", "GU_text.fc", "GU_text.cg.fc", "GU_video.fc", "GU_video.cg.fc"};

/// One value per weight: the parameters themselves, or one of Adam's moments.
using Parameters = std::array<Linear, kLayers>;

/// All zero. Throws Error(InvalidArgument) when a size is not positive.
[[nodiscard]] Parameters zero_parameters(const EmbeddingShape& shape);
/// The same with `rows` rows of each weight, and whole biases.
[[nodiscard]] Parameters zero_parameters(const EmbeddingShape& shape, std::int64_t rows);
/// PyTorch's default initialisation of nn.Linear (kaiming_uniform with a = sqrt 5): weight and bias uniform
/// in +-1/sqrt(I). Every value is a function of seed, layer and position only.
[[nodiscard]] Parameters initial_parameters(const EmbeddingShape& shape, std::uint64_t seed);

/// Reads a state dict with the reference's names; batch norms, which the reference never runs, are ignored.
/// Throws Error(Mismatch) naming the first missing or misshapen tensor.
[[nodiscard]] Parameters parameters_of(const NamedTensors& state);
/// The state dict in the reference's order, including its unused batch norms (as initialised).
[[nodiscard]] NamedTensors state_of(const Parameters& parameters);

[[nodiscard]] std::int64_t count_of(const Parameters& parameters) noexcept;  // of weights and biases
[[nodiscard]] EmbeddingShape shape_of(const Parameters& parameters, std::int64_t max_words) noexcept;

}  // namespace tvr
