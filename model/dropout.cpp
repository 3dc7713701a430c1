#include "model/dropout.h"

#include <cmath>

#include "model/parallel.h"

namespace tvr {

std::uint64_t Dropout::lowest_kept(double rate) noexcept {
  return static_cast<std::uint64_t>(std::llround(rate * 0x1p24));
}

void Dropout::apply(Matrix& x, RandomUse use, std::int64_t first) const {
  if (!active()) return;
  constexpr std::int64_t kCost = 8;  // of a random number, in multiplications
  const CounterRandom random = stream(use);
  const std::int64_t before = first * x.cols();
  parallel_for(x.rows() * x.cols(), kCost, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      x.data()[i] = keeps(random, static_cast<std::uint64_t>(before + i)) ? x.data()[i] * scale_ : 0.0F;
  });
}

}  // namespace tvr
