#include "data/store/known_ids.h"

#include <utility>

#include "data/store/feature_store.h"

namespace tvr {

KnownIds known_ids(std::vector<std::filesystem::path> stores) {
  return [stores = std::move(stores)](const auto& use) {
    for (const std::filesystem::path& store : stores) {
      std::error_code unseen;
      const bool is_new =
          !std::filesystem::exists(store, unseen) ||
          (std::filesystem::is_regular_file(store, unseen) && std::filesystem::file_size(store, unseen) == 0);
      if (!is_new) FeatureStore(store).for_each_id(use);
    }
  };
}

}  // namespace tvr
