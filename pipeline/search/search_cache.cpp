#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "data/atomic_file.h"
#include "data/error.h"
#include "data/json_text.h"
#include "data/mapped_file.h"
#include "pipeline/search/search_index.h"

namespace tvr {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "tvr search index 1\n";
constexpr std::size_t kDigestBytes = 64;

/// The basis that a file must have to be used.
json json_of(const SearchIndex::Basis& basis) {
  json described = {
      {"checkpoint", basis.encoders}, {"window_s", basis.windows.window_s}, {"long_s", basis.windows.long_s}};
  if (basis.values == IndexValues::Halves) described["values"] = "float16";
  return described;
}

/// Whether all are numbers: a stranger's file may hold any.
bool are_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}
bool are_finite(const std::vector<std::uint16_t>& halves) {
  constexpr std::uint16_t kExponent = 0x7c00;
  return std::none_of(halves.begin(), halves.end(),
                      [](std::uint16_t half) { return (half & kExponent) == kExponent; });
}

std::size_t bytes_of(IndexValues values) {
  return values == IndexValues::Halves ? sizeof(std::uint16_t) : sizeof(float);
}

json json_of(const IndexedVideo& video) {
  json windows = json::array();
  for (const TimeSpan& window : video.windows) {
    windows.push_back(window.start.count());
    windows.push_back(window.end.count());
  }
  return {{"id", video.source.id},
          {"features", video.features},
          {"length", video.length.count()},
          {"windows", std::move(windows)}};
}

bool is_whole_video_or_parts(const IndexedVideo& video) {
  return video.length >= Micros(0) && video.length <= kLongestVideo && !video.windows.empty() &&
         std::all_of(video.windows.begin(), video.windows.end(), [&](const TimeSpan& window) {
           return Micros(0) <= window.start && window.start <= window.end && window.end <= video.length;
         });
}

/// Throws json::exception.
IndexedVideo video_of(const json& row) {
  IndexedVideo video;
  video.source.id = row.at("id").get<std::string>();
  video.features = row.at("features").get<std::string>();
  video.length = Micros(row.at("length").get<std::int64_t>());
  const auto times = row.at("windows").get<std::vector<std::int64_t>>();
  for (std::size_t i = 0; i + 1 < times.size(); i += 2) {
    video.windows.push_back({Micros(times[i]), Micros(times[i + 1])});
  }
  return video;
}

/// Removes the first `count` bytes of `bytes` and returns them; empty when there are fewer.
std::string_view take(std::string_view& bytes, std::uint64_t count) {
  if (count > bytes.size()) return {};
  const std::string_view taken = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return taken;
}

/// The content before the digest at the end of the file, if the digest matches.
std::string_view intact_part(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + kDigestBytes || bytes.substr(0, kMagic.size()) != kMagic) return {};
  const std::string_view part = bytes.substr(0, bytes.size() - kDigestBytes);
  return sha256(part) == bytes.substr(part.size()) ? part : std::string_view{};
}

}  // namespace

void SearchIndex::save(const std::filesystem::path& path, const Basis& basis) const {
  AtomicFile file(path);
  Sha256 hash;
  const auto write = [&](std::string_view bytes) {
    hash.add(bytes);
    file.write(bytes);
  };
  json header = {{"basis", json_of(basis)}, {"dim", windows_.dim()}, {"videos", json::array()}};
  for (const IndexedVideo& video : videos_) header["videos"].push_back(json_of(video));
  const std::string text = json_line(header);
  const std::uint64_t length = text.size();
  write(kMagic);
  write({reinterpret_cast<const char*>(&length), sizeof length});
  write(text);
  const auto write_windows = [&](auto row) {
    for (std::int64_t w = 0; w < windows_.windows(); ++w) {
      windows_.copy_window(w, row.data());
      write({reinterpret_cast<const char*>(row.data()), row.size() * sizeof row.front()});
    }
  };
  const auto dim = static_cast<std::size_t>(windows_.dim());
  if (basis.values == IndexValues::Halves)
    write_windows(std::vector<std::uint16_t>(dim));
  else
    write_windows(std::vector<float>(dim));
  file.write(hash.finish());
  file.commit();
}

std::optional<SearchIndex> SearchIndex::load(const std::filesystem::path& path, const Basis& basis,
                                             std::int64_t dim) {
  try {
    const MappedFile file(path);
    // The index is as large as the file: what has been read of that goes, or both are in memory.
    std::optional<SearchIndex> index =
        read(file.bytes(), basis, dim, [&](std::size_t bytes) { file.release_before(bytes); });
    file.require_unchanged();
    ::malloc_trim(0);  // what the JSON took
    return index;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<SearchIndex> SearchIndex::read(std::string_view file, const Basis& basis, std::int64_t dim,
                                             const std::function<void(std::size_t bytes)>& has_read) {
  std::string_view bytes = intact_part(file);
  if (has_read) has_read(file.size());
  constexpr std::size_t kReleasedAtOnce = std::size_t{16} << 20;
  std::size_t released = 0;
  take(bytes, kMagic.size());
  std::uint64_t length = 0;
  const std::string_view length_bytes = take(bytes, sizeof length);
  if (length_bytes.empty()) return std::nullopt;
  std::memcpy(&length, length_bytes.data(), sizeof length);
  const std::string_view text = take(bytes, length);
  if (dim < 1) return std::nullopt;
  const std::uint64_t row_bytes = static_cast<std::uint64_t>(dim) * bytes_of(basis.values);
  try {
    const json header = parse_json(text, "the index");
    if (header.at("basis") != json_of(basis) || header.at("dim") != dim) return std::nullopt;
    SearchIndex index(dim, basis.values);
    for (const json& row : header.at("videos")) {
      IndexedVideo video = video_of(row);
      const std::size_t count = video.windows.size();
      if (!is_whole_video_or_parts(video) || count > bytes.size() / row_bytes) return std::nullopt;
      const std::string_view values = take(bytes, count * row_bytes);
      const auto place = static_cast<std::size_t>(values.data() - file.data());
      if (has_read && place - released > kReleasedAtOnce) has_read(released = place);
      const auto add = [&](auto rows) {
        std::memcpy(rows.data(), values.data(), values.size());
        index.windows_.add_video(rows.data(), static_cast<std::int64_t>(count));
        return are_finite(rows);
      };
      const std::size_t numbers = count * static_cast<std::size_t>(dim);
      const bool finite = basis.values == IndexValues::Halves ? add(std::vector<std::uint16_t>(numbers))
                                                              : add(std::vector<float>(numbers));
      if (!finite) return std::nullopt;
      index.videos_.push_back(std::move(video));
    }
    if (!bytes.empty()) return std::nullopt;
    return index;
  } catch (const json::exception&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace tvr
