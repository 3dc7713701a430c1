#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "extract/media/av_handle.h"

namespace tvr {

/// When pictures are shown, for a stream whose container says only when they are decoded: the pictures of a
/// coded sequence are shown in the order of their counts (picture order count: ITU-T H.264, 8.2.1; H.265,
/// 8.3.1), each at the time of decoding whose place it takes.
class PictureOrder {
 public:
  /// Of a stream of H.264 or H.265.
  explicit PictureOrder(const AVCodecParameters& parameters);

  /// Call for each packet, in the order of decoding.
  void add(const AVPacket& packet);
  /// For each packet, which one's time of decoding it is shown at.
  [[nodiscard]] std::vector<std::size_t> shown_at() const;

 private:
  struct Free {
    void operator()(AVCodecParserContext* parser) const noexcept { av_parser_close(parser); }
  };
  struct Picture {
    int count = 0;
    bool is_key = false;
  };
  CodecHandle codec_;
  std::unique_ptr<AVCodecParserContext, Free> parser_;
  std::vector<Picture> pictures_;
};

/// PictureOrder::shown_at() of pictures with these counts; a key picture whose count does not exceed those of
/// its sequence begins another.
[[nodiscard]] std::vector<std::size_t> order_of_counts(const std::vector<int>& counts,
                                                       const std::vector<bool>& is_key);

}  // namespace tvr
