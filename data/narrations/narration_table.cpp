#include "data/narrations/narration_table.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "data/error.h"
#include "data/narrations/narration_record.h"

namespace tvr {
namespace {

constexpr const char* kAdvice = "Restore the file from a copy, or import the narrations again";

template <class T>
void append_numbers(std::string& out, const std::vector<T>& numbers) {
  out.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T));
}

template <class T>
std::vector<T> take_numbers(std::string_view& bytes, std::size_t count) {
  std::vector<T> numbers(count);
  const std::string_view taken = bytes.substr(0, count * sizeof(T));
  std::copy(taken.begin(), taken.end(),
            reinterpret_cast<char*>(numbers.data()));  // of none, where memcpy may not
  bytes.remove_prefix(taken.size());
  return numbers;
}

constexpr std::size_t kBytesPerVideo = 2 * sizeof(std::uint64_t) + 2 * sizeof(std::uint32_t);

}  // namespace

void NarrationTable::add(std::uint64_t start, std::uint32_t line_count, std::string_view id) {
  starts.push_back(start);
  lines.push_back(line_count);
  ids += id;
  id_ends.push_back(ids.size());
}

void NarrationTable::resize(std::size_t videos) {
  starts.resize(videos);
  lines.resize(videos);
  id_ends.resize(videos);
  ids.resize(videos == 0 ? 0 : id_ends.back());
}

void NarrationTable::sort() {
  by_id.resize(size());
  std::iota(by_id.begin(), by_id.end(), 0);
  std::sort(by_id.begin(), by_id.end(), [this](std::uint32_t a, std::uint32_t b) { return id(a) < id(b); });
}

std::string bytes_of(const NarrationTable& table) {
  std::string out;
  append_number(out, std::uint64_t{table.size()});
  append_numbers(out, table.starts);
  append_numbers(out, table.id_ends);
  append_numbers(out, table.lines);
  append_numbers(out, table.by_id);
  return out + table.ids;
}

NarrationTable parse_narration_table(std::string_view bytes, std::uint64_t first, std::uint64_t last,
                                     const std::string& where) {
  const Error impossible(Fault::Corrupt, where, "its table of videos is impossible", kAdvice);
  if (bytes.size() < sizeof(std::uint64_t)) throw impossible;
  const std::uint64_t count = take_numbers<std::uint64_t>(bytes, 1).front();
  if (count > bytes.size() / kBytesPerVideo) throw impossible;
  NarrationTable table;
  table.starts = take_numbers<std::uint64_t>(bytes, count);
  table.id_ends = take_numbers<std::uint64_t>(bytes, count);
  table.lines = take_numbers<std::uint32_t>(bytes, count);
  table.by_id = take_numbers<std::uint32_t>(bytes, count);
  table.ids = bytes;
  const bool possible =
      count > 0 && table.starts.front() == first && table.starts.back() < last &&
      std::is_sorted(table.starts.begin(), table.starts.end()) &&
      std::is_sorted(table.id_ends.begin(), table.id_ends.end()) &&
      table.id_ends.back() == table.ids.size() &&
      std::all_of(table.by_id.begin(), table.by_id.end(), [&](std::uint32_t video) { return video < count; });
  if (!possible) throw impossible;
  return table;
}

std::string bytes_of(const NarrationEnd& end) {
  std::string out = end.content + end.table;
  append_number(out, end.table_start);
  return out.append(kNarrationsEnd);
}

NarrationEnd parse_narration_end(std::string_view bytes, const std::string& where) {
  if (bytes.substr(bytes.size() - kNarrationsEnd.size()) != kNarrationsEnd)
    throw Error(Fault::Corrupt, where, "is cut or damaged: it does not end as a file of narrations", kAdvice);
  NarrationEnd end;
  end.content = bytes.substr(0, kDigestBytes);
  end.table = bytes.substr(kDigestBytes, kDigestBytes);
  std::memcpy(&end.table_start, bytes.data() + 2 * kDigestBytes, sizeof end.table_start);
  return end;
}

Digest table_hash(std::string_view header, std::string_view table, const NarrationEnd& end) {
  Sha256 hash;
  hash.add(header);
  hash.add(table);
  std::string others = end.content;
  append_number(others, end.table_start);
  hash.add(others);
  return hash.finish();
}

}  // namespace tvr
