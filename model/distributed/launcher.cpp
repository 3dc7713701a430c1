#include "model/distributed/launcher.h"

#include <unistd.h>

#include <cstdlib>

namespace tvr {
namespace {

long number_in(const char* variable) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? 0 : std::strtol(value, nullptr, 10);
}

}  // namespace

bool is_started_in_group() {
  if (number_in("OMPI_COMM_WORLD_SIZE") > 1 || number_in("PMI_SIZE") > 1) return true;
  return std::getenv("PMIX_RANK") != nullptr && number_in("SLURM_NTASKS") > 1;
}

std::string place_of(const Collective& group) {
  char host[256] = {};
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '?';
  return "rank " + std::to_string(group.rank()) + " of " + std::to_string(group.size()) + " on " + host;
}

}  // namespace tvr
