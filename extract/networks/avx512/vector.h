#pragma once

#include "extract/networks/avx512/convolution.h"

// Of the texts of this folder alone, which are compiled for AVX-512: nameless, so that nobody else's program
// is made of them.
namespace tvr::avx512 {
namespace {

using Vector __attribute__((vector_size(4 * kBlock), may_alias)) = float;

inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }
inline Vector relu(Vector value) { return value > 0 ? value : Vector{}; }

/// Positions that an innermost loop takes: with two vectors of results each, as many as there are registers
/// for besides the two of weights and one to spare.
constexpr int kMostPositions = 14;

inline std::size_t of(int value) { return static_cast<std::size_t>(value); }
inline int smaller(int a, int b) { return a < b ? a : b; }
inline int parts_of(int whole, int most) { return (whole + most - 1) / most; }

}  // namespace
}  // namespace tvr::avx512
