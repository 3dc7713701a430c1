// Format: PKWARE APPNOTE.TXT 6.3.10. Numbers are little-endian.
#include "data/tensors/zip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "data/error.h"
#include "data/mapped_file.h"

namespace tvr {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  // the actual number is in the zip64 record
constexpr std::uint64_t kDeflated = 8;
constexpr std::size_t kAlignment = 64;

/// Reads numbers and names from a part of the archive; reading past its end is an error.
class Cursor {
 public:
  Cursor(std::string_view bytes, std::uint64_t at, const std::string& where)
      : bytes_(bytes), at_(at), where_(where) {}

  [[nodiscard]] std::string_view take(std::uint64_t count) {
    if (at_ > bytes_.size() || count > bytes_.size() - at_) {
      throw Error(Fault::Corrupt, where_, "zip: a header runs past the end of the file",
                  "The download is incomplete: download it again");
    }
    const std::string_view part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }
  [[nodiscard]] std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    const std::string_view part = take(width);
    for (std::size_t i = 0; i < width; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(part[i])} << (8 * i);
    return value;
  }
  void skip(std::uint64_t count) { (void)take(count); }
  [[nodiscard]] std::uint64_t position() const noexcept { return at_; }

 private:
  std::string_view bytes_;
  std::uint64_t at_;
  const std::string& where_;
};

struct Directory {
  std::uint64_t offset = 0, count = 0;
};

Directory find_directory(std::string_view archive, const std::string& where) {
  constexpr std::size_t kEndBytes = 22, kLongestComment = 65535;
  const std::size_t searched = std::min(archive.size(), kEndBytes + kLongestComment);
  const std::string_view tail = archive.substr(archive.size() - searched);
  const std::size_t found = tail.rfind(std::string_view("PK\x05\x06", 4));
  if (found == std::string_view::npos) {
    throw Error(Fault::Corrupt, where, "zip: there is no central directory at its end",
                "The download is incomplete: download it again");
  }
  const std::uint64_t end = archive.size() - searched + found;
  Cursor cursor(archive, end, where);
  cursor.skip(10);
  Directory directory;
  directory.count = cursor.number(2);
  cursor.skip(4);
  directory.offset = cursor.number(4);
  cursor.skip(cursor.number(2));  // the comment
  constexpr std::uint64_t kLocatorBytes = 20;
  if (end < kLocatorBytes) return directory;
  Cursor locator(archive, end - kLocatorBytes, where);
  if (locator.number(4) != kLocator64) return directory;
  locator.skip(4);
  Cursor end64(archive, locator.number(8), where);
  if (end64.number(4) != kEnd64)
    throw Error(Fault::Corrupt, where, "zip: the zip64 end record is not where it should be");
  end64.skip(28);
  directory.count = end64.number(8);
  end64.skip(8);
  directory.offset = end64.number(8);
  return directory;
}

struct Central {
  std::string name;
  std::uint64_t method = 0, crc = 0, packed = 0, size = 0, offset = 0;
};

/// The 64-bit numbers in extra field 0x0001 replace those equal to kIn64, in this order.
void apply_zip64(std::string_view extra, Central& entry, const std::string& where) {
  Cursor cursor(extra, 0, where);
  while (cursor.position() + 4 <= extra.size()) {
    const std::uint64_t id = cursor.number(2);
    const std::string_view field = cursor.take(cursor.number(2));
    if (id != 1) continue;
    Cursor numbers(field, 0, where);
    for (std::uint64_t* value : {&entry.size, &entry.packed, &entry.offset}) {
      if (*value == kIn64) *value = numbers.number(8);
    }
  }
}

Central read_central(Cursor& cursor, const std::string& where) {
  if (cursor.number(4) != kCentral)
    throw Error(Fault::Corrupt, where, "zip: the central directory is damaged");
  Central entry;
  cursor.skip(6);
  entry.method = cursor.number(2);
  cursor.skip(4);
  entry.crc = cursor.number(4);
  entry.packed = cursor.number(4);
  entry.size = cursor.number(4);
  const std::uint64_t name_bytes = cursor.number(2), extra_bytes = cursor.number(2),
                      comment_bytes = cursor.number(2);
  cursor.skip(8);
  entry.offset = cursor.number(4);
  entry.name = cursor.take(name_bytes);
  apply_zip64(cursor.take(extra_bytes), entry, where);
  cursor.skip(comment_bytes);
  return entry;
}

