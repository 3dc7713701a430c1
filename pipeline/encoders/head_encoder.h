#pragma once

#include <memory>

#include "pipeline/encoders/encoder_pair.h"
#include "pipeline/run/run_manifest.h"

namespace tvr {

/// The model of a run that trained a head on a pretrained pair (model/head.h): the pair's text tower and the
/// head. A picture can be embedded where the image tower's lane is the only one. Throws Error(Mismatch) when
/// the encoder's folder holds another pair than the run's, or the checkpoint is not the one that the manifest
/// describes or does not fit the pair, and what open_pretrained() and head_of() throw.
[[nodiscard]] std::unique_ptr<EncoderPair> open_head(const RunManifest& run);

}  // namespace tvr
