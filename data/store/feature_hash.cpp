#include "data/store/feature_hash.h"

#include <string>

namespace tvr {

Digest feature_hash(std::int64_t rows, std::int64_t dim, std::string_view times, std::string_view halves) {
  return feature_hash_of_digests(rows, dim, sha256(times), sha256(halves));
}

Digest feature_hash_of_digests(std::int64_t rows, std::int64_t dim, const Digest& times,
                               const Digest& halves) {
  const std::string size = std::to_string(rows) + " " + std::to_string(dim) + "\n";
  return sha256("feature 1\n" + size + times + halves);
}

bool feature_is_intact(std::int64_t rows, std::int64_t dim, std::string_view times, std::string_view halves,
                       const Digest& hash) {
  if (rows <= 0 || dim <= 0) return false;
  const auto row_count = static_cast<std::uint64_t>(rows), columns = static_cast<std::uint64_t>(dim);
  const bool times_fit = times.size() % 16 == 0 && times.size() / 16 == row_count;
  const bool halves_fit =
      halves.size() % 2 == 0 && halves.size() / 2 % columns == 0 && halves.size() / 2 / columns == row_count;
  return times_fit && halves_fit && feature_hash(rows, dim, times, halves) == hash;
}

}  // namespace tvr
