#include "extract/media/media.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <initializer_list>

#include "data/error.h"
#include "extract/media/media_input.h"

namespace tvr {
namespace {

bool one_of(AVCodecID codec, std::initializer_list<AVCodecID> list) {
  for (const AVCodecID candidate : list) {
    if (codec == candidate) return true;
  }
  return false;
}

/// The usual name of a libav demuxer's format: "mov,mp4,m4a,..." is MP4.
std::string container_name(const AVInputFormat& format) {
  const std::string name = format.name;
  if (name.rfind("mov,mp4", 0) == 0) return "MP4";
  if (name.rfind("matroska", 0) == 0) return "Matroska";
  std::string upper = name.substr(0, name.find(','));
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

void judge(AVCodecID codec, MediaFacts& facts) {
  if (facts.container == "MP4" && one_of(codec, {AV_CODEC_ID_H264, AV_CODEC_ID_VP9, AV_CODEC_ID_AV1})) {
    facts.mime = "video/mp4";
  } else if (facts.container == "Matroska" &&
             one_of(codec, {AV_CODEC_ID_VP8, AV_CODEC_ID_VP9, AV_CODEC_ID_AV1, AV_CODEC_ID_H264})) {
    facts.mime = "video/webm";
  }
  facts.playable = !facts.mime.empty();
  if (!facts.playable) facts.reason = "browsers do not play " + facts.codec + " in " + facts.container;
}

}  // namespace

MediaFacts examine_media(const SendableFile& file) {
  DecodeLimits limits;
  limits.max_seconds = 10;
  TimeBudget budget(limits.max_seconds, limits.max_seconds);
  const TimeBudget::Running running(budget);
  MediaInput input(file.duplicate(), file.name(), limits, budget);
  const AVCodecParameters& parameters = *input.stream().codecpar;
  MediaFacts facts;
  facts.codec = avcodec_get_name(parameters.codec_id);
  facts.container = container_name(*input.format().iformat);
  facts.width = parameters.width;
  facts.height = parameters.height;
  judge(parameters.codec_id, facts);
  return facts;
}

SendableFile::SendableFile(const std::filesystem::path& path)
    : name_(path.string()), descriptor_(open_regular(path)) {
  const struct stat status = status_of(descriptor_, name_);
  if (status.st_size == 0) throw Error(Fault::Unsupported, name_, "is empty");
  size_ = status.st_size;
  modified_s_ = status.st_mtim.tv_sec;
  const auto add = [this](auto number) { version_ += std::to_string(number) + '-'; };
  add(status.st_dev);
  add(status.st_ino);
  add(status.st_size);
  for (const timespec& when : {status.st_mtim, status.st_ctim}) {
    add(when.tv_sec);
    add(when.tv_nsec);
  }
  version_.pop_back();
}

ssize_t SendableFile::read(std::int64_t offset, char* to, std::size_t count) const noexcept {
  return ::pread(descriptor_.get(), to, count, offset);
}

Descriptor SendableFile::duplicate() const {
  Descriptor copy(::fcntl(descriptor_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy)
    throw Error(Fault::Unreadable, name_, std::string("cannot be opened again: ") + std::strerror(errno));
  return copy;
}

}  // namespace tvr
