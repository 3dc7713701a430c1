#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "data/datasets/pooled_clips.h"
#include "data/error.h"
#include "data/store/feature_exchange.h"
#include "data/tensors/npy.h"
#include "data/tensors/pth.h"

namespace tvr {
namespace {

/// The span of row `row` at `rate` rows per second.
TimeSpan span_of(std::int64_t row, double rate) {
  if (rate <= 0) return {};
  const auto at = [rate](std::int64_t i) {
    return Micros(std::llround(static_cast<double>(i) * 1e6 / rate));
  };
  return {at(row), at(row + 1)};
}

/// Float16 keeps three digits down to 6e-5, none below 6e-8. A single value that small says nothing beside
/// larger ones; a row of them would be kept as noise or as zeros.
void require_kept(const float* row, std::int64_t dim, std::int64_t index) {
  constexpr double kMostLost = 1e-2;  // of the row's length
  double length = 0, lost = 0;
  for (std::int64_t i = 0; i < dim; ++i) {
    const auto value = static_cast<double>(row[i]), kept = static_cast<double>(from_half(to_half(row[i])));
    length += value * value;
    lost += (value - kept) * (value - kept);
  }
  if (lost <= kMostLost * kMostLost * length) return;
  throw Error(Fault::Limit, "features",
              fmt::format("row {} is too small for float16: of its length {:.3g} it would lose {:.0f} %",
                          index, std::sqrt(length), 100 * std::sqrt(lost / length)),
              "Scale the features, or normalise them");
}

struct ImportedRows {
  HalfSequence features;
  std::int64_t vanished = 0;
};

ImportedRows features_of(const Tensor& tensor, double rate) {
  std::vector<std::int64_t> shape = tensor.shape;
  while (shape.size() > 2 && shape.front() == 1) shape.erase(shape.begin());
  if (shape.size() == 1) shape.insert(shape.begin(), 1);
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1) {
    throw Error(Fault::Unsupported, "features", "the shape is " + shape_text(tensor.shape),
                "Wanted: [rows, columns] or [columns]");
  }
  const std::vector<float> values = tensor.to_floats();
  constexpr float kLargestHalf = 65504;
  for (const float value : values) {
    if (std::abs(value) <= kLargestHalf) continue;
    throw Error(Fault::Limit, "features", fmt::format("it holds {}, beyond the range of float16", value),
                "Scale the features, or normalise them");
  }
  ImportedRows imported;
  imported.features.dim = shape[1];
  for (std::int64_t row = 0; row < shape[0]; ++row) {
    const float* const line = values.data() + row * shape[1];
    require_kept(line, shape[1], row);
    imported.vanished += std::count_if(
        line, line + shape[1], [](float value) { return value != 0 && from_half(to_half(value)) == 0; });
    imported.features.set(static_cast<std::size_t>(row), line, span_of(row, rate));
  }
  return imported;
}

class Importer {
 public:
  Importer(const std::filesystem::path& store, const ImportOptions& options, const Progress& progress,
           std::size_t total)
      : store_(store, FeatureStore::Access::ReadWrite), options_(options), progress_(progress) {
    report_.files = static_cast<std::int64_t>(total);
    if (!std::isfinite(options.rows_per_second) || options.rows_per_second < 0) {
      throw Error(Fault::InvalidArgument, "rows per second",
                  fmt::format("{} is not a rate", options.rows_per_second));
    }
  }

  /// `digest_of` is cheap compared with `read`, which returns the tensor and is called only if the row is not
  /// fresh. Errors of either count as this file's failure; errors of the store end the import.
  template <class DigestOf, class Read>
  void take(const std::string& lane, const std::string& video, const std::string& from,
            const DigestOf& digest_of, const Read& read) {
    if (progress_ && !progress_({"import", done_++, report_.files}))
      throw Error(Fault::Interrupted, from, "the import was stopped", "Run it again to continue");
    Digest content;
    ImportedRows rows;
    try {
      validate_lane(lane, from);
      validate_video_id(video, from);
      content = digest_of();
      if (!is_fresh(lane, video, content)) rows = features_of(lane, read());
    } catch (const Error& error) {
      report_.failures.push_back(from + ": " + error.seen());
      return;
    }
    if (rows.features.rows() > 0) know_recipe(lane);
    if (rows.features.rows() == 0 || is_fresh(lane, video, content)) {
      ++report_.fresh;
    } else {
      report_.vanished += rows.vanished;
      write(lane, video, from, content, std::move(rows.features));
    }
  }

  [[nodiscard]] ImportReport report() {
    store_.checkpoint();
    return std::move(report_);
  }

 private:
  struct KnownLane {
    std::int64_t dim = 0;
    std::int64_t recipe = 0;  // 0: not yet in the store
  };

