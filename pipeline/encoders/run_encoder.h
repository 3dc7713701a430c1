#pragma once

#include <memory>
#include <optional>

#include "pipeline/encoders/encoder_pair.h"
#include "pipeline/encoders/linear_encoder.h"
#include "pipeline/run/run_manifest.h"

namespace tvr {

/// The model of a run: word vectors and joint embedding, or a pretrained pair with the head that the run
/// trained on it, if any. Throws what require_files() throws, Error(Mismatch)
/// when the checkpoint is not the one that the manifest describes or the word vectors have another width, and
/// what reading the files throws.
[[nodiscard]] std::unique_ptr<EncoderPair> open_run(const RunManifest& run);

/// The run's linear baseline; none where it has none. Throws Error(Mismatch) when the file is not the one
/// that the manifest describes, and what LinearEncoder throws.
[[nodiscard]] std::optional<LinearEncoder> open_linear_baseline(const RunManifest& run);

}  // namespace tvr
