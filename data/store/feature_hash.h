#pragma once

#include <cstdint>
#include <string_view>

#include "data/fingerprint.h"

namespace tvr {

/// The hash kept beside a feature row: sha256 over its size, `times` [rows, 2] int64 and `halves` [rows, dim]
/// float16 as they are stored (data/store/FORMAT.md). Whose row it is is bound by the content digest alone.
[[nodiscard]] Digest feature_hash(std::int64_t rows, std::int64_t dim, std::string_view times,
                                  std::string_view halves);

/// The same by the digests of `times` and `halves`.
[[nodiscard]] Digest feature_hash_of_digests(std::int64_t rows, std::int64_t dim, const Digest& times,
                                             const Digest& halves);

/// Whether the bytes have the claimed size and `hash`.
[[nodiscard]] bool feature_is_intact(std::int64_t rows, std::int64_t dim, std::string_view times,
                                     std::string_view halves, const Digest& hash);

}  // namespace tvr
