#include "data/stable_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "data/error.h"
#include "data/splitmix64.h"

namespace tvr {

std::uint64_t stable_hash(std::string_view text, std::uint64_t seed) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325u ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return splitmix64(hash);
}

std::set<std::string> choose_share(const std::set<std::string>& ids, double fraction, std::uint64_t seed) {
  if (!(fraction > 0 && fraction < 1))
    throw Error(Fault::InvalidArgument, "share of the videos",
                fmt::format("{} is not between 0 and 1", fraction));
  if (ids.size() < 2) return {};
  std::vector<std::pair<std::uint64_t, std::string>> order;
  for (const std::string& id : ids) order.emplace_back(stable_hash(id, seed), id);
  std::sort(order.begin(), order.end());
  const auto wanted = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(ids.size())));
  order.resize(std::clamp<std::size_t>(wanted, 1, ids.size() - 1));
  std::set<std::string> chosen;
  for (auto& [hash, id] : order) chosen.insert(std::move(id));
  return chosen;
}

}  // namespace tvr
