#include "extract/media/picture_order.h"

#include <algorithm>
#include <numeric>

namespace tvr {

PictureOrder::PictureOrder(const AVCodecParameters& parameters)
    : codec_(av_allocated(avcodec_alloc_context3(nullptr))),
      parser_(av_parser_init(static_cast<int>(parameters.codec_id))) {
  if (avcodec_parameters_to_context(codec_.get(), &parameters) < 0) throw std::bad_alloc();
  if (parser_ != nullptr) parser_->flags |= PARSER_FLAG_COMPLETE_FRAMES;
}

void PictureOrder::add(const AVPacket& packet) {
  Picture picture{pictures_.empty() ? 0 : pictures_.back().count + 1, (packet.flags & AV_PKT_FLAG_KEY) != 0};
  if (parser_ != nullptr && packet.size > 0) {
    std::uint8_t* out = nullptr;
    int out_bytes = 0;
    av_parser_parse2(parser_.get(), codec_.get(), &out, &out_bytes, packet.data, packet.size, packet.pts,
                     packet.dts, packet.pos);
    picture.count = parser_->output_picture_number;
  }
  pictures_.push_back(picture);
}

std::vector<std::size_t> PictureOrder::shown_at() const {
  std::vector<int> counts;
  std::vector<bool> is_key;
  for (const Picture& picture : pictures_) {
    counts.push_back(picture.count);
    is_key.push_back(picture.is_key);
  }
  return order_of_counts(counts, is_key);
}

std::vector<std::size_t> order_of_counts(const std::vector<int>& counts, const std::vector<bool>& is_key) {
  std::vector<std::size_t> at(counts.size());
  std::vector<std::size_t> sequence;
  const auto finish = [&](std::size_t begin) {
    std::stable_sort(sequence.begin(), sequence.end(),
                     [&](std::size_t a, std::size_t b) { return counts[a] < counts[b]; });
    for (std::size_t place = 0; place < sequence.size(); ++place) at[sequence[place]] = begin + place;
    sequence.clear();
  };
  std::size_t begin = 0;
  int highest = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (is_key[i] && !sequence.empty() && counts[i] <= highest) {
      finish(begin);
      begin = i;
    }
    highest = sequence.empty() ? counts[i] : std::max(highest, counts[i]);
    sequence.push_back(i);
  }
  finish(begin);
  return at;
}

}  // namespace tvr
