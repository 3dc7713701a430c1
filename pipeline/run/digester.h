#pragma once

#include <string>

#include "data/matrix.h"
#include "model/pairs.h"
#include "pipeline/run/run_folder.h"

namespace tvr {

/// The digest of all that the result of a step depends on, added piece by piece.
class Digester {
 public:
  Digester& add(const std::string& text);
  Digester& add(const Matrix& matrix);
  Digester& add(const PairData& pairs);
  [[nodiscard]] const Digest& digest() const noexcept { return chain_; }

 private:
  Digest chain_;
};

}  // namespace tvr
