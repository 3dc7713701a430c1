#include "extract/media/media.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>

#include "data/error.h"
#include "extract/media/browser_formats.h"
#include "extract/media/media_input.h"

namespace tvr {
namespace {

/// The usual name of a libav demuxer's format: "mov,mp4,m4a,..." is MP4.
std::string container_name(const AVInputFormat& format) {
  const std::string name = format.name;
  if (name.rfind("mov,mp4", 0) == 0) return "MP4";
  if (name.rfind("matroska", 0) == 0) return "Matroska";
  std::string upper = name.substr(0, name.find(','));
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
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
  const BrowserFormat format = browser_format(input.format(), input.stream_index());
  facts.mime = format.mime;
  facts.remuxed = format.is_remuxed;
  facts.playable = !facts.mime.empty();
  if (!facts.playable) facts.reason = "browsers do not play " + facts.codec + " in " + facts.container;
  if (facts.remuxed) facts.lost_sound = browser_sound(input.format(), input.stream_index()).lost;
  return facts;
}

SendableFile::SendableFile(Descriptor file, std::string name, std::string version)
    : name_(std::move(name)), descriptor_(std::move(file)), version_(std::move(version)) {
  const struct stat status = status_of(descriptor_, name_);
  size_ = status.st_size;
  modified_s_ = status.st_mtim.tv_sec;
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
