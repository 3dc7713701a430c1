// mpi_group.h in a build without MPI.
#include <cstdlib>

#include "data/error.h"
#include "model/distributed/mpi_group.h"

namespace tvr {

std::unique_ptr<Collective> join_group(std::int64_t) {
  throw Error(Fault::Unsupported, "MPI", "this program was built without MPI",
              "Install libopenmpi-dev and openmpi-bin and build it anew, or start one process");
}

std::string mpi_library() { return {}; }

void end_group(int exit_code) { std::_Exit(exit_code); }

}  // namespace tvr
