#include "pipeline/machine/machine.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <sstream>

#include "data/usable_cores.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

/// Splits "name : value" and trims both; false for a line without a colon.
bool split_line(const std::string& line, std::string& name, std::string& value) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos) return false;
  const auto trimmed = [](std::string text) {
    const auto begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
    return begin == std::string::npos ? std::string{} : text.substr(begin, end - begin + 1);
  };
  name = trimmed(line.substr(0, colon));
  value = trimmed(line.substr(colon + 1));
  return true;
}

void read_processor(const fs::path& file, Machine& machine) {
  std::ifstream lines(file);
  std::string name, value;
  for (std::string line; std::getline(lines, line);) {
    if (!split_line(line, name, value)) continue;
    if (machine.processor.empty() && name == "model name") machine.processor = value;
    if (machine.features.empty() && (name == "flags" || name == "Features")) {  // x86, ARM
      std::istringstream words(value);
      for (std::string word; words >> word;) machine.features.insert(word);
    }
  }
}

std::int64_t total_memory(const fs::path& file) {
  std::ifstream lines(file);
  std::string name, value;
  for (std::string line; std::getline(lines, line);) {
    if (split_line(line, name, value) && name == "MemTotal") return std::atoll(value.c_str()) * 1024;
  }
  return 0;
}

/// The number at the beginning of a file; nullopt: none, as in "max 100000".
std::optional<double> number_in(const fs::path& file) {
  std::ifstream text(file);
  double number = 0;
  return text >> number ? std::optional(number) : std::nullopt;
}

using Limit = std::optional<double>;

/// The tightest limit of a group and its ancestors.
Limit tightest(const fs::path& mount, const fs::path& group,
               const std::function<Limit(const fs::path&)>& limit) {
  Limit least;
  for (fs::path at = group.relative_path();; at = at.parent_path()) {
    if (const Limit here = limit(mount / at)) least = least ? std::min(*least, *here) : *here;
    if (at.empty()) return least;
  }
}

bool lists(const std::string& controllers, const std::string& name) {
  return (',' + controllers + ',').find(',' + name + ',') != std::string::npos;
}

void read_cgroups(const fs::path& root, Machine& machine) {
  const fs::path mount = root / "sys/fs/cgroup";
  std::ostringstream membership;
  membership << std::ifstream(root / "proc/self/cgroup").rdbuf();
  if (const double cores = cores_by_quota(mount, membership.str()); std::isfinite(cores))
    machine.cpu_quota = cores;
  std::istringstream lines(membership.str());
  Limit memory;
  const auto tighten = [](Limit& limit, const Limit& other) {
    if (other && (!limit || *other < *limit)) limit = other;
  };
  for (std::string line; std::getline(lines, line);) {  // "4:memory:/group", v2: "0::/group"
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) {
      tighten(memory,
              tightest(mount, group, [](const fs::path& at) { return number_in(at / "memory.max"); }));
    }
    if (lists(controllers, "memory")) {
      tighten(memory, tightest(mount / "memory", group,
                               [](const fs::path& at) { return number_in(at / "memory.limit_in_bytes"); }));
    }
  }
  constexpr double kNoLimit = 1e18;  // v1 reports no limit as a number near 2^63
  if (memory && *memory < kNoLimit) machine.memory_limit_bytes = static_cast<std::int64_t>(*memory);
}

}  // namespace

Machine read_machine(const fs::path& root) {
  Machine machine;
  read_processor(root / "proc/cpuinfo", machine);
  machine.memory_bytes = total_memory(root / "proc/meminfo");
  read_cgroups(root, machine);
  return machine;
}

}  // namespace tvr
