#include "extract/media/cut.h"

#include <memory>
#include <utility>
#include <vector>

#include "data/atomic_file.h"
#include "data/error.h"
#include "data/write_error.h"
#include "extract/media/av_log.h"
#include "extract/media/copied_track.h"
#include "extract/media/encoded_track.h"

namespace tvr {
namespace {

constexpr double kMostSeconds = 600;

void check(int status, const std::string& file, const char* what) {
  if (status >= 0) return;
  if (is_no_room(AVUNERROR(status))) throw write_error(file, what, AVUNERROR(status));
  throw Error(Fault::Unsupported, file, std::string(what) + ": " + av_words(status));
}

/// An MP4 that is written packet by packet.
class ClipFile {
 public:
  ClipFile(const std::filesystem::path& path, const std::vector<std::unique_ptr<Track>>& tracks)
      : path_(path.string()), file_(path) {
    AVFormatContext* muxer = nullptr;
    check(avformat_alloc_output_context2(&muxer, nullptr, "mp4", file_.aside().c_str()), path_,
          "libavformat cannot write MP4");
    muxer_.reset(muxer);
    muxer_->flags |= AVFMT_FLAG_BITEXACT;
    for (const std::unique_ptr<Track>& track : tracks) {
      AVStream* const stream = av_allocated(avformat_new_stream(muxer_.get(), nullptr));
      stream->time_base = kTrackTime;
      track->describe(*stream);
    }
    check(avio_open(&muxer_->pb, ("file:" + file_.aside()).c_str(), AVIO_FLAG_WRITE), path_,
          "cannot be written");
    AvOptions options;
    options.set("movflags", "+faststart");  // so that browsers play it while it comes
    check(avformat_write_header(muxer_.get(), options.address()), path_, "cannot be written");
  }

  /// Takes what the packet holds.
  void write(AVPacket& packet, int track) {
    packet.stream_index = track;
    packet.pos = -1;
    av_packet_rescale_ts(&packet, kTrackTime, muxer_->streams[track]->time_base);
    check(av_interleaved_write_frame(muxer_.get(), &packet), path_, "cannot be written");
  }

  void finish() {
    check(av_write_trailer(muxer_.get()), path_, "cannot be completed");
    check(avio_closep(&muxer_->pb), path_, "cannot be completed");
    if (!file_.commit_new()) throw Error(Fault::Busy, path_, "is there already", "Cut into another folder");
  }

 private:
  std::string path_;
  AtomicFile file_;
  MuxerHandle muxer_;
};

/// All packets, those of the track first whose next is decoded first.
void write_clip(const std::filesystem::path& path, const std::vector<std::unique_ptr<Track>>& tracks,
                const std::string& video) {
  std::vector<PacketHandle> next;
  std::vector<bool> has;
  bool empty = true;
  ClipFile file(path, tracks);
  for (const std::unique_ptr<Track>& track : tracks) {
    next.emplace_back(av_allocated(av_packet_alloc()));
    has.push_back(track->next(*next.back()));
  }
  for (;;) {
    std::size_t first = tracks.size();
    for (std::size_t t = 0; t < tracks.size(); ++t) {
      if (has[t] && (first == tracks.size() || next[t]->dts < next[first]->dts)) first = t;
    }
    if (first == tracks.size()) break;
    empty = empty && first != 0;
    file.write(*next[first], static_cast<int>(first));
    has[first] = tracks[first]->next(*next[first]);
  }
  if (empty) throw nothing_shown(video);
  file.finish();
}

}  // namespace

CutClip cut_video(const std::filesystem::path& video, TimeSpan span, const std::filesystem::path& file,
                  bool exact) {
  if (span.start < Micros(0) || span.end <= span.start)
    throw Error(Fault::InvalidArgument, video.string(), "the part to cut is empty");
  AvLog unprinted;
  const AvLog::Listening listening(unprinted);
  const DecodeLimits limits;
  TimeBudget budget(kMostSeconds);
  const TimeBudget::Running running(budget);
  const auto open = [&] { return std::make_unique<MediaInput>(video, limits, budget); };
  const auto cut = [&](bool copied) {
    CutClip clip{span, copied, {}};
    std::vector<std::unique_ptr<Track>> tracks;
    if (copied) {
      std::unique_ptr<CopiedTrack> pictures = CopiedTrack::pictures(open(), span);
      clip.span = pictures->span();
      tracks.push_back(std::move(pictures));
    } else {
      tracks.push_back(std::make_unique<EncodedTrack>(open, span, limits));
    }
    try {
      if (std::unique_ptr<CopiedTrack> sound = CopiedTrack::sound(open(), clip.span))
        tracks.push_back(std::move(sound));
    } catch (const Error& error) {
      if (error.fault() != Fault::Unsupported) throw;
      clip.silence = error.seen();
    }
    write_clip(file, tracks, video.string());
    return clip;
  };
  if (!exact) {
    try {
      return cut(true);
    } catch (const Error& error) {
      if (error.fault() != Fault::Unsupported) throw;
    }
  }
  return cut(false);
}

StatedRate stated_rate(const std::filesystem::path& video) {
  AvLog unprinted;
  const AvLog::Listening listening(unprinted);
  const DecodeLimits limits;
  TimeBudget budget(kMostSeconds);
  const TimeBudget::Running running(budget);
  MediaInput input(video, limits, budget);
  const AVRational rate = av_guess_frame_rate(&input.format(), &input.stream(), nullptr);
  if (rate.num <= 0 || rate.den <= 0 || av_q2d(rate) > 1000) return {};
  return {rate.num, rate.den};
}

}  // namespace tvr
