#include "extract/cuda/resample.h"

#include <algorithm>
#include <cmath>

namespace tvr {
namespace {

double bicubic(double x) {
  constexpr double kC = 0.6;
  x = std::fabs(x);
  if (x < 1) return ((2 - kC) * x + (kC - 3)) * x * x + 1;
  if (x < 2) return (((-x + 5) * x - 8) * x + 4) * kC;
  return 0;
}

double triangle(double x) { return std::max(0.0, 1 - std::fabs(x)); }

}  // namespace

ResampleFilter resample_filter(int source, int target, Preset preset) {
  const bool is_cubic = is_bicubic(preset);
  const double step = static_cast<double>(source) / target;
  const double stretch = std::max(1.0, step);
  const double radius = (is_cubic ? 2 : 1) * stretch;
  ResampleFilter filter;
  filter.taps = std::min(source, static_cast<int>(std::ceil(2 * radius)) + 1);
  for (int i = 0; i < target; ++i) {
    const double centre = (i + 0.5) * step - 0.5;
    const int begin = static_cast<int>(std::floor(centre - radius)) + 1;
    const int first = std::clamp(begin, 0, source - filter.taps);
    std::vector<double> weights(static_cast<std::size_t>(filter.taps), 0.0);
    double sum = 0;
    for (int j = begin; j <= static_cast<int>(std::floor(centre + radius)); ++j) {
      const double distance = (j - centre) / stretch;
      const double weight = is_cubic ? bicubic(distance) : triangle(distance);
      const int inside = std::clamp(j, first, first + filter.taps - 1);
      weights[static_cast<std::size_t>(inside - first)] += weight;
      sum += weight;
    }
    filter.first.push_back(first);
    for (const double weight : weights) filter.weights.push_back(static_cast<float>(weight / sum));
  }
  return filter;
}

}  // namespace tvr
