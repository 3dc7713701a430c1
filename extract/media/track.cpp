#include "extract/media/track.h"

#include <cstring>

#include "extract/media/picture_converter.h"

namespace tvr {

Error nothing_shown(const std::string& video) {
  return {Fault::Corrupt, video, "no frames: none is shown at the moment to cut",
          "The video may have changed since its features were extracted: extract them again"};
}

void copy_display_matrix(const AVStream& from, AVStream& to) {
  const std::optional<DisplayMatrix> matrix = display_matrix(from);
  if (!matrix) return;
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  AVCodecParameters& parameters = *to.codecpar;
  AVPacketSideData* const data =
      av_allocated(av_packet_side_data_new(&parameters.coded_side_data, &parameters.nb_coded_side_data,
                                           AV_PKT_DATA_DISPLAYMATRIX, sizeof *matrix, 0));
  std::memcpy(data->data, matrix->data(), sizeof *matrix);
#else
  std::uint8_t* const data =
      av_allocated(av_stream_new_side_data(&to, AV_PKT_DATA_DISPLAYMATRIX, sizeof *matrix));
  std::memcpy(data, matrix->data(), sizeof *matrix);
#endif
}

}  // namespace tvr
