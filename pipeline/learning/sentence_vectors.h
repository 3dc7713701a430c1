#pragma once

#include <vector>

#include "data/matrix.h"
#include "pipeline/encoders/pretrained_pair.h"
#include "pipeline/learning/learning_data.h"
#include "pipeline/run/run_folder.h"

namespace tvr {

/// The vectors of all different captions of `splits` by the pair's text tower, [S, D] float32, in order of
/// first appearance; a caption of the splits gets its row as its only id. They are kept in the folder
/// (sentences.pth) and embedded again where captions or encoder have changed: 2 KB for each of 512 values, on
/// disk and in memory, some 400 MB for MSR-VTT. Throws Error(Interrupted) when the user stops it.
[[nodiscard]] Matrix embed_captions(RunFolder& folder, PretrainedPair& pair,
                                    const std::vector<Pairs*>& splits);

}  // namespace tvr
