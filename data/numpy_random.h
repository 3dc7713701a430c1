#pragma once

#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace tvr {

/// numpy's legacy random numbers (RandomState), for splits that others drew with them: np.random.seed(seed),
/// then what np.random.permutation, choice and randint give.
class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint32_t seed) : twister_(seed) {}

  /// Uniform in [0, highest]: outputs of the generator, cut to the bits of `highest`, until one fits.
  [[nodiscard]] std::uint32_t at_most(std::uint32_t highest) {
    if (highest == 0) return 0;
    const std::uint32_t mask = 0xFFFFFFFFU >> __builtin_clz(highest);
    for (;;) {
      if (const std::uint32_t drawn = static_cast<std::uint32_t>(twister_()) & mask; drawn <= highest)
        return drawn;
    }
  }

  /// 0 to count - 1 shuffled. Its first n numbers are choice(count, n, replace=False).
  [[nodiscard]] std::vector<std::uint32_t> permutation(std::uint32_t count) {
    std::vector<std::uint32_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 0U);
    for (std::uint32_t i = count; i > 1; --i) std::swap(numbers[i - 1], numbers[at_most(i - 1)]);
    return numbers;
  }

 private:
  std::mt19937 twister_;
};

}  // namespace tvr
