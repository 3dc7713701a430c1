#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace tvr {

/// The resources of this machine that the process may use.
struct Machine {
  std::string processor;            // CPU model: "AMD EPYC 9575F"; empty: unknown
  std::set<std::string> features;   // CPU flags by the kernel's names: "avx2", "avx512f", "amx_bf16"
  std::optional<double> cpu_quota;  // cores that the cgroup allows; nullopt: no limit
  std::int64_t memory_bytes = 0;    // of the machine
  std::optional<std::int64_t> memory_limit_bytes;  // of the cgroup

  [[nodiscard]] bool has(const std::string& feature) const { return features.count(feature) > 0; }
  /// Whether the CPU has bf16 instructions that the networks use.
  [[nodiscard]] bool computes_bf16() const { return has("avx512_bf16") || has("amx_bf16"); }
};

/// Reads /proc and the cgroups (v1 and v2, from that of this process up to the root; the tightest limit
/// counts). What cannot be read stays empty. `root`: where to look for /proc and /sys.
[[nodiscard]] Machine read_machine(const std::filesystem::path& root = "/");

}  // namespace tvr
