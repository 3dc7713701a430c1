#include "data/narrations/narration_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "data/error.h"
#include "data/narrations/narration_file.h"
#include "data/narrations/narration_record.h"
#include "data/write_error.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kBytesPerMark = 8 << 20;
constexpr std::size_t kBufferBytes = 1 << 20;

std::string header_of(const std::string& origin) {
  std::string header(kNarrationsMagic);
  append_number(header, static_cast<std::uint32_t>(origin.size()));
  return header + origin;
}

std::int64_t count_empty(const Narration& narration) {
  return std::count_if(narration.text.begin(), narration.text.end(),
                       [](const std::string& text) { return text.empty(); });
}

std::uint64_t position_of(const NarrationRecord& mark) {
  std::uint64_t position = 0;
  if (mark.narration.size() == 1) {
    const std::string& text = mark.narration.text.front();
    std::from_chars(text.data(), text.data() + text.size(), position);
  }
  return position;
}

/// Reads the records of a file from the front, in pieces.
class RecordReader {
 public:
  RecordReader(const Descriptor& file, const std::string& name) : file_(file), name_(name) {}

  /// false: none follows that is whole.
  bool next(NarrationRecord& record, std::uint64_t& bytes) {
    if (!fill(RecordHead::kBytes)) return false;
    try {
      const RecordHead head = RecordHead::of(rest(), name_);
      bytes = RecordHead::kBytes + head.body_bytes();
      if (!fill(bytes)) return false;
      std::string_view from_here = rest();
      record = take_record(from_here, name_);
    } catch (const Error& error) {
      if (error.fault() != Fault::Corrupt) throw;
      return false;
    }
    at_ += bytes;
    return true;
  }

 private:
  [[nodiscard]] std::string_view rest() const { return std::string_view(buffer_).substr(at_); }

  bool fill(std::size_t wanted) {
    if (buffer_.size() - at_ >= wanted) return true;
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t had = buffer_.size();
    buffer_.resize(std::max(wanted, kBufferBytes));
    buffer_.resize(had + read_all(file_, buffer_.data() + had, buffer_.size() - had, name_));
    return buffer_.size() >= wanted;
  }

  const Descriptor& file_;
  const std::string& name_;
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace

bool has_narrations(const fs::path& path, const std::string& origin) {
  if (!fs::exists(path)) return false;
  if (NarrationFile(path).origin() == origin) return true;
  throw Error(Fault::Mismatch, path.string(), "holds narrations of another import, or imported otherwise",
              "Name another file, or remove it first");
}

NarrationWriter::NarrationWriter(fs::path path, std::string origin, const Progress& progress)
    : path_(std::move(path)),
      aside_(path_.parent_path() / ("." + path_.filename().string() + ".importing")),
      name_(path_.string()),
      header_(header_of(origin)) {
  open_aside();
  if (!take_up(progress)) {
    bytes_ = header_.size();
    if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0)
      throw write_error(name_, "cannot be written", errno);
    write_all(file_, header_, name_);
  }
  marked_ = bytes_;
}

void NarrationWriter::add(const std::string& id, const Narration& narration, std::uint64_t source_position) {
  assert(!id.empty());  // it would be a mark
  if (!ids_.insert(id).second)
    throw Error(Fault::Corrupt, name_, "the video '" + id + "' is in the source twice");
  const std::size_t before = buffer_.size();
  content_.add(append_record(buffer_, id, narration));
  table_.add(bytes_, static_cast<std::uint32_t>(narration.size()), id);
  bytes_ += buffer_.size() - before;
  lines_ += narration.size();
  empty_lines_ += count_empty(narration);
  position_ = source_position;
  if (bytes_ - marked_ >= kBytesPerMark) mark();
  if (buffer_.size() >= kBufferBytes) flush();
}

