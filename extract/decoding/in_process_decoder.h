#pragma once

#include <vector>

#include "extract/decoding/clip_source.h"

namespace tvr {

/// Decodes within the program, so that pictures made on a GPU stay there. Nothing holds it to a memory, and a
/// file that makes a decoder crash ends the program: elsewhere a DecoderHost decodes.
class InProcessDecoder : public ClipSource {
 public:
  /// gpu: which one scales and holds the clips when the lanes' presets are of the GPU; require_nvdec() tells
  /// whether it can.
  InProcessDecoder(std::vector<LaneOptions> lanes, const DecodeLimits& limits, int gpu);

  [[nodiscard]] std::unique_ptr<VideoClips> open(const std::filesystem::path& path,
                                                 const std::vector<std::size_t>& lanes) override;

 private:
  std::vector<LaneOptions> lanes_;
  DecodeLimits limits_;
  int gpu_;
};

}  // namespace tvr
