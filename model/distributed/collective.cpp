#include "model/distributed/collective.h"

#include <algorithm>

namespace tvr {
namespace {

class Alone : public Collective {
 public:
  [[nodiscard]] int rank() const noexcept override { return 0; }
  [[nodiscard]] int size() const noexcept override { return 1; }
  void all_gather(const float* mine, std::int64_t count, float* all) override {
    std::copy_n(mine, count, all);
  }
};

}  // namespace

std::unique_ptr<Collective> alone() { return std::make_unique<Alone>(); }

}  // namespace tvr
