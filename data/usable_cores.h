#pragma once

#include <filesystem>
#include <string>

namespace tvr {

/// The cores that this process may use: those of its affinity mask (taskset, Slurm), and no more than the CPU
/// quota of its control groups (containers, systemd) grants, rounded. At least 1.
[[nodiscard]] int usable_cores();

/// The cores that CPU quotas grant; infinity: there are none. `mount` is where control groups of version 1 or
/// 2 are mounted ("/sys/fs/cgroup"), `membership` says which the process is in (the text of
/// /proc/self/cgroup). The least quota on the way up counts.
[[nodiscard]] double cores_by_quota(const std::filesystem::path& mount, const std::string& membership);

}  // namespace tvr
