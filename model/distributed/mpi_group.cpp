// The only file with MPI; in a build without it, no_mpi_group.cpp stands here. Written against MPI 3.1
// (https://www.mpi-forum.org/docs/mpi-3.1/mpi31-report.pdf).
#include "model/distributed/mpi_group.h"

#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "data/error.h"
#include "model/distributed/launcher.h"

namespace tvr {
namespace {

class MpiGroup : public Collective {
 public:
  explicit MpiGroup(std::int64_t most_at_once) : most_at_once_(most_at_once) {
    int provided = 0;  // other threads, which read ahead or compute, do not call MPI
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }
  ~MpiGroup() override { MPI_Finalize(); }
  MpiGroup(const MpiGroup&) = delete;
  MpiGroup& operator=(const MpiGroup&) = delete;

  [[nodiscard]] int rank() const noexcept override { return rank_; }
  [[nodiscard]] int size() const noexcept override { return size_; }

  void all_gather(const void* mine, void* all, const std::vector<std::int64_t>& bytes) override {
    std::vector<std::int64_t> begin = {0};
    for (const std::int64_t count : bytes) begin.push_back(begin.back() + count);
    const auto me = static_cast<std::size_t>(rank_);
    auto* const to = static_cast<char*>(all);
    const bool in_place = mine == to + begin[me];
    if (begin.back() <= most_at_once_) {
      const std::vector<int> counts(bytes.begin(), bytes.end()), places(begin.begin(), begin.end() - 1);
      check(MPI_Allgatherv(in_place ? MPI_IN_PLACE : mine, counts[me], MPI_BYTE, to, counts.data(),
                           places.data(), MPI_BYTE, MPI_COMM_WORLD));
      return;
    }
    if (!in_place) std::copy_n(static_cast<const char*>(mine), bytes[me], to + begin[me]);
    for (std::size_t rank = 0; rank < bytes.size(); ++rank)
      send(to + begin[rank], bytes[rank], static_cast<int>(rank));
  }

  void broadcast(void* values, std::int64_t bytes) override { send(static_cast<char*>(values), bytes, 0); }

 private:
  /// From one rank to all.
  void send(char* bytes, std::int64_t count, int from) const {
    for (std::int64_t done = 0; done < count; done += most_at_once_) {
      const auto now = static_cast<int>(std::min(count - done, most_at_once_));
      check(MPI_Bcast(bytes + done, now, MPI_BYTE, from, MPI_COMM_WORLD));
    }
  }

  void check(int code) const {
    if (code == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING] = {};
    int length = 0;
    MPI_Error_string(code, text, &length);
    throw Error(Fault::Machine, "MPI", std::string("a message between the processes failed: ") + text);
  }

  std::int64_t most_at_once_;
  int rank_ = 0, size_ = 1;
};

}  // namespace

std::unique_ptr<Collective> join_group(std::int64_t most_at_once) {
  auto group = std::make_unique<MpiGroup>(most_at_once);
  if (group->size() == 1 && is_started_in_group()) {
    throw Error(Fault::Mismatch, "MPI", "several processes were started, but this one finds no other",
                "Start them by mpirun of the MPI that the program was built with, or by srun --mpi=pmix");
  }
  return group;
}

std::string mpi_library() {
  std::string text(MPI_MAX_LIBRARY_VERSION_STRING, '\0');
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  text.resize(static_cast<std::size_t>(length));
  return text.substr(0, text.find_first_of(",\n"));
}

void end_group(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace tvr
