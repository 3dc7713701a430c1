#pragma once

#include <sys/resource.h>

#include <cstdint>

namespace tvr {

/// Lowers a limit of this process (setrlimit(2)) to `value`, or to the highest that it may have.
void limit(decltype(RLIMIT_CPU) resource, std::int64_t value);

/// Limits the private memory that this process takes beyond what it has now.
void limit_more_memory(std::int64_t bytes);

}  // namespace tvr
