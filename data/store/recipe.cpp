#include "data/store/recipe.h"

namespace tvr {

Digest Recipe::identity() const {
  const auto part = [](const std::string& value) { return std::to_string(value.size()) + ":" + value; };
  return sha256("recipe 1\n" + part(lane) + part(text) + part(weights));
}

}  // namespace tvr
