#pragma once

#include <cstdint>
#include <vector>

namespace tvr {

/// A group of processes that train one model. Every process calls the same functions in the same order; a
/// call returns when this process has its result. Nothing is summed between processes, since the order of a
/// sum would depend on their number. Used by one thread at a time. A group of several throws Error(Machine)
/// naming the rank when its transport fails; a process that is alone never waits and never throws.
class Collective {
 public:
  virtual ~Collective() = default;
  [[nodiscard]] virtual int rank() const noexcept = 0;  // of this process, from 0
  [[nodiscard]] virtual int size() const noexcept = 0;
  /// `all` = the bytes of every process, in order of rank: bytes[r] from rank r. `mine` may lie at its place
  /// in `all`; otherwise they must not overlap.
  virtual void all_gather(const void* mine, void* all, const std::vector<std::int64_t>& bytes) = 0;
  /// Copies these bytes of rank 0 to every process.
  virtual void broadcast(void* values, std::int64_t bytes) = 0;
};

/// The group of this process only.
[[nodiscard]] Collective& alone() noexcept;

}  // namespace tvr
