#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"

namespace tvr {

/// For each of Q texts and V videos: the similarity of the video's best window, and which window that is.
struct BestWindows {
  Matrix scores;                      // [Q, V]
  std::vector<std::int32_t> windows;  // [Q, V], counted within the video; ties: the first
};

/// The embedded windows of many videos, laid out so that one pass compares several texts with all of them.
/// The products are bitwise those of training and evaluation, and a window's score does not depend on its
/// position.
class WindowIndex {
 public:
  /// dim: D, the size of an embedding.
  explicit WindowIndex(std::int64_t dim) : dim_(dim) {}

  /// Appends a video with `count` >= 1 windows: `embeddings` [count, D].
  void add_video(const float* embeddings, std::int64_t count);

  [[nodiscard]] std::int64_t dim() const noexcept { return dim_; }
  [[nodiscard]] std::int64_t windows() const noexcept { return first_.back(); }
  [[nodiscard]] std::int64_t videos() const noexcept { return static_cast<std::int64_t>(first_.size()) - 1; }
  /// Index of the first window of video `v` among all windows; v = videos() gives the total.
  [[nodiscard]] std::int64_t first_window(std::int64_t v) const {
    return first_[static_cast<std::size_t>(v)];
  }
  /// Copies one window's embedding to `out` [D].
  void copy_window(std::int64_t window, float* out) const;

  /// text [Q, D], rows of unit length. Throws Error(Mismatch) for another D. Thread-safe.
  [[nodiscard]] BestWindows best_windows(const Matrix& text) const;

 private:
  std::int64_t dim_;
  std::vector<Matrix> blocks_;             // [D, 64] each: its columns are windows
  std::vector<std::int64_t> first_ = {0};  // [videos + 1]
};

}  // namespace tvr
