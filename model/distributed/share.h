#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "model/distributed/collective.h"

namespace tvr {

/// Items first to past - 1: what one rank has of items that are divided in order.
struct Share {
  std::int64_t first = 0, past = 0;
  [[nodiscard]] std::int64_t count() const noexcept { return past - first; }
};

/// [rank count / size, (rank + 1) count / size): shares differ by one item at most, and are empty where there
/// are fewer items than ranks. Count times size must fit 63 bits.
[[nodiscard]] Share share_of(std::int64_t count, int rank, int size) noexcept;
/// That of this process.
[[nodiscard]] Share share_of(std::int64_t count, const Collective& group) noexcept;

/// The bytes that each rank has of `count` items of `bytes` each.
[[nodiscard]] std::vector<std::int64_t> bytes_of_shares(std::int64_t count, std::int64_t bytes,
                                                        const Collective& group);

/// All rows of a matrix of which each rank has its share of `units`, `rows` rows a unit; in order.
[[nodiscard]] Matrix gather_rows(Collective& group, const Matrix& mine, std::int64_t units,
                                 std::int64_t rows = 1);

}  // namespace tvr
