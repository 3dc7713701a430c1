#include "extract/decoding/in_process_decoder.h"

#include <utility>

namespace tvr {
namespace {

class StreamClips : public VideoClips {
 public:
  StreamClips(ClipStream stream, std::vector<std::int64_t> first)
      : stream_(std::move(stream)), first_(std::move(first)) {}
  /// Decodes on the calling thread and never blocks, so `stop` is not needed.
  [[nodiscard]] std::optional<Clip> next(const std::function<bool()>& /*stop*/) override {
    std::optional<Clip> clip = stream_.next();
    while (clip && clip->index < first_[clip->lane]) clip = stream_.next();
    return clip;
  }
  [[nodiscard]] const DecodeSummary& summary() const noexcept override { return stream_.summary(); }

 private:
  ClipStream stream_;
  std::vector<std::int64_t> first_;
};

}  // namespace

InProcessDecoder::InProcessDecoder(std::vector<LaneOptions> lanes, const DecodeLimits& limits, int gpu)
    : lanes_(std::move(lanes)), limits_(limits), gpu_(gpu) {}

std::unique_ptr<VideoClips> InProcessDecoder::open(const std::filesystem::path& path,
                                                   const std::vector<std::size_t>& lanes,
                                                   const std::vector<std::int64_t>& first) {
  std::vector<LaneOptions> sampling;
  for (const std::size_t lane : lanes) sampling.push_back(lanes_[lane]);
  return std::make_unique<StreamClips>(ClipStream(path, std::move(sampling), limits_, gpu_), first);
}

}  // namespace tvr
