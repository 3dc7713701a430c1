#include "extract/libraries.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "data/error.h"
#include "extract/media/av_handle.h"
#include "extract/media/media_input.h"
#include "towers/onednn.h"

extern "C" {
#include <libavfilter/version.h>
#include <libswscale/swscale.h>
}

namespace tvr {
namespace {

std::string text_of(unsigned version) {
  return fmt::format("{}.{}.{}", AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version),
                     AV_VERSION_MICRO(version));
}

/// The instruction set that oneDNN dispatches to.
std::string onednn_isa() {
  switch (static_cast<int>(dnnl::get_effective_cpu_isa())) {
    case dnnl_cpu_isa_sse41:
      return "SSE4.1";
    case dnnl_cpu_isa_avx:
      return "AVX";
    case dnnl_cpu_isa_avx2:
    case dnnl_cpu_isa_avx2_vnni:
      return "AVX2";
    case dnnl_cpu_isa_avx512_core:
    case dnnl_cpu_isa_avx512_core_vnni:
      return "AVX-512";
    case dnnl_cpu_isa_avx512_core_bf16:
      return "AVX-512 with bf16";
    case dnnl_cpu_isa_avx512_core_amx:
      return "AVX-512 and AMX";
    default:
      return {};
  }
}

}  // namespace

std::vector<LibraryVersion> extract_libraries() {
  const dnnl_version_t* onednn = dnnl::version();
  return {{"libavformat", text_of(LIBAVFORMAT_VERSION_INT), text_of(avformat_version()), {}},
          {"libavcodec", text_of(LIBAVCODEC_VERSION_INT), text_of(avcodec_version()), av_version_info()},
          {"libavfilter", text_of(LIBAVFILTER_VERSION_INT), text_of(avfilter_version()), {}},
          {"libswscale", text_of(LIBSWSCALE_VERSION_INT), text_of(swscale_version()), {}},
          {"libavutil", text_of(LIBAVUTIL_VERSION_INT), text_of(avutil_version()), {}},
          {"oneDNN", fmt::format("{}.{}.{}", DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR, DNNL_VERSION_PATCH),
           fmt::format("{}.{}.{}", onednn->major, onednn->minor, onednn->patch), onednn_isa()}};
}

std::string decoder_of(const std::string& codec) {
  const AVCodecDescriptor* kind = avcodec_descriptor_get_by_name(codec.c_str());
  const AVCodec* decoder = kind == nullptr ? nullptr : avcodec_find_decoder(kind->id);
  return decoder == nullptr ? std::string{} : decoder->name;
}

bool has_encoder(const std::string& encoder) {
  return avcodec_find_encoder_by_name(encoder.c_str()) != nullptr;
}

double claimed_duration_s(const std::filesystem::path& video) {
  DecodeLimits limits;
  limits.max_seconds = 5;
  TimeBudget budget(limits.max_seconds, limits.max_seconds);
  try {
    const TimeBudget::Running running(budget);
    MediaInput input(video, limits, budget);
    const std::int64_t duration = input.format().duration;
    if (duration == AV_NOPTS_VALUE) return 0;
    constexpr double kLeastBytesPerSecond = 500;
    return std::min(static_cast<double>(duration) / AV_TIME_BASE,
                    static_cast<double>(std::filesystem::file_size(video)) / kLeastBytesPerSecond);
  } catch (const std::exception&) {  // the extraction of this file reports the error
    return 0;
  }
}

}  // namespace tvr