  [[nodiscard]] bool is_fresh(const std::string& lane, const std::string& video, const Digest& content) {
    const auto known = lanes_.find(lane);
    return known != lanes_.end() && known->second.recipe != 0 &&
           store_.is_fresh(video, content, known->second.recipe);
  }

  void know_recipe(const std::string& lane) {
    KnownLane& known = lanes_.at(lane);
    if (known.recipe == 0) known.recipe = store_.add_recipe(imported_recipe(lane, known.dim, options_));
  }

  /// The first file of a lane sets its number of columns.
  ImportedRows features_of(const std::string& lane, const Tensor& tensor) {
    ImportedRows rows = tvr::features_of(tensor, options_.rows_per_second);
    const std::int64_t wide = rows.features.dim;
    const std::int64_t dim = lanes_.emplace(lane, KnownLane{wide, 0}).first->second.dim;
    if (dim == wide) return rows;
    throw Error(Fault::Mismatch, "features",
                fmt::format("it has {} columns, the first of lane {} had {}", wide, lane, dim));
  }

  void write(const std::string& lane, const std::string& video, const std::string& from,
             const Digest& content, HalfSequence features) {
    VideoOutcome outcome;
    outcome.source.id = video;
    outcome.fingerprint.content = content;
    outcome.status = Status::Imported;
    outcome.message = "read from " + from;
    const std::int64_t rows = features.rows();
    if (options_.rows_per_second > 0)
      outcome.duration_s = static_cast<double>(rows) / options_.rows_per_second;
    outcome.lanes.push_back({lanes_.at(lane).recipe, std::move(features)});
    store_.write(outcome);
    report_.rows += rows;
    ++report_.imported;
  }

  FeatureStore store_;
  const ImportOptions& options_;
  const Progress& progress_;
  std::map<std::string, KnownLane> lanes_;
  ImportReport report_;
  std::int64_t done_ = 0;
};

Digest digest_of(const Tensor& tensor) {
  return sha256(fmt::format("tensor 1\n{} {}\n", name(tensor.dtype), shape_text(tensor.shape)) +
                std::string(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()));
}

}  // namespace

Recipe imported_recipe(const std::string& lane, std::int64_t dim, const ImportOptions& options) {
  const nlohmann::json rate = options.rows_per_second > 0 ? nlohmann::json(options.rows_per_second) : nullptr;
  const nlohmann::json text = {
      {"dim", dim}, {"imported", true}, {"origin", options.origin}, {"rows_per_second", rate}};
  return {lane, text.dump(), "imported"};
}

ImportReport import_npy(const std::filesystem::path& store, const std::filesystem::path& folder,
                        const FeatureFileNames& names, const ImportOptions& options,
                        const Progress& progress) {
  const std::vector<FeatureFile> files = names.find_in(folder);
  Importer importer(store, options, progress, files.size());
  for (const FeatureFile& file : files) {
    importer.take(
        file.lane, file.video, file.path.string(), [&] { return sha256_file(file.path); },
        [&] { return read_npy(file.path); });
  }
  return importer.report();
}

ImportReport import_pth(const std::filesystem::path& store, const std::filesystem::path& file,
                        const ImportOptions& options, const Progress& progress) {
  const TensorGroups groups = read_pth_groups(file);
  std::size_t total = 0;
  for (const auto& group : groups) total += group.second.size();
  Importer importer(store, options, progress, total);
  for (const auto& [lane, tensors] : groups) {
    for (const auto& [video, tensor] : tensors) {
      importer.take(
          lane, escape_video_id(video), file.string() + " ['" + lane + "']['" + video + "']",
          [&t = tensor] { return digest_of(t); }, [&t = tensor] { return t; });
    }
  }
  return importer.report();
}

ImportReport import_pkl(const std::filesystem::path& store, const std::filesystem::path& file,
                        const ImportOptions& options, const Progress& progress) {
  if (options.rows_per_second > 0)
    throw Error(Fault::InvalidArgument, "rows per second",
                "it has no meaning for clips that are pooled over time: each has one row",
                "Leave out --rows-per-second");
  const PooledClips clips(file);
  Importer importer(store, options, progress, static_cast<std::size_t>(clips.size()) * clips.lanes().size());
  for (std::int64_t i = 0; i < clips.size(); ++i) {
    for (const std::string& lane : clips.lanes()) {
      const Tensor vector = clips.vector(i, lane);
      importer.take(
          lane, clips.id(i), fmt::format("{} [{}]['{}']", file.string(), i, lane),
          [&] { return digest_of(vector); }, [&] { return vector; });
    }
  }
  clips.require_unchanged();
  return importer.report();
}

}  // namespace tvr