void put(std::string& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
}

std::array<std::array<std::uint32_t, 256>, 8> crc_tables() noexcept {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1U ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
    tables[0][i] = value;
  }
  for (std::size_t t = 1; t < 8; ++t) {
    for (std::size_t i = 0; i < 256; ++i)
      tables[t][i] = tables[t - 1][i] >> 8U ^ tables[0][tables[t - 1][i] & 0xFFU];
  }
  return tables;
}

/// What raw deflated bytes hold, if that are `size` bytes; else what of them could be got, or one more.
std::string inflated(std::string_view packed, std::uint64_t size) {
  z_stream stream{};
  constexpr int kRaw = -15;  // without zlib's header, the largest window
  if (::inflateInit2(&stream, kRaw) != Z_OK) throw std::bad_alloc();
  std::string content(size + 1, '\0');  // with room by which too many are noticed
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(content.data());
  stream.avail_out = static_cast<uInt>(content.size());
  const int outcome = ::inflate(&stream, Z_FINISH);
  content.resize(outcome == Z_STREAM_END ? content.size() - stream.avail_out : 0);
  ::inflateEnd(&stream);
  return content;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) noexcept {
  static const auto tables = crc_tables();  // eight bytes per step
  std::uint32_t crc = 0xFFFFFFFFU;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= tables[7 - i][word >> (8 * i) & 0xFFU];
  }
  for (; at < bytes.size(); ++at)
    crc = crc >> 8U ^ tables[0][(crc ^ static_cast<unsigned char>(bytes[at])) & 0xFFU];
  return ~crc;
}

ZipReader::ZipReader(std::string_view archive, std::string where) : where_(std::move(where)) {
  read(archive, nullptr);
}

ZipReader::ZipReader(const MappedFile& archive, std::string where) : where_(std::move(where)) {
  read(archive.bytes(), &archive);
}

/// `mapped`: the archive's file, if records may be deflated.
void ZipReader::read(std::string_view archive, const MappedFile* mapped) {
  constexpr std::uint64_t kBytesPerRelease = 16 << 20;
  std::uint64_t released = 0;
  const Directory directory = find_directory(archive, where_);
  Cursor cursor(archive, directory.offset, where_);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> extents;
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    const Central entry = read_central(cursor, where_);
    const auto damaged = [&](const std::string& what) {
      return Error(Fault::Corrupt, where_, "zip: record '" + entry.name + "' " + what,
                   "Download the file again");
    };
    const bool deflated = entry.method == kDeflated && mapped != nullptr;
    if (mapped != nullptr && !deflated && entry.method != 0) {
      throw Error(Fault::Unsupported, where_,
                  "zip: record '" + entry.name + "' is compressed by another method than deflate",
                  "Unpack the archive");
    }
    if (entry.method != 0 && !deflated) {
      throw Error(Fault::Unsupported, where_, "zip: record '" + entry.name + "' is compressed",
                  "PyTorch never compresses records: this file was not written by torch.save");
    }
    Cursor local(archive, entry.offset, where_);
    if (local.number(4) != kLocal) throw damaged("has no local header");
    local.skip(22);
    const std::uint64_t name_bytes = local.number(2), extra_bytes = local.number(2);
    if (local.take(name_bytes) != entry.name) throw damaged("has another name in its local header");
    local.skip(extra_bytes);
    const std::uint64_t start = local.position();
    if ((!deflated && entry.packed != entry.size) || start > directory.offset ||
        entry.packed > directory.offset - start) {
      throw damaged("claims " + std::to_string(entry.packed) + " bytes, more than the file holds");
    }
    if (!index_.emplace(entry.name, records_.size()).second) throw damaged("is there twice");
    extents.emplace_back(entry.offset, start + entry.packed);
    records_.push_back({entry.name, archive.substr(start, entry.packed),
                        static_cast<std::uint32_t>(entry.crc), deflated, entry.size});
    if (mapped != nullptr && start >= released + kBytesPerRelease) {
      mapped->release_before(start);
      released = start;
    }
  }
  std::sort(extents.begin(), extents.end());
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].first < extents[i - 1].second)
      throw Error(Fault::Corrupt, where_, "zip: two records overlap");
  }
}

const ZipReader::Record* ZipReader::find(const std::string& name) const noexcept {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &records_[found->second];
}

