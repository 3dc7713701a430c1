#include "extract/media/resize/pillow_resize.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "data/error.h"

namespace tvr {
namespace {

double bilinear(double x) { return std::max(0.0, 1 - std::fabs(x)); }

/// Keys' cubic with a = -0.5, in the order of Pillow's operations, on which the last bit depends.
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

std::int32_t fixed_point(double weight) {
  const double scaled = weight * (1 << kWeightBits);
  return static_cast<std::int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

/// The weights of `count` pixels from `begin` on, of the `to` that `from` pixels are resized to. Each first
/// source pixel is a multiple of `step`: those put before it have the weight 0.
PassWeights pass_weights(int from, int to, ResizeFilter filter, int begin, int count, int step) {
  const auto weigh = filter == ResizeFilter::Bicubic ? bicubic : bilinear;
  const double scale = static_cast<double>(from) / to;
  const double stretched = std::max(scale, 1.0);  // antialiasing
  const double reach = (filter == ResizeFilter::Bicubic ? 2.0 : 1.0) * stretched;
  const auto centre = [&](int i) { return (i + 0.5) * scale; };
  const auto first = [&](int i) { return std::max(0, static_cast<int>(centre(i) - reach + 0.5)); };
  const auto end = [&](int i) { return std::min(from, static_cast<int>(centre(i) + reach + 0.5)); };
  PassWeights result;
  for (int i = begin; i < begin + count; ++i) {
    result.first.push_back(first(i) / step * step);
    result.count.push_back(end(i) - result.first.back());
    result.taps = std::max(result.taps, result.count.back());
  }
  result.taps += result.taps % 2;
  const auto taps = static_cast<std::size_t>(result.taps);
  result.weights.resize(static_cast<std::size_t>(count) * taps);
  std::vector<double> weights;
  for (int i = begin; i < begin + count; ++i) {
    weights.clear();
    double whole = 0;
    for (int source = first(i); source < end(i); ++source) {
      weights.push_back(weigh((source - centre(i) + 0.5) * (1.0 / stretched)));
      whole += weights.back();
    }
    const auto row = static_cast<std::size_t>(i - begin);
    std::int32_t* fixed = &result.weights[row * taps] + (first(i) - result.first[row]);
    for (const double weight : weights) *fixed++ = fixed_point(whole != 0 ? weight / whole : weight);
  }
  return result;
}

std::string words(PictureSize size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

void validate(PictureSize from, PictureSize to, const PictureWindow& window) {
  const auto fits = [](int begin, int count, int whole) {
    return begin >= 0 && count >= 1 && count <= whole && begin <= whole - count;
  };
  if (from.height >= 1 && from.width >= 1 && fits(window.top, window.size.height, to.height) &&
      fits(window.left, window.size.width, to.width))
    return;
  throw Error(Fault::InvalidArgument, "resize",
              words(from) + " to " + words(to) + ", of it " + words(window.size) + " at row " +
                  std::to_string(window.top) + " and column " + std::to_string(window.left));
}

/// Rows that have been resized across and are still needed, in a ring of `capacity` rows.
class Ring {
 public:
  Ring(int capacity, std::size_t row_bytes)
      : capacity_(static_cast<std::size_t>(capacity)),
        row_bytes_(row_bytes),
        bytes_(capacity_ * row_bytes_) {}
  [[nodiscard]] std::uint8_t* row(int index) {
    return bytes_.data() + static_cast<std::size_t>(index) % capacity_ * row_bytes_;
  }

 private:
  std::size_t capacity_, row_bytes_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace

PillowResize::PillowResize(PictureSize from, PictureSize to, ResizeFilter filter, PictureWindow window,
                           const ResizePasses& passes)
    : from_(from), size_(window.size), passes_(passes) {
  validate(from, to, window);
  across_ = pass_weights(from.width, to.width, filter, window.left, window.size.width, 2);
  down_ = pass_weights(from.height, to.height, filter, window.top, window.size.height, 1);
}

void PillowResize::run(const std::uint8_t* rgb, std::ptrdiff_t stride, std::uint8_t* to,
                       std::ptrdiff_t to_stride) const {
  const auto width = static_cast<std::size_t>(size_.width);
  const std::size_t row_bytes = (width * 4 + kRowBytes - 1) / kRowBytes * kRowBytes;
  const int rows_kept = (down_.taps + kRowsAtOnce - 1) / kRowsAtOnce * kRowsAtOnce + kRowsAtOnce;
  Ring ring(rows_kept, row_bytes);
  std::vector<std::uint8_t> scratch(passes_.scratch_bytes(from_.width)), result(row_bytes);
  std::vector<const std::uint8_t*> rows(static_cast<std::size_t>(down_.taps));
  int ready = down_.first.front() / kRowsAtOnce * kRowsAtOnce;  // the rows before it are not needed
  for (std::size_t y = 0; y < down_.first.size(); ++y) {
    const int first = down_.first[y], end = first + down_.count[y];
    for (; ready < end; ready += kRowsAtOnce) {
      const std::uint8_t* from[kRowsAtOnce];
      std::uint8_t* into[kRowsAtOnce];
      for (int i = 0; i < kRowsAtOnce; ++i) {
        from[i] = rgb + std::min(ready + i, from_.height - 1) * stride;  // past the end: not used
        into[i] = ring.row(ready + i);
      }
      passes_.across(from, from_.width, across_, into, scratch.data());
    }
    for (int k = 0; k < down_.count[y]; ++k) rows[static_cast<std::size_t>(k)] = ring.row(first + k);
    passes_.down(rows.data(), down_.count[y], &down_.weights[y * static_cast<std::size_t>(down_.taps)],
                 row_bytes, result.data());
    std::uint8_t* out = to + static_cast<std::ptrdiff_t>(y) * to_stride;
    for (std::size_t x = 0; x < width; ++x, out += 3) std::copy_n(&result[4 * x], 3, out);
  }
}

}  // namespace tvr
