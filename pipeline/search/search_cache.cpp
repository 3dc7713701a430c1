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
  return {
      {"checkpoint", basis.encoders}, {"window_s", basis.windows.window_s}, {"long_s", basis.windows.long_s}};
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
  json header = {{"basis", json_of(basis)}, {"dim", windows_.dim()}, {"videos", json::array()}};
  for (const IndexedVideo& video : videos_) header["videos"].push_back(json_of(video));
  const std::string text = json_line(header);
  const std::uint64_t length = text.size();
  std::string bytes(kMagic);
  bytes.append(reinterpret_cast<const char*>(&length), sizeof length).append(text);
  const std::size_t row_bytes = static_cast<std::size_t>(windows_.dim()) * sizeof(float);
  const std::size_t begin = bytes.size();
  bytes.resize(begin + static_cast<std::size_t>(windows_.windows()) * row_bytes);
  std::vector<float> row(static_cast<std::size_t>(windows_.dim()));
  for (std::int64_t w = 0; w < windows_.windows(); ++w) {
    windows_.copy_window(w, row.data());
    std::memcpy(bytes.data() + begin + static_cast<std::size_t>(w) * row_bytes, row.data(), row_bytes);
  }
  AtomicFile file(path);
  file.write(bytes);
  file.write(sha256(bytes));
  file.commit();
}

std::optional<SearchIndex> SearchIndex::load(const std::filesystem::path& path, const Basis& basis) {
  if (!std::filesystem::is_regular_file(path)) return std::nullopt;
  const MappedFile file(path);
  std::string_view bytes = intact_part(file.bytes());
  take(bytes, kMagic.size());
  std::uint64_t length = 0;
  const std::string_view length_bytes = take(bytes, sizeof length);
  if (length_bytes.empty()) return std::nullopt;
  std::memcpy(&length, length_bytes.data(), sizeof length);
  const std::string_view text = take(bytes, length);
  try {
    const json header = json::parse(text);
    if (header.at("basis") != json_of(basis)) return std::nullopt;
    SearchIndex index(header.at("dim").get<std::int64_t>());
    if (index.windows_.dim() < 1) return std::nullopt;
    for (const json& row : header.at("videos")) {
      IndexedVideo video = video_of(row);
      const auto dim = static_cast<std::size_t>(index.windows_.dim());
      const std::string_view values = take(bytes, video.windows.size() * dim * sizeof(float));
      if (values.empty()) return std::nullopt;
      std::vector<float> rows(video.windows.size() * dim);
      std::memcpy(rows.data(), values.data(), values.size());
      index.windows_.add_video(rows.data(), static_cast<std::int64_t>(video.windows.size()));
      index.videos_.push_back(std::move(video));
    }
    return index;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace tvr
