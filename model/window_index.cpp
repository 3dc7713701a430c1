#include "model/window_index.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "data/error.h"
#include "data/tensors/tensor.h"
#include "model/kernels/kernels.h"
#include "model/parallel.h"

namespace tvr {
namespace {

constexpr std::int64_t kBlock = 64;  // windows per block: so many are multiplied with a text at once

/// The block that holds `column`, for writing: a new one for its first column, and one of its own where the
/// last is shared with a copy.
template <class Block, class... Size>
Block& own(std::vector<std::shared_ptr<Block>>& blocks, std::int64_t column, Size... size) {
  if (column == 0)
    blocks.push_back(std::make_shared<Block>(size...));
  else if (blocks.back().use_count() > 1)
    blocks.back() = std::make_shared<Block>(*blocks.back());
  return *blocks.back();
}

}  // namespace

void WindowIndex::add_video(const float* embeddings, std::int64_t count) {
  if (values_ == IndexValues::Halves) {
    std::vector<std::uint16_t> halves(static_cast<std::size_t>(dim_ * count));
    std::transform(embeddings, embeddings + dim_ * count, halves.begin(), to_half);
    return add_video(halves.data(), count);
  }
  for_columns(count, [&](std::int64_t row, std::int64_t column) {
    float* const block = own(floats_, column, dim_, kBlock).data() + column;
    for (std::int64_t d = 0; d < dim_; ++d) block[d * kBlock] = embeddings[row * dim_ + d];
  });
}

void WindowIndex::add_video(const std::uint16_t* embeddings, std::int64_t count) {
  for_columns(count, [&](std::int64_t row, std::int64_t column) {
    std::uint16_t* const block =
        own(halves_, column, static_cast<std::size_t>(dim_ * kBlock)).data() + column;
    for (std::int64_t d = 0; d < dim_; ++d) block[d * kBlock] = embeddings[row * dim_ + d];
  });
}

template <class Add>
void WindowIndex::for_columns(std::int64_t count, const Add& add) {
  if (count < 1) throw Error(Fault::InvalidArgument, "window index", "the video has no windows");
  for (std::int64_t row = 0; row < count; ++row) add(row, (windows() + row) % kBlock);
  first_.push_back(windows() + count);
}

void WindowIndex::copy_window(std::int64_t window, float* out) const {
  if (values_ == IndexValues::Halves) {
    std::vector<std::uint16_t> halves(static_cast<std::size_t>(dim_));
    copy_window(window, halves.data());
    std::transform(halves.begin(), halves.end(), out, from_half);
    return;
  }
  const float* const block = floats_[static_cast<std::size_t>(window / kBlock)]->data() + window % kBlock;
  for (std::int64_t d = 0; d < dim_; ++d) out[d] = block[d * kBlock];
}

void WindowIndex::copy_window(std::int64_t window, std::uint16_t* out) const {
  const std::uint16_t* const block =
      halves_[static_cast<std::size_t>(window / kBlock)]->data() + window % kBlock;
  for (std::int64_t d = 0; d < dim_; ++d) out[d] = block[d * kBlock];
}

BestWindows WindowIndex::best_windows(const Matrix& text) const {
  if (text.cols() != dim_ && text.rows() > 0) {
    throw Error(Fault::Mismatch, "search",
                "the text has " + std::to_string(text.cols()) + " values, the index " + std::to_string(dim_));
  }
  const auto blocks = static_cast<std::int64_t>(floats_.size() + halves_.size());
  Matrix scores(text.rows(), blocks * kBlock);
  parallel_for(blocks, text.rows() * kBlock * dim_, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      const auto block = static_cast<std::size_t>(b);
      Product product{text.data(),   dim_,        1,      nullptr, kBlock, scores.data() + b * kBlock,
                      scores.cols(), text.rows(), kBlock, dim_};
      if (values_ == IndexValues::Halves) {
        kernels().multiply_halves(product, halves_[block]->data());
      } else {
        product.b = floats_[block]->data();
        kernels().multiply(product);
      }
    }
  });
  BestWindows best{Matrix(text.rows(), videos()), {}, std::move(scores)};
  best.windows.reserve(static_cast<std::size_t>(text.rows() * videos()));
  for (std::int64_t q = 0; q < text.rows(); ++q) {
    for (std::int64_t v = 0; v < videos(); ++v) {
      const float* const first = best.all.row(q) + first_window(v);
      const float* const end = best.all.row(q) + first_window(v + 1);
      const float* const found = std::max_element(first, end);
      // A NaN, from damaged data, cannot be ordered.
      best.scores.row(q)[v] = std::isnan(*found) ? -std::numeric_limits<float>::infinity() : *found;
      best.windows.push_back(static_cast<std::int32_t>(found - first));
    }
  }
  return best;
}

}  // namespace tvr
