#pragma once

#include <cstdint>
#include <string_view>

#include "data/fingerprint.h"

namespace tvr {

/// The hash stored with a video's features: sha256 over their size, `times` [rows, 2] int64 and `halves`
/// [rows, dim] float16 as stored (data/store/FORMAT.md). It does not include the video's name; only the
/// content digest does.
[[nodiscard]] Digest feature_hash(std::int64_t rows, std::int64_t dim, std::string_view times,
                                  std::string_view halves);

/// The same, from the digests of `times` and `halves`.
[[nodiscard]] Digest feature_hash_of_digests(std::int64_t rows, std::int64_t dim, const Digest& times,
                                             const Digest& halves);

/// Whether the bytes match the stated size and `hash`.
[[nodiscard]] bool feature_is_intact(std::int64_t rows, std::int64_t dim, std::string_view times,
                                     std::string_view halves, const Digest& hash);

}  // namespace tvr
