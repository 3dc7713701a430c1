#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/distributed/collective.h"

namespace tvr {

/// Where a process of a group may run.
struct MemberCores {
  std::string machine;              // equal on processes of one machine
  std::vector<std::uint64_t> mask;  // a bit per core of its affinity mask; empty: unknown
  int usable = 1;                   // usable_cores(): no more than quotas grant
};

/// The cores for process number `me`, at least 1: those that the processes of its machine may use, divided
/// among them, and no more than it may use itself. So processes that share all cores (mpirun --bind-to none)
/// divide them, and those that a launcher has bound to cores of their own keep them.
[[nodiscard]] int cores_of_member(const std::vector<MemberCores>& members, std::size_t me);

/// That of this process of the group.
[[nodiscard]] int cores_of_member(Collective& group);

}  // namespace tvr
