#include "model/distributed/share.h"

namespace tvr {

Share share_of(std::int64_t count, int rank, int size) noexcept {
  return {rank * count / size, (rank + 1) * count / size};
}

Share share_of(std::int64_t count, const Collective& group) noexcept {
  return share_of(count, group.rank(), group.size());
}

std::vector<std::int64_t> bytes_of_shares(std::int64_t count, std::int64_t bytes, const Collective& group) {
  std::vector<std::int64_t> of_rank;
  for (int rank = 0; rank < group.size(); ++rank)
    of_rank.push_back(share_of(count, rank, group.size()).count() * bytes);
  return of_rank;
}

Matrix gather_rows(Collective& group, const Matrix& mine, std::int64_t units, std::int64_t rows) {
  Matrix all(units * rows, mine.cols());
  const std::int64_t bytes = rows * mine.cols() * static_cast<std::int64_t>(sizeof(float));
  group.all_gather(mine.data(), all.data(), bytes_of_shares(units, bytes, group));
  return all;
}

}  // namespace tvr
