#include "data/tensors/tensor.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include "data/error.h"

namespace tvr {
namespace {

template <class Value>
Value load(const std::byte* at) noexcept {
  Value value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

template <class Real>
Real element(DType dtype, const std::byte* at) noexcept {
  switch (dtype) {
    case DType::F16:
      return from_half(load<std::uint16_t>(at));
    case DType::BF16: {
      const std::uint32_t bits = std::uint32_t{load<std::uint16_t>(at)} << 16U;
      float value;
      std::memcpy(&value, &bits, sizeof(value));
      return value;
    }
    case DType::F32:
      return load<float>(at);
    case DType::F64:
      return static_cast<Real>(load<double>(at));
    case DType::U8:
    case DType::Bool:
      return static_cast<Real>(load<std::uint8_t>(at));
    case DType::I8:
      return static_cast<Real>(load<std::int8_t>(at));
    case DType::I16:
      return static_cast<Real>(load<std::int16_t>(at));
    case DType::I32:
      return static_cast<Real>(load<std::int32_t>(at));
    case DType::I64:
      return static_cast<Real>(load<std::int64_t>(at));
  }
  return 0;
}

template <class Real>
std::vector<Real> elements(const Tensor& tensor) {
  std::vector<Real> values(static_cast<std::size_t>(tensor.numel()));
  const std::size_t step = size_of(tensor.dtype);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = element<Real>(tensor.dtype, tensor.bytes.data() + i * step);
  return values;
}

/// Infinities and NaNs have an exponent of all ones.
template <class Word>
bool all_finite(const std::vector<std::byte>& bytes, Word exponent) noexcept {
  unsigned other = 0;
  for (std::size_t at = 0; at + sizeof(Word) <= bytes.size(); at += sizeof(Word)) {
    other |= static_cast<unsigned>((load<Word>(bytes.data() + at) & exponent) == exponent);
  }
  return other == 0;
}

bool all_finite(const Tensor& tensor) noexcept {
  switch (tensor.dtype) {
    case DType::F16:
      return all_finite<std::uint16_t>(tensor.bytes, 0x7C00U);
    case DType::BF16:
      return all_finite<std::uint16_t>(tensor.bytes, 0x7F80U);
    case DType::F32:
      return all_finite<std::uint32_t>(tensor.bytes, 0x7F800000U);
    case DType::F64:
      return all_finite<std::uint64_t>(tensor.bytes, 0x7FF0000000000000U);
    default:
      return true;
  }
}

}  // namespace

std::size_t size_of(DType dtype) noexcept {
  switch (dtype) {
    case DType::U8:
    case DType::I8:
    case DType::Bool:
      return 1;
    case DType::F16:
    case DType::BF16:
    case DType::I16:
      return 2;
    case DType::F32:
    case DType::I32:
      return 4;
    case DType::F64:
    case DType::I64:
      return 8;
  }
  return 0;
}

const char* name(DType dtype) noexcept {
  switch (dtype) {
    case DType::F16:
      return "float16";
    case DType::BF16:
      return "bfloat16";
    case DType::F32:
      return "float32";
    case DType::F64:
      return "float64";
    case DType::U8:
      return "uint8";
    case DType::I8:
      return "int8";
    case DType::I16:
      return "int16";
    case DType::I32:
      return "int32";
    case DType::I64:
      return "int64";
    case DType::Bool:
      return "bool";
  }
  return "unknown";
}

std::int64_t Tensor::numel() const noexcept {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

std::vector<float> Tensor::to_floats() const {
  if (dtype != DType::F32) return elements<float>(*this);
  const auto* const values = reinterpret_cast<const float*>(bytes.data());
  return {values, values + bytes.size() / sizeof(float)};
}

std::vector<double> Tensor::to_doubles() const { return elements<double>(*this); }

Tensor Tensor::from_floats(std::vector<std::int64_t> shape, const float* values, DType dtype) {
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.shape = std::move(shape);
  const auto count = static_cast<std::size_t>(tensor.numel());
  tensor.bytes.resize(count * size_of(dtype));
  if (dtype == DType::F32) {
    if (count > 0) std::memcpy(tensor.bytes.data(), values, tensor.bytes.size());
  } else if (dtype == DType::F16) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint16_t bits = to_half(values[i]);
      std::memcpy(tensor.bytes.data() + 2 * i, &bits, sizeof(bits));
    }
  } else {
    throw Error(Fault::InvalidArgument, "Tensor::from_floats", std::string("cannot make ") + name(dtype),
                "Ask for float32 or float16");
  }
  return tensor;
}

std::vector<std::byte> from_column_major(const std::vector<std::int64_t>& shape, std::size_t item,
                                         const std::byte* data) {
  const std::size_t rank = shape.size();
  std::size_t bytes = item;
  for (const std::int64_t size : shape) bytes *= static_cast<std::size_t>(size);
  std::vector<std::byte> out(bytes);
  std::vector<std::int64_t> index(rank, 0);
  for (std::size_t at = 0; at < bytes; at += item) {
    std::int64_t source = 0;
    for (std::size_t axis = rank; axis > 0; --axis) source = source * shape[axis - 1] + index[axis - 1];
    std::memcpy(out.data() + at, data + static_cast<std::size_t>(source) * item, item);
    for (std::size_t axis = rank; axis > 0 && ++index[axis - 1] == shape[axis - 1]; --axis)
      index[axis - 1] = 0;
  }
  return out;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

const Tensor* find(const NamedTensors& tensors, const std::string& name) noexcept {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return &tensor;
  }
  return nullptr;
}

void require_finite(const NamedTensors& tensors, const std::string& where) {
  for (const auto& [key, tensor] : tensors) {
    if (all_finite(tensor)) continue;
    throw Error(Fault::Corrupt, where, "tensor '" + key + "' holds a value that is not finite",
                "The file is damaged or comes from a training that diverged: download it again");
  }
}

std::uint16_t to_half(float value) noexcept {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const std::uint32_t sign = bits >> 16U & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);   // NaN
  if (magnitude >= 0x47800000U) return static_cast<std::uint16_t>(sign | 0x7C00U);  // 65536 and more
  std::uint32_t half, rest, middle;
  if (magnitude < 0x38800000U) {  // below 2^-14: subnormal
    if (magnitude < 0x33000000U) return static_cast<std::uint16_t>(sign);
    const std::uint32_t shift = 126 - (magnitude >> 23U);
    const std::uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
    half = mantissa >> shift;
    rest = mantissa & ((1U << shift) - 1);
    middle = 1U << (shift - 1);
  } else {
    half = (magnitude - 0x38000000U) >> 13U;
    rest = magnitude & 0x1FFFU;
    middle = 0x1000U;
  }
  if (rest > middle || (rest == middle && (half & 1U) != 0))
    ++half;  // to nearest, ties to even; may carry up
  return static_cast<std::uint16_t>(sign | half);
}

