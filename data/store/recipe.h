#pragma once

#include <string>

#include "data/fingerprint.h"

namespace tvr {

/// Everything that changes the numbers of one lane, and nothing that changes only the speed.
struct Recipe {
  std::string lane;  // "2d", "3d"; plug-ins and imports may bring others
  std::string
      text;  // canonical JSON (sorted keys, no blanks): preset, fps, size, crop, model, precision, ...
  std::string
      weights;  // what they are made of, by hashes: "sha256:<hex>", "random:seed=<n>", ... (FORMAT.md)

  /// sha256 over lane, text and weights: two rows with equal identity and source hold equal numbers.
  [[nodiscard]] Digest identity() const;
};

}  // namespace tvr
