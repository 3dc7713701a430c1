#include "extract/media/browser_formats.h"

#include <algorithm>
#include <cstdio>
#include <initializer_list>

namespace tvr {
namespace {

bool one_of(AVCodecID codec, std::initializer_list<AVCodecID> list) {
  return std::find(list.begin(), list.end(), codec) != list.end();
}

bool is_container(const AVFormatContext& format, const char* name) {
  return std::string(format.iformat->name).rfind(name, 0) == 0;
}

/// "avc1.640028": profile, constraints and level (RFC 6381, 3.3).
std::string avc_mime(const AVCodecParameters& parameters) {
  if (parameters.profile < 0 || parameters.level < 0) return "video/mp4";
  const unsigned constraints = (parameters.profile & FF_PROFILE_H264_CONSTRAINED) != 0 ? 0x40U : 0U;
  char text[64];
  std::snprintf(text, sizeof text, "video/mp4; codecs=\"avc1.%02x%02x%02x\"",
                static_cast<unsigned>(parameters.profile) & 0xffU, constraints,
                static_cast<unsigned>(parameters.level) & 0xffU);
  return text;
}

/// "hvc1.1.6.L93.B0": profile, compatible profiles, tier and level (ISO 14496-15, E.3).
std::string hevc_mime(const AVCodecParameters& parameters) {
  const unsigned profile = parameters.profile < 1 ? 1U : static_cast<unsigned>(parameters.profile) & 0x1fU;
  const unsigned compatible = profile == 1 ? 6 : 1U << profile;  // Main is Main 10, too
  const unsigned level = parameters.level < 1 ? 93U : static_cast<unsigned>(parameters.level) & 0xffU;
  char text[64];
  std::snprintf(text, sizeof text, "video/mp4; codecs=\"hvc1.%u.%x.L%u.B0\"", profile, compatible, level);
  return text;
}

bool plays_in_mp4(AVCodecID sound) {
  return one_of(sound, {AV_CODEC_ID_AAC, AV_CODEC_ID_MP3, AV_CODEC_ID_OPUS, AV_CODEC_ID_FLAC});
}

}  // namespace

BrowserFormat browser_format(const AVFormatContext& format, int index) {
  const AVCodecParameters& parameters = *format.streams[index]->codecpar;
  const bool is_mp4 = is_container(format, "mov,mp4"), is_matroska = is_container(format, "matroska");
  if (parameters.codec_id == AV_CODEC_ID_H264) return {avc_mime(parameters), !is_mp4};
  if (parameters.codec_id == AV_CODEC_ID_HEVC) {
    const bool is_usual = parameters.codec_tag == MKTAG('h', 'v', 'c', '1');  // Safari plays no other
    return {hevc_mime(parameters), !is_mp4 || !is_usual};
  }
  if (is_mp4 && one_of(parameters.codec_id, {AV_CODEC_ID_VP9, AV_CODEC_ID_AV1})) return {"video/mp4", false};
  if (is_matroska && one_of(parameters.codec_id, {AV_CODEC_ID_VP8, AV_CODEC_ID_VP9, AV_CODEC_ID_AV1}))
    return {"video/webm", false};
  return {};
}

BrowserSound browser_sound(AVFormatContext& format, int index) {
  const int best = av_find_best_stream(&format, AVMEDIA_TYPE_AUDIO, -1, index, nullptr, 0);
  if (best < 0) return {};
  if (plays_in_mp4(format.streams[best]->codecpar->codec_id)) return {best, {}};
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    const AVCodecParameters& parameters = *format.streams[i]->codecpar;
    if (parameters.codec_type == AVMEDIA_TYPE_AUDIO && plays_in_mp4(parameters.codec_id))
      return {static_cast<int>(i), {}};
  }
  return {-1, avcodec_get_name(format.streams[best]->codecpar->codec_id)};
}

}  // namespace tvr
