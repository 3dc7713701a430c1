#include "data/tensors/numpy_array.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace tvr {
namespace {

struct NumberCode {
  std::string_view code;
  DType dtype;
};
constexpr NumberCode kNumberCodes[] = {{"f2", DType::F16}, {"f4", DType::F32}, {"f8", DType::F64},
                                       {"i1", DType::I8},  {"i2", DType::I16}, {"i4", DType::I32},
                                       {"i8", DType::I64}, {"u1", DType::U8},  {"b1", DType::Bool}};

}  // namespace

std::optional<NumpyType> numpy_type(std::string_view code) {
  NumpyType type;
  const auto* const number = std::find_if(std::begin(kNumberCodes), std::end(kNumberCodes),
                                          [&](const auto& known) { return known.code == code; });
  if (number != std::end(kNumberCodes)) {
    type.dtype = number->dtype;
    type.item_bytes = static_cast<std::int64_t>(size_of(number->dtype));
    return type;
  }
  if (code == "O8") {
    type.element = NumpyType::Element::Object;
    type.item_bytes = 8;
    return type;
  }
  if (code.empty() || (code[0] != 'U' && code[0] != 'S')) return std::nullopt;
  const bool unicode = code[0] == 'U';
  std::int32_t length = 0;
  const char* const end = code.data() + code.size();
  const auto [stop, problem] = std::from_chars(code.data() + 1, end, length);
  if (problem != std::errc{} || stop != end || length < 0) return std::nullopt;
  type.element = unicode ? NumpyType::Element::Unicode : NumpyType::Element::Bytes;
  type.item_bytes = unicode ? std::int64_t{4} * length : length;
  return type;
}

std::optional<std::int64_t> count_in(const NumpyArray& array, std::size_t bytes) noexcept {
  std::int64_t count = 1, size = array.type.item_bytes;
  for (const std::int64_t side : array.shape) {
    if (side < 0 || __builtin_mul_overflow(count, side, &count) || __builtin_mul_overflow(size, side, &size))
      return std::nullopt;
  }
  if (static_cast<std::uint64_t>(size) != bytes) return std::nullopt;
  return count;
}

Tensor copy_of(const NumpyArray& array) {
  const auto* data = reinterpret_cast<const std::byte*>(array.data.data());
  const auto item = static_cast<std::size_t>(array.type.item_bytes);
  Tensor tensor;
  tensor.dtype = array.type.dtype;
  tensor.shape = array.shape;
  if (array.column_major && array.shape.size() > 1)
    tensor.bytes = from_column_major(array.shape, item, data);
  else
    tensor.bytes.assign(data, data + array.data.size());
  if (array.type.big_endian) {
    for (auto at = tensor.bytes.begin(); at != tensor.bytes.end(); at += static_cast<std::ptrdiff_t>(item))
      std::reverse(at, at + static_cast<std::ptrdiff_t>(item));
  }
  return tensor;
}

}  // namespace tvr
