#include "data/usable_cores.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

namespace tvr {
namespace {

constexpr double kNoQuota = std::numeric_limits<double>::infinity();

/// Version 2: "150000 100000", or "max 100000": microseconds of processor time per period.
double quota_2(const std::filesystem::path& group) {
  double quota = 0, period = 0;
  std::ifstream file(group / "cpu.max");
  return file >> quota >> period && quota > 0 && period > 0 ? quota / period : kNoQuota;
}

/// Version 1: two files, and -1 for no quota.
double quota_1(const std::filesystem::path& group) {
  double quota = 0, period = 0;
  std::ifstream quota_file(group / "cpu.cfs_quota_us"), period_file(group / "cpu.cfs_period_us");
  return quota_file >> quota && period_file >> period && quota > 0 && period > 0 ? quota / period : kNoQuota;
}

/// The least quota of `group` and those above it. Within a container the own group is often mounted at the
/// top, and the path is one of the host.
template <class Quota>
double least(const std::filesystem::path& mount, const std::string& group, const Quota& quota) {
  double cores = quota(mount);
  std::filesystem::path at = mount;
  for (const std::filesystem::path& part : std::filesystem::path(group).relative_path()) {
    at /= part;
    cores = std::min(cores, quota(at));
  }
  return cores;
}

bool has_cpu(const std::string& controllers) {
  return ("," + controllers + ",").find(",cpu,") != std::string::npos;
}

int cores_of_mask() {
  for (int cores = CPU_SETSIZE; cores <= 1 << 20; cores *= 2) {
    std::vector<cpu_set_t> mask(static_cast<std::size_t>(cores / CPU_SETSIZE));
    const std::size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, bytes, mask.data()) == 0) return CPU_COUNT_S(bytes, mask.data());
    if (errno != EINVAL) break;  // EINVAL: the machine has more cores than fit in
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

double cores_by_quota(const std::filesystem::path& mount, const std::string& membership) {
  double cores = kNoQuota;
  std::istringstream lines(membership);
  for (std::string line; std::getline(lines, line);) {  // "4:cpu,cpuacct:/a/b", or "0::/a/b"
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1),
                      group = line.substr(second + 1);
    if (controllers.empty()) cores = std::min(cores, least(mount, group, quota_2));
    if (!has_cpu(controllers)) continue;
    cores = std::min(cores, least(mount / controllers, group, quota_1));
    cores = std::min(cores, least(mount / "cpu", group, quota_1));
  }
  return cores;
}

int usable_cores() {
  std::ifstream file("/proc/self/cgroup");
  std::ostringstream membership;
  membership << file.rdbuf();
  const double quota = std::round(cores_by_quota("/sys/fs/cgroup", membership.str()));
  return std::max(1, static_cast<int>(std::min<double>(cores_of_mask(), quota)));
}

}  // namespace tvr
