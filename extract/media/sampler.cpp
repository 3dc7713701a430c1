#include "extract/media/sampler.h"

#include <utility>

#include "data/error.h"

namespace tvr {

Sampler::Sampler(std::string name, const AVStream& stream, const LaneOptions& lane,
                 const DecodeLimits& limits)
    : name_(std::move(name)), stream_(stream), lane_(lane), limits_(limits) {}

void Sampler::configure(const AVFrame& frame) {
  if (converter_ && converter_->fits(frame)) return;
  // As in the ffmpeg program, which rebuilds its filters and thereby loses the frame they hold back.
  const std::optional<PictureSize> target = converter_ ? std::optional(converter_->target()) : std::nullopt;
  converter_ = make_picture_converter(name_, frame, stream_, lane_, target, limits_.max_scaled_pixels);
  rate_.emplace(stream_.time_base, lane_.sample_fps);
}

void Sampler::push(const Frame& frame) {
  configure(*frame.picture);
  fill(rate_->push(frame.pts), held_);
  held_.reset(av_allocated(av_frame_clone(frame.picture.get())));
  if (!first_ && pictures_ == 0) first_.reset(av_allocated(av_frame_clone(frame.picture.get())));
}

void Sampler::finish(std::int64_t end_pts) {
  if (rate_) fill(rate_->finish(end_pts), held_);
  held_.reset();
  over_ = true;
}

void Sampler::fill(FrameRate::Slots slots, const FrameHandle& frame) {
  slots_ = slots;
  if (slots.count == 0) return;
  if (slots.count > limits_.max_frames) {
    throw Error(Fault::Limit, name_, "limit of frames: a gap of " + std::to_string(slots.count) + " frames");
  }
  retire_current();
  current_ = converter_->convert(*frame);
}

void Sampler::retire_current() {
  if (current_ && !copies_.forget) previous_ = std::move(current_);
}

const AVFrame* Sampler::next() {
  while (copies_.previous == 0 && copies_.current == 0) {
    if (!open_slot()) return nullptr;
  }
  if (++pictures_ > limits_.max_frames) {
    throw Error(Fault::Limit, name_,
                "limit of frames: more than " + std::to_string(limits_.max_frames) + " frames");
  }
  first_.reset();
  if (copies_.previous > 0) {
    --copies_.previous;
    return previous_ ? previous_.get() : current_.get();
  }
  --copies_.current;
  return current_.get();
}

std::string Sampler::ffmpeg_filters() const {
  return "fps=" + std::to_string(lane_.sample_fps) + "," + scale_filters(lane_, converter_->target());
}

/// Determines the next frame to return; false: none for now.
bool Sampler::open_slot() {
  if (slots_.count > 0) {
    copies_ = output_.at(slots_.first);
    ++slots_.first;
    --slots_.count;
    return true;
  }
  if (!over_ || tail_given_) return false;
  tail_given_ = true;
  retire_current();
  if (first_) {
    configure(*first_);
    current_ = converter_->convert(*first_);
    copies_ = {0, 1, false};
    first_frame_only_ = true;
  } else if (previous_) {
    copies_ = {output_.at_end(), 0, true};
  }
  return true;
}

}  // namespace tvr
