#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/huge_pages.h"

namespace tvr {

/// Owning, dense, row-major float32 matrix [rows, cols], initialised to zero. No arithmetic: the rooms that
/// need it implement it on `data()`.
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::int64_t rows, std::int64_t cols)
      : rows_(rows), cols_(cols), values_(static_cast<std::size_t>(rows * cols)) {}

  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::int64_t cols() const noexcept { return cols_; }
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  [[nodiscard]] float* data() noexcept { return values_.data(); }
  [[nodiscard]] const float* data() const noexcept { return values_.data(); }
  [[nodiscard]] float* row(std::int64_t i) noexcept { return values_.data() + i * cols_; }
  [[nodiscard]] const float* row(std::int64_t i) const noexcept { return values_.data() + i * cols_; }

 private:
  std::int64_t rows_ = 0;
  std::int64_t cols_ = 0;
  std::vector<float, HugePageAllocator<float>> values_;
};

}  // namespace tvr
