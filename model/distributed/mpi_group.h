#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "model/distributed/collective.h"

namespace tvr {

/// MPI_COMM_WORLD. A program joins once; the result is used by the thread that has joined, and its destructor
/// waits for the other processes. `most_at_once`: bytes of one call to MPI, whose counts are ints; what is
/// longer takes several calls. Throws Error(Unsupported) in a build without MPI, Error(Mismatch) where MPI
/// finds this process alone although is_started_in_group(): another MPI's launcher has started it.
[[nodiscard]] std::unique_ptr<Collective> join_group(
    std::int64_t most_at_once = std::numeric_limits<int>::max());

/// The MPI that join_group() uses, as it names itself: "Open MPI v4.1.4". Empty: this build has none.
[[nodiscard]] std::string mpi_library();

/// Ends every process of the group that this one has joined, with this exit code.
[[noreturn]] void end_group(int exit_code);

}  // namespace tvr
