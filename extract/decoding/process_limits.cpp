#include "extract/decoding/process_limits.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tvr {
namespace {

/// Private writable memory of this process, as RLIMIT_DATA counts it.
std::int64_t data_bytes() {
  long pages = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  const bool read = file != nullptr && std::fscanf(file, "%*d %*d %*d %*d %*d %ld", &pages) == 1;
  if (file != nullptr) std::fclose(file);
  return read ? std::int64_t{pages} * ::sysconf(_SC_PAGESIZE) : 0;
}

}  // namespace

void limit(decltype(RLIMIT_CPU) resource, std::int64_t value) {
  rlimit limits{};
  if (::getrlimit(resource, &limits) != 0) return;
  limits.rlim_cur = std::min(limits.rlim_max, static_cast<rlim_t>(value));
  ::setrlimit(resource, &limits);
}

void limit_more_memory(std::int64_t bytes) { limit(RLIMIT_DATA, data_bytes() + bytes); }

}  // namespace tvr
