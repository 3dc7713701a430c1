#include "extract/media/media_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "data/descriptor.h"
#include "data/error.h"
#include "extract/media/av_log.h"
#include "extract/media/container_end.h"
#include "extract/media/encryption.h"

namespace tvr {
namespace {

// Allowed demuxers: video containers, and audio files mistaken for them (so that the message can say "no
// video stream"). Excluded: playlists and scripts (hls, dash, concat, ...), which refer to other files; still
// images; text (tty).
constexpr const char* kFormats =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpegts,mpeg,mpegvideo,m4v,h261,h263,h264,hevc,"
    "vvc,av1,obu,ivf,vc1,asf,asf_o,nut,ogg,gif,mjpeg,rm,wtv,mxf,mxf_opatom,dv,dirac,swf,yuv4mpegpipe,"
    "mp3,wav,w64,flac,aac,amr,ac3,eac3,aiff,au,caf,ape,tta,wv,dts";

constexpr int kIoBytes = 32768;

/// A demuxer's name may be a list: "matroska,webm".
bool on_list(const std::string& format) {
  return (std::string(",") + kFormats + ",").find("," + format + ",") != std::string::npos;
}

int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

int time_is_up(void* budget) { return static_cast<const TimeBudget*>(budget)->spent() ? 1 : 0; }

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

Error encrypted(const std::string& name) {
  return {Fault::Unsupported, name, "encrypted: its video cannot be decoded without a key",
          "Name a file without copy protection"};
}

/// A Matroska track that states how it is encrypted.
bool has_encryption(const AVStream& stream) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  const AVCodecParameters& parameters = *stream.codecpar;
  return av_packet_side_data_get(parameters.coded_side_data, parameters.nb_coded_side_data,
                                 AV_PKT_DATA_ENCRYPTION_INIT_INFO) != nullptr;
#else
  return av_stream_get_side_data(&stream, AV_PKT_DATA_ENCRYPTION_INIT_INFO, nullptr) != nullptr;
#endif
}

/// A film, or a picture that is not flagged as cover art.
bool is_video(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
         (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) == 0;
}

std::int64_t pixels(const AVStream& stream) {
  return std::int64_t{stream.codecpar->width} * stream.codecpar->height;
}

std::string stream_kinds(const AVFormatContext& format) {
  std::string kinds;
  for (unsigned i = 0; i < std::min(format.nb_streams, 8U); ++i) {
    const AVStream& stream = *format.streams[i];
    const char* const kind = av_get_media_type_string(stream.codecpar->codec_type);
    const bool cover = (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    if (!kinds.empty()) kinds += ", ";
    kinds += cover ? "cover art" : kind == nullptr ? "unknown" : kind;
  }
  return kinds;
}

}  // namespace

/// A regular file, read through its descriptor.
class MediaInput::File {
 public:
  File(Descriptor file, const std::string& name, const TimeBudget& budget)
      : budget_(budget), file_(std::move(file)), size_(status_of(file_, name).st_size) {
    if (size_ == 0)
      throw Error(Fault::Corrupt, name, "not a media file: empty (0 bytes)", "Download it again");
  }

  /// Fewer bytes than asked for at the end of the file; none where it cannot be read.
  [[nodiscard]] std::string read_at(std::int64_t offset, std::size_t count) const {
    std::string bytes(count, '\0');
    const ssize_t got = ::pread(file_.get(), bytes.data(), bytes.size(), offset);
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return bytes;
  }

  [[nodiscard]] std::string head() const { return read_at(0, 512); }

  [[nodiscard]] bool is_encrypted(const std::string& format, int stream_id) const {
    const ReadAt read = [this](std::int64_t offset, std::size_t count) { return read_at(offset, count); };
    if (has(format, "mov")) return is_encrypted_mp4(read, stream_id);
    if (has(format, "asf")) return is_encrypted_asf(read);
    return has(format, "mpegts") && is_scrambled_transport(read, size_, stream_id);
  }

  void rewind() noexcept { position_ = 0; }

  [[nodiscard]] bool is_cut() const {
    const std::string begin = head();
    if (begin.rfind("OggS", 0) != 0) return ends_early(begin, size_);
    return ogg_ends_early(read_at(std::max<std::int64_t>(0, size_ - kOggTail), kOggTail));
  }

  /// A disk that fails is no damage of the file: what it holds is not known.
  void check(const std::string& name) const {
    if (error_ != 0)
      throw Error(Fault::Unreadable, name, std::string("cannot be read: ") + std::strerror(error_));
  }

  static int read(void* self, std::uint8_t* to, int bytes) {
    File& file = *static_cast<File*>(self);
    if (file.budget_.spent()) return AVERROR_EXIT;
    const ssize_t got = ::pread(file.file_.get(), to, static_cast<std::size_t>(bytes), file.position_);
    if (got < 0) return AVERROR(file.error_ = errno);
    if (got == 0) return AVERROR_EOF;
    file.position_ += got;
    return static_cast<int>(got);
  }

