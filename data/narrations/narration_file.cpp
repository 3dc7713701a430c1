#include "data/narrations/narration_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "data/error.h"
#include "data/file_kind.h"
#include "data/narrations/narration_record.h"

namespace tvr {
namespace {

constexpr const char* kAdvice = "Restore the file from a copy, or import the narrations again";
constexpr std::size_t kMostOriginBytes = 64 << 10;

[[noreturn]] void refuse_kind(const std::string& name, std::string_view bytes) {
  if (const auto foreign = foreign_file(bytes)) {
    throw Error(Fault::Unsupported, name, std::string("is ") + foreign->is + ", not a file of narrations",
                foreign->advice);
  }
  throw Error(Fault::Unsupported, name, "is not a file of narrations",
              "Make one: `pipeline narrations import caption.json " + name + "`");
}

}  // namespace

NarrationFile::NarrationFile(const std::filesystem::path& path)
    : name_(path.string()), file_(open_regular(path)) {
  bytes_ = static_cast<std::uint64_t>(status_of(file_, name_).st_size);
  const std::uint64_t origin_start = kNarrationsMagic.size() + sizeof(std::uint32_t);
  const std::string beginning = bytes_at(0, std::min<std::uint64_t>(bytes_, origin_start));
  if (std::string_view(beginning).substr(0, kNarrationsMagic.size()) != kNarrationsMagic)
    refuse_kind(name_, beginning);
  const Error cut(Fault::Corrupt, name_, "is cut or damaged", kAdvice);
  if (bytes_ < origin_start + NarrationEnd::kBytes) throw cut;
  std::uint32_t origin_bytes = 0;
  std::memcpy(&origin_bytes, beginning.data() + kNarrationsMagic.size(), sizeof origin_bytes);
  const std::uint64_t end_start = bytes_ - NarrationEnd::kBytes, first = origin_start + origin_bytes;
  if (origin_bytes > kMostOriginBytes || first > end_start) throw cut;
  end_ = parse_narration_end(bytes_at(end_start, bytes_), name_);
  if (end_.table_start < first || end_.table_start > end_start) throw cut;
  const std::string header = bytes_at(0, first), table = bytes_at(end_.table_start, end_start);
  if (table_hash(header, table, end_) != end_.table)
    throw Error(Fault::Corrupt, name_, "its header or table of videos does not match its hash", kAdvice);
  origin_ = header.substr(origin_start);
  table_ = parse_narration_table(table, first, end_.table_start, name_);
}

std::optional<std::int64_t> NarrationFile::find(const std::string& video_id) const {
  const auto found =
      std::lower_bound(table_.by_id.begin(), table_.by_id.end(), video_id,
                       [this](std::uint32_t video, const std::string& id) { return table_.id(video) < id; });
  if (found == table_.by_id.end() || table_.id(*found) != video_id) return std::nullopt;
  return *found;
}

std::string NarrationFile::video_id(std::int64_t video) const { return std::string(table_.id(index(video))); }

Narration NarrationFile::read(std::int64_t video) const { return record(index(video)).narration; }

std::vector<NarrationFile::Damage> NarrationFile::verify(const Progress& progress) const {
  constexpr std::size_t kVideosPerReport = 1000;
  std::vector<Damage> damaged;
  Sha256 content;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    try {
      content.add(record(i).hash);
    } catch (const Error& error) {
      if (error.fault() != Fault::Corrupt) throw;
      damaged.push_back({std::string(table_.id(i)), error.seen()});
    }
    if (progress && i % kVideosPerReport == 0 &&
        !progress({"verify", static_cast<std::int64_t>(i), video_count()})) {
      throw Error(Fault::Interrupted, name_, "verifying was interrupted");
    }
  }
  if (damaged.empty() && content.finish() != end_.content)
    throw Error(Fault::Corrupt, name_, "its videos do not match its digest", kAdvice);
  return damaged;
}

NarrationRecord NarrationFile::record(std::size_t video) const {
  const std::string id(table_.id(video)), where = name_ + ": video '" + id + "'";
  const std::uint64_t end = video + 1 < table_.size() ? table_.starts[video + 1] : end_.table_start;
  if (end - table_.starts[video] > kMostRecordBytes)
    throw Error(Fault::Corrupt, where, "its place in the file is impossible", kAdvice);
  const std::string bytes = bytes_at(table_.starts[video], end);
  std::string_view rest = bytes;
  NarrationRecord found = take_record(rest, where);
  if (found.id != id || found.narration.size() != table_.lines[video])
    throw Error(Fault::Corrupt, where, "another video lies in its place", kAdvice);
  while (!rest.empty()) {  // marks
    if (!take_record(rest, where).id.empty())
      throw Error(Fault::Corrupt, where, "another video follows within it", kAdvice);
  }
  return found;
}

std::size_t NarrationFile::index(std::int64_t video) const {
  if (video < 0 || video >= video_count())
    throw Error(Fault::InvalidArgument, name_, fmt::format("video {} of {}", video, video_count()));
  return static_cast<std::size_t>(video);
}

std::string NarrationFile::bytes_at(std::uint64_t from, std::uint64_t to) const {
  std::string bytes(to - from, '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got =
        ::pread(file_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(from + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(Fault::Unreadable, name_, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) throw Error(Fault::Corrupt, name_, "has been cut while it was read", kAdvice);
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace tvr
