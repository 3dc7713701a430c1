#pragma once

#include "extract/networks/avx512/convolution.h"

// For the files of this folder only, which are compiled for AVX-512: in an unnamed namespace, so that the
// linker does not use their inline functions elsewhere.
namespace tvr::avx512 {
namespace {

using Vector __attribute__((vector_size(4 * kBlock), may_alias)) = float;

inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }
inline Vector relu(Vector value) { return value > 0 ? value : Vector{}; }

/// Positions per innermost loop: with two accumulators each, as many as fit in the registers beside two for
/// weights and one spare.
constexpr int kMostPositions = 14;

inline std::size_t of(int value) { return static_cast<std::size_t>(value); }
inline int smaller(int a, int b) { return a < b ? a : b; }
inline int parts_of(int whole, int most) { return (whole + most - 1) / most; }

}  // namespace
}  // namespace tvr::avx512
