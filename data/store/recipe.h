#pragma once

#include <string>

#include "data/fingerprint.h"

namespace tvr {

/// The identity of a lane's features: everything that changes their values, and nothing that changes only the
/// speed.
struct Recipe {
  std::string lane;  // "2d", "3d"; plug-ins and imports may add others
  std::string
      text;  // canonical JSON (sorted keys, no blanks): preset, fps, size, crop, model, precision, ...
  std::string
      weights;  // hashes of what computes the features: "sha256:<hex>", "random:seed=<n>", ... (FORMAT.md)

  /// sha256 over lane, text and weights: rows with equal identity and source file hold equal values.
  [[nodiscard]] Digest identity() const;
};

/// Rows of its features per second of video, as the recipe's text says: row i begins i / rows_per_second
/// after the beginning. 0: it does not say. Throws Error(Corrupt) for a text that is not JSON.
[[nodiscard]] double rows_per_second(const Recipe& recipe);

}  // namespace tvr
