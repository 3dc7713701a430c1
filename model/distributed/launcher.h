#pragma once

#include <memory>
#include <string>

#include "model/distributed/collective.h"

namespace tvr {

/// Whether a launcher says that it has started this process as one of several of an MPI program: mpirun of
/// Open MPI (OMPI_COMM_WORLD_SIZE) or of MPICH (PMI_SIZE), or srun --mpi=pmix (PMIX_RANK and SLURM_NTASKS).
[[nodiscard]] bool is_started_in_group();

/// "rank 1 of 4 on node17".
[[nodiscard]] std::string place_of(const Collective& group);

}  // namespace tvr