  static std::int64_t seek(void* self, std::int64_t offset, int whence) {
    File& file = *static_cast<File*>(self);
    if ((whence & AVSEEK_SIZE) != 0) return file.size_;
    switch (whence & ~AVSEEK_FORCE) {
      case SEEK_SET:
        break;
      case SEEK_CUR:
        offset += file.position_;
        break;
      case SEEK_END:
        offset += file.size_;
        break;
      default:
        return AVERROR(EINVAL);
    }
    if (offset < 0) return AVERROR(EINVAL);
    return file.position_ = offset;
  }

 private:
  const TimeBudget& budget_;
  Descriptor file_;
  std::int64_t size_;
  std::int64_t position_ = 0;
  int error_ = 0;
};

MediaInput::MediaInput(const std::filesystem::path& path, const DecodeLimits& limits,
                       const TimeBudget& budget)
    : MediaInput(open_regular(path), path.string(), limits, budget) {}

MediaInput::MediaInput(Descriptor file, std::string name, const DecodeLimits& limits,
                       const TimeBudget& budget)
    : name_(std::move(name)),
      limits_(limits),
      budget_(budget),
      file_(std::make_unique<File>(std::move(file), name_, budget)) {
  silence_libav();
  open();
  if (const AVStream* const film = film_behind_a_picture()) {
    const int index = film->index;
    open();  // again from the start, as if nothing had been read
    select(format_->streams[index]);
    check_pixels(pixels(*stream_));
  }
  refuse_encrypted();
}

MediaInput::~MediaInput() = default;

void MediaInput::open() {
  format_.reset();
  file_->rewind();
  auto* const buffer = static_cast<unsigned char*>(av_allocated(av_malloc(kIoBytes)));
  io_.reset(avio_alloc_context(buffer, kIoBytes, 0, file_.get(), File::read, nullptr, File::seek));
  if (io_ == nullptr) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  open_format();
  find_streams();
}

void MediaInput::open_format() {
  // The file name without its folder: libav uses the extension; the rest cannot be taken for a protocol.
  const std::string url = "file:" + std::filesystem::path(name_).filename().string();
  const AVInputFormat* const demuxer = recognise(url);
  AVFormatContext* format = av_allocated(avformat_alloc_context());
  format->pb = io_.get();
  format->io_open = refuse_to_open;
  format->interrupt_callback = {time_is_up, const_cast<TimeBudget*>(&budget_)};
  AvOptions options;
  options.set("format_whitelist", kFormats);
  options.set("protocol_whitelist", "none");
  options.set("scan_all_pmts", "1");  // as the ffmpeg program does for MPEG-TS
  const int status =
      avformat_open_input(&format, url.c_str(), demuxer, options.address());  // frees on failure
  format_.reset(format);
  if (status < 0) refuse(status);
}

const AVInputFormat* MediaInput::recognise(const std::string& url) {
  const AVInputFormat* demuxer = nullptr;
  const int status = av_probe_input_buffer2(io_.get(), &demuxer, url.c_str(), nullptr, 0, 0);
  if (status < 0) refuse(status);
  const std::string format = demuxer->name;
  if (on_list(format)) return demuxer;
  if (has(format, "_pipe") && !has(format, "svg")) {
    throw Error(Fault::Unsupported, name_, "not a media file: a still image (" + format + ")");
  }
  if (format == "tty") refuse(AVERROR_INVALIDDATA);
  throw Error(
      Fault::Unsupported, name_, "forbidden format '" + format + "' (" + demuxer->long_name + ")",
      "Playlists and scripts, which can refer to other files, are not read; neither are rare formats");
}

void MediaInput::refuse(int status) const {
  file_->check(name_);
  if (budget_.spent()) throw Error(Fault::Timeout, name_, budget_.words(), "Pass a larger --max-seconds");
  if (status == AVERROR(ENOMEM)) {
    throw Error(Fault::Limit, name_, "limit of memory: no memory to open it", "Pass a larger --max-memory");
  }
  const std::string head = lower(file_->head());
  if (has(head, "<svg"))
    throw Error(Fault::Unsupported, name_, "forbidden format 'svg'", "Name a video file");
  if (has(head, "<!doctype html") || has(head, "<html")) {
    throw Error(Fault::Corrupt, name_, "not a media file: an HTML page",
                "A web server may have sent an error page instead of the file: download it again");
  }
  throw Error(Fault::Corrupt, name_, "not a media file: " + av_words(status));
}

void MediaInput::find_streams() {
  AvOptions options(format_->nb_streams);
  options.set("max_pixels", std::to_string(limits_.max_pixels));
  std::vector<std::int64_t> declared;
  for (unsigned i = 0; i < format_->nb_streams; ++i) declared.push_back(pixels(*format_->streams[i]));
  const int status = avformat_find_stream_info(format_.get(), options.address());
  if (status < 0 || budget_.spent()) refuse(status);
  choose_stream();
  const auto index = static_cast<std::size_t>(stream_->index);
  const std::int64_t said = index < declared.size() ? declared[index] : 0;
  check_pixels(pixels(*stream_) == 0 ? said : pixels(*stream_));
}

void MediaInput::choose_stream() {
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (!is_video(*format_->streams[i])) continue;
    select(format_->streams[i]);
    return;
  }
  if (format_->nb_streams == 0) throw Error(Fault::Corrupt, name_, "no frames: the file has no streams");
  throw Error(Fault::Unsupported, name_, "no video stream (" + stream_kinds(*format_) + ")");
}

