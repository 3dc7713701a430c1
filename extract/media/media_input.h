#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "data/descriptor.h"
#include "extract/media/av_handle.h"
#include "extract/media/clip_stream.h"
#include "extract/media/time_budget.h"

namespace tvr {

/// A media file opened safely: a regular file, read through our own descriptor, with a demuxer from an
/// allow-list, which cannot open anything else. Selects the first video stream that is not cover art; if that
/// is a single picture, and a later one is not, the later one.
class MediaInput {
 public:
  /// `budget` must be running (TimeBudget::Running) during construction and read(), and outlive this.
  /// Throws Error(NotFound | Unreadable | Corrupt | Unsupported | Limit | Timeout); Unsupported also for what
  /// is encrypted.
  MediaInput(const std::filesystem::path& path, const DecodeLimits& limits, const TimeBudget& budget);
  /// The same for a file that is open; `name`: its path, for messages and its extension.
  MediaInput(Descriptor file, std::string name, const DecodeLimits& limits, const TimeBudget& budget);
  ~MediaInput();
  MediaInput(const MediaInput&) = delete;
  MediaInput& operator=(const MediaInput&) = delete;

  /// From now on read() returns the packets of this stream, too.
  void read_also(int stream_index);

  /// The next packet of the video stream as the demuxer returns it; false at the end, or on a read error
  /// (then read_error() is set). Throws Error(Limit | Timeout), Error(Unsupported) for an encrypted packet.
  [[nodiscard]] bool read(AVPacket& packet);

  /// From here on stream() and read() are those of the sound that belongs to the video; false: it has none.
  [[nodiscard]] bool select_sound();

  [[nodiscard]] AVFormatContext& format() noexcept { return *format_; }
  [[nodiscard]] AVStream& stream() noexcept { return *stream_; }
  [[nodiscard]] int stream_index() const noexcept { return stream_->index; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Number of packets that the container declares for the video stream; 0: no reliable number.
  [[nodiscard]] std::int64_t expected_packets() const;
  /// Why reading stopped before the end of the video; empty otherwise.
  [[nodiscard]] const std::string& read_error() const noexcept { return read_error_; }

 private:
  class File;
  void open();
  void open_format();
  [[nodiscard]] const AVInputFormat* recognise(const std::string& url);
  [[noreturn]] void refuse(int status) const;
  void find_streams();
  void choose_stream();
  [[nodiscard]] AVStream* film_behind_a_picture();
  void select(AVStream* chosen);
  void refuse_encrypted() const;
  void check_pixels(std::int64_t pixels) const;

  std::string name_;
  DecodeLimits limits_;
  const TimeBudget& budget_;
  std::unique_ptr<File> file_;
  IoHandle io_;
  InputHandle format_;
  AVStream* stream_ = nullptr;
  int also_read_ = -1;  // index of a further stream
  std::string read_error_;
};

}  // namespace tvr
