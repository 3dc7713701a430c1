#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/matrix.h"

namespace tvr {

/// For each of Q texts and V videos: the similarity of the video's best window, and which window that is.
struct BestWindows {
  Matrix scores;                      // [Q, V]
  std::vector<std::int32_t> windows;  // [Q, V], counted within the video; ties: the first
  Matrix all;                         // [Q, at least windows()]: the similarity of every window
};

/// How the values of an index are kept.
enum class IndexValues {
  Floats,
  Halves,  // IEEE float16, rounded to nearest: half the memory, and half the time of a search
};

/// The embedded windows of many videos, laid out so that one pass compares several texts with all of them.
/// The products are bitwise those of training and evaluation (of halves: those of the rounded values), and a
/// window's score does not depend on its position. A copy shares the memory of the original.
class WindowIndex {
 public:
  /// dim: D, the size of an embedding.
  explicit WindowIndex(std::int64_t dim, IndexValues values = IndexValues::Floats)
      : dim_(dim), values_(values) {}

  /// Appends a video with `count` >= 1 windows: `embeddings` [count, D].
  void add_video(const float* embeddings, std::int64_t count);
  /// The same from values as they are kept. REQUIRES: IndexValues::Halves.
  void add_video(const std::uint16_t* embeddings, std::int64_t count);

  [[nodiscard]] std::int64_t dim() const noexcept { return dim_; }
  [[nodiscard]] IndexValues values() const noexcept { return values_; }
  [[nodiscard]] std::int64_t windows() const noexcept { return first_.back(); }
  [[nodiscard]] std::int64_t videos() const noexcept { return static_cast<std::int64_t>(first_.size()) - 1; }
  /// Index of the first window of video `v` among all windows; v = videos() gives the total.
  [[nodiscard]] std::int64_t first_window(std::int64_t v) const {
    return first_[static_cast<std::size_t>(v)];
  }
  /// Copies one window's embedding to `out` [D]; the second as it is kept. REQUIRES: IndexValues::Halves.
  void copy_window(std::int64_t window, float* out) const;
  void copy_window(std::int64_t window, std::uint16_t* out) const;

  /// text [Q, D], rows of unit length. Throws Error(Mismatch) for another D. Thread-safe.
  [[nodiscard]] BestWindows best_windows(const Matrix& text) const;

 private:
  /// Calls add(row, column) for each window of a new video: its number and its place in the last block.
  template <class Add>
  void for_columns(std::int64_t count, const Add& add);

  std::int64_t dim_;
  IndexValues values_;
  // Blocks of 64 windows, which are their columns, [D, 64] each; of one kind or the other.
  using HalfBlock = std::vector<std::uint16_t>;
  std::vector<std::shared_ptr<Matrix>> floats_;
  std::vector<std::shared_ptr<HalfBlock>> halves_;
  std::vector<std::int64_t> first_ = {0};  // [videos + 1]
};

}  // namespace tvr
