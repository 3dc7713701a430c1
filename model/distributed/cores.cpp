#include "model/distributed/cores.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>
#include <fstream>

#include "data/usable_cores.h"

namespace tvr {
namespace {

constexpr std::size_t kBits = 64;
constexpr std::size_t kWords = 128;  // 8192 cores, the most that Linux is built for

int count_of(const std::vector<std::uint64_t>& mask) {
  std::size_t count = 0;
  for (const std::uint64_t word : mask) count += std::bitset<kBits>(word).count();
  return static_cast<int>(count);
}

/// What is sent of a process.
struct Told {
  std::array<char, 40> machine = {};
  std::array<std::uint64_t, kWords> mask = {};
  std::int32_t usable = 1, mask_is_known = 0;
};

Told told_of_this() {
  Told told;
  std::string boot;  // 36 characters that a machine draws when it starts: containers on it have the same
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::strncpy(told.machine.data(), boot.c_str(), told.machine.size() - 1);
  auto* const mask = reinterpret_cast<cpu_set_t*>(told.mask.data());
  told.mask_is_known = ::sched_getaffinity(0, sizeof told.mask, mask) == 0 ? 1 : 0;
  told.usable = usable_cores();
  return told;
}

}  // namespace

int cores_of_member(const std::vector<MemberCores>& members, std::size_t me) {
  const MemberCores& mine = members[me];
  std::vector<std::uint64_t> all(kWords);
  int here = 0;
  for (const MemberCores& member : members) {
    if (member.machine != mine.machine) continue;
    ++here;
    for (std::size_t word = 0; word < std::min(kWords, member.mask.size()); ++word)
      all[word] |= member.mask[word];
  }
  // A quota that grants fewer cores than the mask is taken for that of all.
  const bool by_quota = mine.usable < count_of(mine.mask);
  const int cores = mine.mask.empty() || by_quota ? mine.usable : count_of(all);
  return std::max(1, std::min(mine.usable, cores / here));
}

int cores_of_member(Collective& group) {
  const auto size = static_cast<std::size_t>(group.size());
  const Told mine = told_of_this();
  std::vector<Told> all(size);
  group.all_gather(&mine, all.data(), std::vector<std::int64_t>(size, sizeof mine));
  std::vector<MemberCores> members;
  for (const Told& told : all) {
    members.push_back({told.machine.data(), {}, told.usable});
    if (told.mask_is_known != 0) members.back().mask.assign(told.mask.begin(), told.mask.end());
  }
  return cores_of_member(members, static_cast<std::size_t>(group.rank()));
}

}  // namespace tvr
