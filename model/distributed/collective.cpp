#include "model/distributed/collective.h"

#include <cstring>

namespace tvr {
namespace {

class Alone : public Collective {
 public:
  [[nodiscard]] int rank() const noexcept override { return 0; }
  [[nodiscard]] int size() const noexcept override { return 1; }
  void all_gather(const void* mine, void* all, const std::vector<std::int64_t>& bytes) override {
    if (mine != all) std::memcpy(all, mine, static_cast<std::size_t>(bytes[0]));
  }
  void broadcast(void*, std::int64_t) override {}
};

}  // namespace

Collective& alone() noexcept {
  static Alone group;  // without state
  return group;
}

}  // namespace tvr
