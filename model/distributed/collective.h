#pragma once

#include <cstdint>
#include <memory>

namespace tvr {

/// A group of processes that train one model. A single process is rank 0 of 1 and never waits. The trainer
/// uses rank and size to select its share of each batch; it does not exchange gradients, so its group is
/// alone(). Used by one thread at a time.
class Collective {
 public:
  virtual ~Collective() = default;
  [[nodiscard]] virtual int rank() const noexcept = 0;
  [[nodiscard]] virtual int size() const noexcept = 0;
  /// all [size, count] = `mine` [count] of every process, in order of rank. The buffers must not overlap.
  virtual void all_gather(const float* mine, std::int64_t count, float* all) = 0;
};

/// The group of this process only. Never throws.
[[nodiscard]] std::unique_ptr<Collective> alone();

}  // namespace tvr
