// What extract/cuda defines, in a build without CUDA: there is no GPU, and what needs one says why.
#include <utility>

#include "data/error.h"
#include "extract/cuda/cuda_backbone.h"
#include "extract/cuda/cuda_decoder.h"
#include "extract/cuda/cuda_picture_converter.h"
#include "extract/gpu.h"

namespace tvr {
namespace {

[[noreturn]] void refuse(const std::string& where) {
  throw Error(Fault::Unsupported, where, missing_for_gpu());
}

}  // namespace

std::string missing_for_gpu() { return TVR_CUDA_MISSING; }

int gpu_count() noexcept { return 0; }

void require_nvdec(int gpu) { require_gpu(gpu); }

void select_gpu(int gpu) { require_gpu(gpu); }

Clip to_host(Clip clip) { return clip; }

void use_device(int /*gpu*/, const std::string& where) { refuse(where); }

BufferHandle cuda_decoder(int gpu) { refuse("NVDEC on GPU " + std::to_string(gpu)); }

bool can_convert_on_gpu(const AVFrame& /*frame*/) { return false; }

std::unique_ptr<PictureConverter> cuda_picture_converter(const std::string& name, const AVFrame& /*frame*/,
                                                         const LaneOptions& /*lane*/,
                                                         std::optional<PictureSize> /*target*/,
                                                         std::int64_t /*max_pixels*/) {
  refuse(name);
}

std::unique_ptr<Backbone> cuda_backbone(Network /*network*/, const NamedTensors& /*weights*/,
                                        const BackboneOptions& options) {
  refuse("GPU " + std::to_string(options.gpu));
}

}  // namespace tvr