void MediaInput::select(AVStream* chosen) {
  stream_ = chosen;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream* const stream = format_->streams[i];
    stream->discard = stream == chosen ? AVDISCARD_NONE : AVDISCARD_ALL;
  }
}

bool MediaInput::select_sound() {
  const int found = av_find_best_stream(format_.get(), AVMEDIA_TYPE_AUDIO, -1, stream_->index, nullptr, 0);
  if (found < 0) return false;
  select(format_->streams[found]);
  return true;
}

/// The first video stream with more than one packet, if there are several video streams and it is not the
/// first of them. Some writers put a preview before the film without saying so. nullptr: stay with the first.
/// Reads on.
AVStream* MediaInput::film_behind_a_picture() {
  std::vector<AVStream*> films;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (is_video(*format_->streams[i])) films.push_back(format_->streams[i]);
  }
  if (films.size() < 2 || stream_->nb_frames > 1) return nullptr;
  for (AVStream* const film : films) {
    if (has(format_->iformat->name, "mov") && film->nb_frames > 1) return film;
  }
  for (AVStream* const film : films) film->discard = AVDISCARD_NONE;
  std::vector<int> packets(format_->nb_streams);
  const PacketHandle packet(av_allocated(av_packet_alloc()));
  while (packets[static_cast<std::size_t>(stream_->index)] < 2 && !budget_.spent() &&
         av_read_frame(format_.get(), packet.get()) >= 0) {
    const auto from = static_cast<std::size_t>(packet->stream_index);
    if (from < packets.size()) ++packets[from];
    av_packet_unref(packet.get());
  }
  for (AVStream* const film : films) {
    if (packets[static_cast<std::size_t>(film->index)] > 1) return film;
  }
  return films.front();
}

void MediaInput::read_also(int stream_index) {
  also_read_ = stream_index;
  format_->streams[stream_index]->discard = AVDISCARD_DEFAULT;
}

void MediaInput::refuse_encrypted() const {
  const std::string format = format_->iformat->name;
  if ((has(format, "matroska") && has_encryption(*stream_)) || file_->is_encrypted(format, stream_->id))
    throw encrypted(name_);
}

void MediaInput::check_pixels(std::int64_t pixels) const {
  if (pixels <= limits_.max_pixels) return;
  throw Error(Fault::Limit, name_,
              "limit of pixels: frames of " + std::to_string(pixels) + " pixels, at most " +
                  std::to_string(limits_.max_pixels) + " are allowed");
}

std::int64_t MediaInput::expected_packets() const {
  // Only MP4 counts exactly. The index has what the edit list leaves in, as often as it is shown, and the
  // fragments met so far.
  if (!has(format_->iformat->name, "mov")) return 0;
  const std::int64_t indexed = avformat_index_get_entries_count(stream_);
  return indexed > 0 ? indexed : stream_->nb_frames;
}

bool MediaInput::read(AVPacket& packet) {
  for (;;) {
    if (budget_.spent()) throw Error(Fault::Timeout, name_, budget_.words(), "Pass a larger --max-seconds");
    const int status = av_read_frame(format_.get(), &packet);
    if (status == AVERROR(EAGAIN)) continue;
    if (status < 0) {
      file_->check(name_);
      if (status != AVERROR_EOF) read_error_ = av_words(status);
      if (file_->is_cut()) read_error_ = "the file is shorter than its header says";
      return false;
    }
    if (packet.size > limits_.max_packet_bytes) {
      throw Error(Fault::Limit, name_, "limit of packet bytes: a packet of " + std::to_string(packet.size));
    }
    if (packet.stream_index == stream_->index || packet.stream_index == also_read_) {
      if (av_packet_get_side_data(&packet, AV_PKT_DATA_ENCRYPTION_INFO, nullptr) != nullptr)
        throw encrypted(name_);
      return true;
    }
    av_packet_unref(&packet);
  }
}

}  // namespace tvr
