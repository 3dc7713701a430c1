#include "data/store/known_ids.h"

#include <utility>

#include "data/store/feature_store.h"

namespace tvr {

KnownIds known_ids(std::vector<std::filesystem::path> stores) {
  return [stores = std::move(stores)](const auto& use) {
    for (const std::filesystem::path& store : stores) {
      std::error_code unseen;
      if (std::filesystem::exists(store, unseen)) FeatureStore(store).for_each_id(use);
    }
  };
}

}  // namespace tvr