void NarrationWriter::finish() {
  if (table_.size() == 0) throw Error(Fault::Corrupt, name_, "the source holds no video");
  if (marked_ != bytes_) mark();
  table_.sort();
  NarrationEnd end;
  end.content = content_.finish();
  end.table_start = bytes_;
  const std::string table = bytes_of(table_);
  end.table = table_hash(header_, table, end);
  flush();
  write_all(file_, table, name_);
  write_all(file_, bytes_of(end), name_);
  if (::fsync(file_.get()) != 0) throw write_error(name_, "cannot be synced", errno);
  if (std::rename(aside_.c_str(), path_.c_str()) != 0)
    throw write_error(name_, "cannot be renamed into place", errno);
  const fs::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened) ::fsync(opened.get());  // else the rename is done; only its durability is not guaranteed
}

/// A link or a file with a second name was put there by somebody else: it makes way. Another writer may
/// rename the file between opening and locking: then this one must not write into what it has finished.
void NarrationWriter::open_aside() {
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  for (bool in_place = false; !in_place;) {
    file_ = Descriptor(::open(aside_.c_str(), kFlags, 0666));
    struct stat status {};
    const bool ours =
        file_ && ::fstat(file_.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
    if (!ours) {
      ::unlink(aside_.c_str());
      file_ = Descriptor(::open(aside_.c_str(), kFlags | O_EXCL, 0666));
    }
    if (!file_) throw write_error(aside_.string(), "cannot be created", errno);
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      throw Error(Fault::Busy, name_, "another program is importing into it", "Wait until it has finished");
    }
    struct stat mine {
    }, named{};
    in_place = ::fstat(file_.get(), &mine) == 0 && ::lstat(aside_.c_str(), &named) == 0 &&
               mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
  }
}

/// Goes on after the last mark before which everything is whole. False: this is no import of the same origin.
bool NarrationWriter::take_up(const Progress& progress) {
  std::string beginning(header_.size(), '\0');
  beginning.resize(read_all(file_, beginning.data(), beginning.size(), name_));
  if (beginning != header_) return false;
  const auto total = static_cast<std::int64_t>(status_of(file_, name_).st_size);
  RecordReader reader(file_, name_);
  NarrationRecord record;
  std::string hashes;  // of the videos since the last mark
  std::size_t videos = 0;
  std::int64_t lines = 0, empty_lines = 0;
  std::uint64_t end = bytes_ = header_.size(), record_bytes = 0;
  while (reader.next(record, record_bytes)) {
    const Narration& narration = record.narration;
    if (!record.id.empty() && !ids_.insert(record.id).second) break;
    if (!record.id.empty()) {
      table_.add(end, static_cast<std::uint32_t>(narration.size()), record.id);
      hashes += record.hash;
      lines += narration.size();
      empty_lines += count_empty(narration);
    }
    end += record_bytes;
    if (!record.id.empty()) continue;
    content_.add(hashes);
    hashes.clear();
    videos = table_.size();
    lines_ = lines;
    empty_lines_ = empty_lines;
    position_ = position_of(record);
    bytes_ = end;
    if (progress && !progress({"check", static_cast<std::int64_t>(end), total}))
      throw Error(Fault::Interrupted, name_, "the import was interrupted", "Run it again: it goes on");
  }
  for (std::size_t i = videos; i < table_.size(); ++i) ids_.erase(std::string(table_.id(i)));
  table_.resize(videos);
  if (::ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0 ||
      ::lseek(file_.get(), static_cast<off_t>(bytes_), SEEK_SET) < 0) {
    throw write_error(name_, "cannot be written", errno);
  }
  return true;
}

void NarrationWriter::mark() {
  const std::size_t before = buffer_.size();
  append_record(buffer_, "", {{0}, {0}, {std::to_string(position_)}});
  marked_ = bytes_ += buffer_.size() - before;
}

void NarrationWriter::flush() {
  write_all(file_, buffer_, name_);
  buffer_.clear();
}

}  // namespace tvr
