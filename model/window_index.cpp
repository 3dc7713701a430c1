#include "model/window_index.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "data/error.h"
#include "model/kernels/kernels.h"
#include "model/parallel.h"

namespace tvr {
namespace {

constexpr std::int64_t kBlock = 64;  // windows per block: so many are multiplied with a text at once

}  // namespace

void WindowIndex::add_video(const float* embeddings, std::int64_t count) {
  if (count < 1) throw Error(Fault::InvalidArgument, "window index", "the video has no windows");
  for (std::int64_t row = 0; row < count; ++row) {
    const std::int64_t column = (windows() + row) % kBlock;
    if (column == 0) blocks_.emplace_back(dim_, kBlock);
    float* const block = blocks_.back().data() + column;
    for (std::int64_t d = 0; d < dim_; ++d) block[d * kBlock] = embeddings[row * dim_ + d];
  }
  first_.push_back(windows() + count);
}

void WindowIndex::copy_window(std::int64_t window, float* out) const {
  const float* const block = blocks_[static_cast<std::size_t>(window / kBlock)].data() + window % kBlock;
  for (std::int64_t d = 0; d < dim_; ++d) out[d] = block[d * kBlock];
}

BestWindows WindowIndex::best_windows(const Matrix& text) const {
  if (text.cols() != dim_ && text.rows() > 0) {
    throw Error(Fault::Mismatch, "search",
                "the text has " + std::to_string(text.cols()) + " values, the index " + std::to_string(dim_));
  }
  const auto blocks = static_cast<std::int64_t>(blocks_.size());
  Matrix scores(text.rows(), blocks * kBlock);
  parallel_for(blocks, text.rows() * kBlock * dim_, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      kernels().multiply({text.data(), dim_, 1, blocks_[static_cast<std::size_t>(b)].data(), kBlock,
                          scores.data() + b * kBlock, scores.cols(), text.rows(), kBlock, dim_});
    }
  });
  BestWindows best{Matrix(text.rows(), videos()), {}};
  best.windows.reserve(static_cast<std::size_t>(text.rows() * videos()));
  for (std::int64_t q = 0; q < text.rows(); ++q) {
    for (std::int64_t v = 0; v < videos(); ++v) {
      const float* const first = scores.row(q) + first_window(v);
      const float* const end = scores.row(q) + first_window(v + 1);
      const float* const found = std::max_element(first, end);
      // A NaN, from damaged data, cannot be ordered.
      best.scores.row(q)[v] = std::isnan(*found) ? -std::numeric_limits<float>::infinity() : *found;
      best.windows.push_back(static_cast<std::int32_t>(found - first));
    }
  }
  return best;
}

}  // namespace tvr
