#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace tvr {

/// A hash that is the same on every machine and in every version of the program: for choices that must not
/// change (held-out videos, recognising a known list); not cryptographic. FNV-1a (Fowler, Noll, Vo) followed
/// by the finaliser of SplitMix64, because FNV alone orders similar names similarly.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = 0) noexcept;

/// The round(fraction * n) of the n `ids` with the lowest hashes; of two or more ids at least one and never
/// all. Throws Error(InvalidArgument) unless 0 < fraction < 1.
[[nodiscard]] std::set<std::string> choose_share(const std::set<std::string>& ids, double fraction,
                                                 std::uint64_t seed);

}  // namespace tvr
