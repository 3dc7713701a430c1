#include "pipeline/commands/group_work.h"

#include <exception>
#include <memory>

#include "data/error.h"
#include "model/distributed/launcher.h"
#include "model/distributed/mpi_group.h"
#include "pipeline/commands/program.h"
#include "pipeline/terminal/console.h"

namespace tvr {

void work_in_group(const std::function<void(Collective& group)>& work) {
  if (!is_started_in_group()) return work(alone());
  const std::unique_ptr<Collective> group = join_group();
  if (group->rank() > 0) set_silent();
  try {
    work(*group);
  } catch (const std::exception&) {
    end_group(report_failure(place_of(*group)));
  }
}

void require_one_process(const std::string& command) {
  if (!is_started_in_group()) return;
  throw Error(
      Fault::Unsupported, command, "several processes of it were started",
      "Start one; of the commands only `pipeline train` is divided among processes by mpirun or srun");
}

}  // namespace tvr
