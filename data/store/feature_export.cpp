#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstring>
#include <map>
#include <set>

#include "data/atomic_file.h"
#include "data/csv.h"
#include "data/error.h"
#include "data/folder_of.h"
#include "data/store/feature_exchange.h"
#include "data/tensors/npy.h"
#include "data/tensors/pth.h"

namespace tvr {
namespace {

/// Iterates over the features selected by `filter`, one recipe per lane.
class Exporter {
 public:
  Exporter(const std::filesystem::path& store, const OutcomeFilter& filter, const Progress& progress)
      : where_(store.string()), store_(store), inspector_(store), filter_(filter), progress_(progress) {
    for (const OutcomeSum& sum : inspector_.sums(filter)) {
      if (sum.feature_rows == 0) continue;
      const auto [seen, is_new] = recipes_.emplace(sum.lane, sum.recipe);
      if (!is_new && seen->second != sum.recipe) {
        throw Error(Fault::Mismatch, where_,
                    "lane " + sum.lane + " has features of two recipes: " + seen->second.substr(0, 12) +
                        " and " + sum.recipe.substr(0, 12),
                    "Choose one with --recipe and its first digits; `pipeline store stats` lists them");
      }
      total_ += sum.videos;
      rows_[sum.lane] += sum.feature_rows;
    }
    if (recipes_.empty()) {
      throw Error(Fault::NotFound, where_, "no features match",
                  "`pipeline store ls` with the same filters shows what exists");
    }
  }

  [[nodiscard]] std::int64_t rows_of(const std::string& lane) const { return rows_.at(lane); }

  /// Calls use(row, features), which returns whether it exported them.
  template <class Use>
  ExportReport run(const Use& use) {
    std::map<std::string, ExportReport::Lane> lanes;
    std::map<std::int64_t, std::int64_t> videos_with;  // number of lanes to number of videos
    std::string video;
    std::int64_t lanes_of_video = 0, done = 0;
    inspector_.for_each(filter_, 0, [&](const OutcomeRow& row) {
      if (progress_ && !progress_({"export", done++, total_}))
        throw Error(Fault::Interrupted, where_, "the export was stopped", "Run it again");
      const auto features = store_.read(row.video, row.recipe_row);
      if (!features) return;
      const auto others = lanes.find(row.lane);
      if (others != lanes.end() && others->second.dim != features->values.cols()) {
        throw Error(Fault::Mismatch, where_,
                    "video '" + row.video + "' has " + std::to_string(features->values.cols()) +
                        " columns, others of its lane have " + std::to_string(others->second.dim));
      }
      if (!use(row, *features)) return;
      ExportReport::Lane& lane = lanes[row.lane];
      lane.dim = features->values.cols();
      ++lane.videos;
      lane.rows += features->values.rows();
      if (row.video != video) {
        ++videos_with[lanes_of_video];
        video = row.video;
        lanes_of_video = 0;
      }
      ++lanes_of_video;
    });
    ++videos_with[lanes_of_video];
    ExportReport report;
    for (auto& [name, lane] : lanes) {
      lane.lane = name;
      report.lanes.push_back(lane);
    }
    for (const auto& [count, videos] : videos_with) {
      if (count > 0 && count < static_cast<std::int64_t>(lanes.size())) report.incomplete += videos;
    }
    return report;
  }

 private:
  std::string where_;
  FeatureStore store_;
  StoreInspector inspector_;
  const OutcomeFilter& filter_;
  const Progress& progress_;
  std::map<std::string, std::string> recipes_;  // by lane
  std::map<std::string, std::int64_t> rows_;    // by lane
  std::int64_t total_ = 0;
};

/// The rows of a lane, one below the other, and a table of what they are.
class LaneFiles {
 public:
  LaneFiles(const std::filesystem::path& folder, const std::string& lane, std::int64_t rows, std::int64_t dim)
      : values_(folder / (lane + ".npy"), DType::F16, {rows, dim}), table_(folder / (lane + ".csv")) {
    table_.write("row,video,start_s,end_s,path\n");
  }

