#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace tvr {

/// A hash that is the same on every machine and in every version of the program: for choices that must not
/// change (who is held out, which known list this is), not against ill will. FNV-1a (Fowler, Noll, Vo), its
/// bits then mixed by SplitMix64's finaliser, as FNV alone orders similar names alike.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = 0) noexcept;

/// The round(fraction * n) of the n `ids` whose hashes are lowest; of two or more ids at least one and never
/// all. Throws Error(InvalidArgument) unless 0 < fraction < 1.
[[nodiscard]] std::set<std::string> choose_share(const std::set<std::string>& ids, double fraction,
                                                 std::uint64_t seed);

}  // namespace tvr
