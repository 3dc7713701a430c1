#pragma once

#include <vector>

#include "extract/decoding/clip_source.h"

namespace tvr {

/// Decodes inside the program, so that frames on a GPU stay there. Memory is not limited, and a file that
/// crashes a decoder ends the program; where that matters, use DecoderHost.
class InProcessDecoder : public ClipSource {
 public:
  /// gpu: the GPU that scales and holds the clips if the lanes' presets are GPU presets; check it with
  /// require_nvdec() first.
  InProcessDecoder(std::vector<LaneOptions> lanes, const DecodeLimits& limits, int gpu);

  [[nodiscard]] std::unique_ptr<VideoClips> open(const std::filesystem::path& path,
                                                 const std::vector<std::size_t>& lanes,
                                                 const std::vector<std::int64_t>& first) override;

 private:
  std::vector<LaneOptions> lanes_;
  DecodeLimits limits_;
  int gpu_;
};

}  // namespace tvr