void ZipReader::check(const Record& record) const {
  if (record.crc != 0 && crc32(record.bytes) != record.crc) {
    throw Error(Fault::Corrupt, where_, "zip: record '" + record.name + "' does not match its checksum",
                "The file is damaged: download it again");
  }
}

std::string ZipReader::content(const Record& record, std::size_t most_bytes) const {
  if (record.size > most_bytes) {
    throw Error(Fault::Limit, where_,
                "zip: record '" + record.name + "' has " + std::to_string(record.size) + " bytes; at most " +
                    std::to_string(most_bytes) + " are read");
  }
  std::string content = record.deflated ? inflated(record.bytes, record.size) : std::string(record.bytes);
  if (content.size() == record.size && crc32(content) == record.crc) return content;
  throw Error(Fault::Corrupt, where_, "zip: record '" + record.name + "' does not match its size or checksum",
              "The file is damaged: download it again");
}

void ZipWriter::add(const std::string& name, std::string_view bytes) {
  Entry entry{name, file_.written(), bytes.size(), crc32(bytes)};
  const bool large = entry.size >= kIn64;
  std::string extra;
  if (large) {
    put(extra, 1, 2), put(extra, 16, 2), put(extra, entry.size, 8), put(extra, entry.size, 8);
  }
  // Padding in an extra field of its own ("FB", as in PyTorch) aligns the content.
  const std::uint64_t unpadded = entry.offset + 30 + name.size() + extra.size() + 4;
  const std::size_t padding = (kAlignment - unpadded % kAlignment) % kAlignment;
  put(extra, 0x4246, 2), put(extra, padding, 2);
  extra.append(padding, 'Z');

  std::string header;
  put(header, kLocal, 4), put(header, large ? 45 : 20, 2), put(header, 0, 2), put(header, 0, 2);
  put(header, 0, 2), put(header, 0x21, 2);  // 1980-01-01: equal content gives equal bytes
  put(header, entry.crc, 4);
  put(header, large ? kIn64 : entry.size, 4), put(header, large ? kIn64 : entry.size, 4);
  put(header, name.size(), 2), put(header, extra.size(), 2);
  file_.write(header + name + extra);
  file_.write(bytes);
  entries_.push_back(std::move(entry));
}

void ZipWriter::finish() {
  const std::uint64_t start = file_.written();
  for (const Entry& entry : entries_) {
    std::string extra;
    const bool large = entry.size >= kIn64, far = entry.offset >= kIn64;
    if (large) put(extra, entry.size, 8), put(extra, entry.size, 8);
    if (far) put(extra, entry.offset, 8);
    std::string field;
    if (!extra.empty()) put(field, 1, 2), put(field, extra.size(), 2), field += extra;
    std::string header;
    put(header, kCentral, 4), put(header, 45, 2), put(header, large || far ? 45 : 20, 2), put(header, 0, 2);
    put(header, 0, 2), put(header, 0, 2), put(header, 0x21, 2), put(header, entry.crc, 4);
    put(header, large ? kIn64 : entry.size, 4), put(header, large ? kIn64 : entry.size, 4);
    put(header, entry.name.size(), 2), put(header, field.size(), 2), put(header, 0, 2), put(header, 0, 2);
    put(header, 0, 2), put(header, 0, 4), put(header, far ? kIn64 : entry.offset, 4);
    file_.write(header + entry.name + field);
  }
  const std::uint64_t end = file_.written(), size = end - start, count = entries_.size();
  std::string tail;
  if (count >= 0xFFFF || size >= kIn64 || start >= kIn64) {
    put(tail, kEnd64, 4), put(tail, 44, 8), put(tail, 45, 2), put(tail, 45, 2), put(tail, 0, 4),
        put(tail, 0, 4);
    put(tail, count, 8), put(tail, count, 8), put(tail, size, 8), put(tail, start, 8);
    put(tail, kLocator64, 4), put(tail, 0, 4), put(tail, end, 8), put(tail, 1, 4);
  }
  put(tail, kEnd, 4), put(tail, 0, 2), put(tail, 0, 2);
  put(tail, std::min<std::uint64_t>(count, 0xFFFF), 2), put(tail, std::min<std::uint64_t>(count, 0xFFFF), 2);
  put(tail, std::min<std::uint64_t>(size, kIn64), 4), put(tail, std::min<std::uint64_t>(start, kIn64), 4);
  put(tail, 0, 2);
  file_.write(tail);
}

}  // namespace tvr
