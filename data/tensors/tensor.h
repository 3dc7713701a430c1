#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tvr {

enum class DType { F16, BF16, F32, F64, U8, I8, I16, I32, I64, Bool };

/// The limit of torch and numpy.
constexpr std::size_t kMostDimensions = 64;

[[nodiscard]] std::size_t size_of(DType dtype) noexcept;
[[nodiscard]] const char* name(DType dtype) noexcept;  // "float16", as in numpy and torch

/// A dense, contiguous, row-major (C order), little-endian array, as stored in a file. Owns its bytes.
struct Tensor {
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;  // empty: a scalar
  std::vector<std::byte> bytes;     // numel() * size_of(dtype)

  [[nodiscard]] std::int64_t numel() const noexcept;
  /// Values as float32, whatever the stored type. Throws nothing; integers above 2^24 are rounded.
  [[nodiscard]] std::vector<float> to_floats() const;
  /// The same as float64; integers above 2^53 are rounded.
  [[nodiscard]] std::vector<double> to_doubles() const;
  [[nodiscard]] static Tensor from_floats(std::vector<std::int64_t> shape, const float* values,
                                          DType dtype = DType::F32);
};

/// The bytes of a column-major (Fortran order) array in row-major order; `item`: bytes per element.
/// REQUIRES: `data` has item * product of `shape` bytes.
[[nodiscard]] std::vector<std::byte> from_column_major(const std::vector<std::int64_t>& shape,
                                                       std::size_t item, const std::byte* data);

/// "[64, 3, 7, 7]"
[[nodiscard]] std::string shape_text(const std::vector<std::int64_t>& shape);

/// A state dict: names and tensors in file order. Names are unique.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// nullptr if the name does not exist.
[[nodiscard]] const Tensor* find(const NamedTensors& tensors, const std::string& name) noexcept;

/// Throws Error(Corrupt) naming the first tensor that holds a NaN or an infinity.
void require_finite(const NamedTensors& tensors, const std::string& where);

/// IEEE half precision, rounded to nearest even; overflow gives infinity.
[[nodiscard]] std::uint16_t to_half(float value) noexcept;
[[nodiscard]] float from_half(std::uint16_t bits) noexcept;
/// The same of `count` numbers, by the processor's own conversion where it has one: equal bits but of NaNs.
void from_halves(const std::uint16_t* halves, std::size_t count, float* floats) noexcept;

}  // namespace tvr