float from_half(std::uint16_t bits) noexcept {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16U;
  const std::uint32_t exponent = bits >> 10U & 0x1FU;
  const std::uint32_t mantissa = bits & 0x3FFU;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24, exact
    const float value = static_cast<float>(mantissa) * 5.9604644775390625e-8F;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide =
      exponent == 31 ? 0x7F800000U | mantissa << 13U : (exponent + 112) << 23U | mantissa << 13U;
  const std::uint32_t all = sign | wide;
  float value;
  std::memcpy(&value, &all, sizeof(value));
  return value;
}

#ifdef __x86_64__
namespace {

__attribute__((target("avx,f16c"))) void convert_by_f16c(const std::uint16_t* halves, std::size_t count,
                                                         float* floats) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m128i packed = _mm_loadu_si128(reinterpret_cast<const __m128i*>(halves + i));
    _mm256_storeu_ps(floats + i, _mm256_cvtph_ps(packed));
  }
  for (; i < count; ++i) floats[i] = from_half(halves[i]);
}

}  // namespace
#endif

void from_halves(const std::uint16_t* halves, std::size_t count, float* floats) noexcept {
#ifdef __x86_64__
  // clang 14 does not know the name of F16C; every processor with AVX2 has it.
  static const bool has_f16c = __builtin_cpu_supports("avx2") != 0;
  if (has_f16c) return convert_by_f16c(halves, count, floats);
#endif
  std::transform(halves, halves + count, floats, from_half);
}

}  // namespace tvr