  void add(const OutcomeRow& row, const FeatureSequence& features) {
    const Matrix& values = features.values;
    const Tensor halves = Tensor::from_floats({values.rows(), values.cols()}, values.data(), DType::F16);
    values_.write(halves.bytes.data(), halves.bytes.size());
    const std::string video = csv_cell(video_text(row.video)), path = csv_cell(row.path);
    std::string lines;
    for (const TimeSpan& time : features.times) {
      const bool known = time.end > time.start;
      const auto seconds = [&](Micros at) {
        return known ? fmt::format("{}", std::chrono::duration<double>(at).count()) : std::string();
      };
      lines += fmt::format("{},{},{},{},{}\n", row_++, video, seconds(time.start), seconds(time.end), path);
    }
    table_.write(lines);
  }

  void commit() {
    values_.commit();
    table_.commit();
  }

 private:
  NpyWriter values_;
  AtomicFile table_;
  std::int64_t row_ = 0;
};

bool can_be_a_file(const std::filesystem::path& path) {
  return path.native().size() < PATH_MAX && std::all_of(path.begin(), path.end(), [](const auto& part) {
           return part.native().size() <= NAME_MAX;
         });
}

/// A name that is not UTF-8 goes by its id, which another video may have for a name.
void require_distinct(const NamedTensors& tensors, const std::string& where) {
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    if (names.insert(name).second) continue;
    throw Error(Fault::Mismatch, where, "two videos would have the key '" + name + "' in a .pth",
                "Export them with --npy, or choose others with --video");
  }
}

}  // namespace

ExportReport export_npy(const std::filesystem::path& store, const OutcomeFilter& filter,
                        const std::filesystem::path& folder, const FeatureFileNames& names,
                        const Progress& progress) {
  Exporter exporter(store, filter, progress);
  std::set<std::filesystem::path> made;
  std::vector<std::string> failures;
  ExportReport report = exporter.run([&](const OutcomeRow& row, const FeatureSequence& features) {
    const auto path = names.has_lane(row.lane) ? names.path_of(folder, row.lane, row.video) : std::nullopt;
    if (!path) return false;
    if (!can_be_a_file(*path)) {
      failures.push_back(path->string() + ": the name is too long for a file");
      return false;
    }
    if (made.insert(path->parent_path()).second) make_folder_of(*path, folder);
    const Matrix& values = features.values;
    write_npy(*path, Tensor::from_floats({values.rows(), values.cols()}, values.data(), DType::F16));
    return true;
  });
  report.failures = std::move(failures);
  return report;
}

ExportReport export_embeddings(const std::filesystem::path& store, const OutcomeFilter& filter,
                               const std::filesystem::path& folder, const Progress& progress) {
  Exporter exporter(store, filter, progress);
  std::filesystem::create_directories(folder);
  std::map<std::string, LaneFiles> lanes;
  const ExportReport report = exporter.run([&](const OutcomeRow& row, const FeatureSequence& features) {
    validate_lane(row.lane, store.string());
    const auto lane =
        lanes.try_emplace(row.lane, folder, row.lane, exporter.rows_of(row.lane), features.values.cols())
            .first;
    lane->second.add(row, features);
    return true;
  });
  for (auto& [name, lane] : lanes) lane.commit();
  return report;
}

ExportReport export_pth(const std::filesystem::path& store, const OutcomeFilter& filter,
                        const std::filesystem::path& file, const Progress& progress) {
  Exporter exporter(store, filter, progress);
  std::map<std::string, NamedTensors> lanes;
  const ExportReport report = exporter.run([&](const OutcomeRow& row, const FeatureSequence& features) {
    const ClipFeature pooled = max_pool(features);
    const auto dim = static_cast<std::int64_t>(pooled.size());
    lanes[row.lane].emplace_back(video_text(row.video),
                                 Tensor::from_floats({dim}, pooled.data(), DType::F16));
    return true;
  });
  TensorGroups groups;
  for (const auto& [lane, tensors] : lanes) require_distinct(tensors, store.string());
  for (auto& [lane, tensors] : lanes) groups.emplace_back(lane, std::move(tensors));
  write_pth_groups(file, groups);
  return report;
}

}  // namespace tvr
