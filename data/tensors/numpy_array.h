#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "data/tensors/tensor.h"

namespace tvr {

/// The element type of a numpy array.
struct NumpyType {
  enum class Element : std::uint8_t { Number, Object, Unicode, Bytes };
  Element element = Element::Number;
  DType dtype = DType::I8;  // Number
  bool big_endian = false;
  std::int64_t item_bytes = 1;  // Unicode: four per character; Object: 8
};

/// The type of a code of numpy.dtype: "f4", "O8", "U12"; nullopt for those that are not read.
[[nodiscard]] std::optional<NumpyType> numpy_type(std::string_view code);

/// A view of a numpy array.
struct NumpyArray {
  NumpyType type;
  std::vector<std::int64_t> shape = {0};
  bool column_major = false;
  std::string_view data = {};  // Number: item_bytes * product of shape bytes; else empty
};

/// Number of elements of an array in `bytes` bytes; nullopt if its shape and type need another number of
/// bytes or are impossible.
[[nodiscard]] std::optional<std::int64_t> count_in(const NumpyArray& array, std::size_t bytes) noexcept;

/// A copy of an array of numbers, little-endian and row-major.
[[nodiscard]] Tensor copy_of(const NumpyArray& array);

}  // namespace tvr
