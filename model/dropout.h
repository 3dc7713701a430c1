#pragma once

#include <cstdint>

#include "data/matrix.h"
#include "model/random.h"

namespace tvr {

/// Inverted dropout of one training step (Srivastava et al., JMLR 2014): each value is zeroed with
/// probability `rate` and otherwise divided by 1 - rate. Which ones is a function of seed, step, use and
/// position alone.
class Dropout {
 public:
  Dropout() = default;  // keeps everything
  /// `rate` in [0, 1); `step`: number of the step since the beginning of training, from 0.
  Dropout(double rate, std::uint64_t seed, std::uint64_t step) noexcept
      : lowest_kept_(lowest_kept(rate)),
        scale_(static_cast<float>(1 / (1 - rate))),
        seed_(seed),
        step_(step) {}

  [[nodiscard]] bool active() const noexcept { return lowest_kept_ > 0; }
  [[nodiscard]] float scale() const noexcept { return scale_; }  // of the values that are kept
  /// The stream that keeps() takes for one use.
  [[nodiscard]] CounterRandom stream(RandomUse use) const noexcept { return {seed_, use, step_}; }
  [[nodiscard]] bool keeps(const CounterRandom& stream, std::uint64_t position) const noexcept {
    return (stream.bits(position) >> 40U) >= lowest_kept_;
  }
  /// Applies it to all values of x, which are rows `first` on of a matrix; a value's position is its place in
  /// that matrix, row by row.
  void apply(Matrix& x, RandomUse use, std::int64_t first = 0) const;

  /// A value is kept when the upper 24 bits of its random number are at least this.
  [[nodiscard]] static std::uint64_t lowest_kept(double rate) noexcept;

 private:
  std::uint64_t lowest_kept_ = 0;
  float scale_ = 1;
  std::uint64_t seed_ = 0, step_ = 0;
};

}  // namespace tvr
