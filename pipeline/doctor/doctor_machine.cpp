#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "model/libraries.h"
#include "pipeline/doctor/doctor_checks.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr double kLittleMemory_bytes = 4e9;  // training at full size holds about 1.5 GB, an extraction 1 GB

/// OpenBLAS's fallbacks for what it does not know, and its kernels from before AVX2 (its cpuid_x86.c).
bool without_avx2(const std::string& core) {
  constexpr std::array kOld = {"Prescott", "Core2", "Penryn", "Nehalem", "Sandybridge", "Atom", "Generic"};
  return std::any_of(kOld.begin(), kOld.end(), [&](const char* old) { return core == old; });
}

Check check_instructions(const Machine& machine) {
  std::string seen;
  const auto add = [&](const char* feature, const char* name) {
    if (machine.has(feature)) seen += (seen.empty() ? "" : ", ") + std::string(name);
  };
  add("avx2", "AVX2");
  add("avx512f", "AVX-512");
  add("avx512_bf16", "AVX-512 bf16");
  add("amx_bf16", "AMX bf16");
  add("asimd", "NEON");
  Check check{"processor", "instructions", Finding::Ok, seen, {}};
  if (seen.empty()) {
    check.finding = Finding::Warning;
    check.seen = "neither AVX2 nor NEON";
    check.advice = "The program works, but many times slower than on a CPU of the last ten years";
  } else if (machine.computes_bf16()) {
    check.seen += ": --precision bf16 is fast here";
  }
  return check;
}

Check check_threads(const Machine& machine, unsigned threads) {
  Check check{"processor", "threads", Finding::Ok, fmt::format("{}", threads), {}};
  if (machine.cpu_quota && *machine.cpu_quota + 0.5 < threads) {
    const int wanted = std::max(1, static_cast<int>(std::lround(*machine.cpu_quota)));
    check.finding = Finding::Warning;
    check.seen =
        fmt::format("{} would start, but the cgroup allows {:.3g} cores", threads, *machine.cpu_quota);
    check.advice = fmt::format("Pass --jobs {0} to extract, --threads {0} to train, both to run", wanted);
  }
  return check;
}

Check check_memory(const Machine& machine) {
  const auto total =
      static_cast<double>(machine.memory_limit_bytes && (machine.memory_bytes == 0 ||
                                                         *machine.memory_limit_bytes < machine.memory_bytes)
                              ? *machine.memory_limit_bytes
                              : machine.memory_bytes);
  Check check{"processor", "memory", Finding::Ok, total > 0 ? bytes_text(total) : "unknown", {}};
  if (machine.memory_limit_bytes && total == static_cast<double>(*machine.memory_limit_bytes))
    check.seen += ", limited by the cgroup";
  if (total > 0 && total < kLittleMemory_bytes) {
    check.finding = Finding::Warning;
    check.advice = "Pass --jobs 1 to extract and an --embd-dim below 4096 to train";
  }
  return check;
}

}  // namespace

Checks check_machine(const Machine& machine, unsigned threads) {
  return {{"processor", "model", Finding::Ok, machine.processor.empty() ? "unknown" : machine.processor, {}},
          check_instructions(machine),
          check_threads(machine, threads),
          check_memory(machine)};
}

Check check_blas(const Blas& blas, const Machine& machine) {
  Check check{"processor", "BLAS", Finding::Ok, {}, {}};
  if (blas.name.empty()) {
    check.seen = "none is loaded; this program does not need it";
    return check;
  }
  check.seen = blas.name + (blas.core.empty() ? "" : " for " + blas.core) +
               fmt::format(", {:.0f} GFLOP/s (two 1024 x 1024 matrices)", blas.gflops);
  const std::string who_waits =
      "Networks and training use built-in kernels and are not slowed by it; other operations of LibTorch "
      "are";
  if (blas.reference) {
    check.finding = Finding::Warning;
    check.advice = "apt-get install libopenblas0-openmp. " + who_waits;
  } else if (machine.has("avx2") && without_avx2(blas.core)) {
    check.finding = Finding::Warning;
    check.advice = fmt::format("It does not recognise this CPU: set OPENBLAS_CORETYPE={}. {}",
                               machine.has("avx512f") ? "SkylakeX" : "Haswell", who_waits);
  }
  return check;
}

Checks check_cuda(const CudaDriver& cuda, const std::string& missing) {
  const std::string group = "GPU";
  if (!cuda.library_error.empty()) {
    return {{group, "CUDA", Finding::Ok, "no NVIDIA driver is installed; everything runs on the CPU", {}}};
  }
  const std::string driver =
      fmt::format("driver for CUDA {}.{}", cuda.version / 1000, cuda.version % 1000 / 10);
  if (!cuda.error.empty()) {
    return {{group, "CUDA", Finding::Note, fmt::format("{}, which reports: {}", driver, cuda.error),
             "nvidia-smi may say more; everything runs on the CPU"}};
  }
  Checks checks;
  for (const CudaDevice& device : cuda.devices) {
    checks.push_back({group, "CUDA", missing.empty() ? Finding::Ok : Finding::Note,
                      fmt::format("{}, {}, compute capability {}.{}, {}", device.name,
                                  bytes_text(static_cast<double>(device.memory_bytes)), device.major,
                                  device.minor, driver),
                      missing.empty() ? "" : "Everything runs on the CPU: " + missing});
  }
  if (checks.empty()) checks.push_back({group, "CUDA", Finding::Ok, driver + ", no device", {}});
  return checks;
}

Checks check_wish_for_gpu(const std::string& flag, const std::string& value, const std::string& missing) {
  if (value.rfind("cuda", 0) != 0) return {};
  if (missing.empty()) return {{"GPU", flag.substr(2), Finding::Ok, value + " can be used", {}}};
  return {{"GPU", flag.substr(2), Finding::Missing, value + " cannot be used: " + missing,
           "Pass " + flag + " cpu"}};
}

}  // namespace tvr
