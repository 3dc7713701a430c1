#include "data/datasets/howto100m.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "data/csv.h"
#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/text_file.h"

namespace tvr {
namespace {

int rank_of(const CsvTable& table, const CsvTable::Row& row, std::size_t column) {
  const std::string text = table.required(row, column);
  int rank = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), rank);
  if (problem != std::errc{} || end != text.data() + text.size() || rank < 1)
    throw Error(Fault::Corrupt, table.where(row),
                fmt::format("'{}' is not a rank, a whole number from 1", text));
  return rank;
}

std::filesystem::path path_of(const CsvTable& table, const CsvTable::Row& row,
                              const std::optional<std::size_t>& column, const std::string& video) {
  const std::string_view given = column ? trim(row.cells[*column]) : std::string_view();
  if (given.empty()) return video + ".npy";
  std::filesystem::path path(given);
  if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end())
    throw Error(Fault::Corrupt, table.where(row),
                fmt::format("the path '{}' leads out of the folder of features", given),
                "Give paths below that folder");
  return path;
}

}  // namespace

std::vector<HowTo100MVideo> read_howto100m(const std::filesystem::path& csv, int max_rank) {
  if (max_rank < 0)
    throw Error(Fault::InvalidArgument, "max-rank", fmt::format("{} is not a rank", max_rank),
                "Pass a whole number from 1, or 0 for all videos");
  std::vector<HowTo100MVideo> videos;
  std::optional<std::size_t> rank_column, path_column;
  std::size_t id_column = 0;
  bool has_header = false;
  CsvTable::for_each_row(csv, [&](const CsvTable& table, const CsvTable::Row& row) {
    if (!has_header) {
      id_column = table.column("video_id");
      path_column = table.find_column("path");
      rank_column = max_rank > 0 ? table.column("rank") : table.find_column("rank");
      has_header = true;
    }
    HowTo100MVideo video;
    if (rank_column) video.rank = rank_of(table, row, *rank_column);
    if (max_rank > 0 && video.rank > max_rank) return;
    const std::string name = table.required(row, id_column);
    video.id = escape_video_id(name);
    validate_video_id(video.id, table.where(row));
    video.path = path_of(table, row, path_column, name);
    videos.push_back(std::move(video));
  });
  if (videos.empty())
    throw Error(Fault::NotFound, csv.string(),
                max_rank > 0 ? fmt::format("lists no video of rank {} or less", max_rank) : "lists no video");
  return videos;
}

}  // namespace tvr
