#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace tvr {

/// What this process may use of the machine it runs on.
struct Machine {
  std::string processor;                           // "AMD EPYC 9575F"; empty: not told
  std::set<std::string> features;                  // by the kernel's names: "avx2", "avx512f", "amx_bf16"
  std::optional<double> cpu_quota;                 // cores that the cgroup allows; nullopt: no limit
  std::int64_t memory_bytes = 0;                   // of the machine
  std::optional<std::int64_t> memory_limit_bytes;  // of the cgroup

  [[nodiscard]] bool has(const std::string& feature) const { return features.count(feature) > 0; }
  /// The networks run bf16 in hardware.
  [[nodiscard]] bool computes_bf16() const { return has("avx512_bf16") || has("amx_bf16"); }
};

/// Reads /proc and the cgroups (v1 and v2, from this process's one up to the root: the tightest counts).
/// What cannot be read stays empty. `root`: where /proc and /sys are looked for.
[[nodiscard]] Machine read_machine(const std::filesystem::path& root = "/");

}  // namespace tvr
