#include "pipeline/search/search_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "data/error.h"
#include "data/store/feature.h"
#include "data/store/featured_in_all.h"

namespace tvr {
namespace {

constexpr std::size_t kRowsAtOnce = 256;  // windows per forward pass of the model

Micros micros(double seconds) { return Micros(std::llround(seconds * 1e6)); }

/// Videos that have features in every lane.
std::vector<IndexedVideo> searchable_videos(const FeatureStore& store,
                                            const std::vector<RecipeRow>& recipes) {
  std::vector<std::int64_t> ids;
  for (const RecipeRow& recipe : recipes) ids.push_back(recipe.id);
  std::vector<IndexedVideo> videos;
  for (FeaturedVideo& video : featured_in_all(store, ids)) {
    videos.push_back({std::move(video.source), std::move(video.hash), Micros(0), {}});
  }
  return videos;
}

/// Whether `index` is of exactly these videos.
bool is_unchanged(const SearchIndex& index, const std::vector<IndexedVideo>& videos) {
  return std::equal(videos.begin(), videos.end(), index.videos().begin(), index.videos().end(),
                    [](const IndexedVideo& a, const IndexedVideo& b) {
                      return a.source.id == b.source.id && a.features == b.features;
                    });
}

/// A video's feature rows in all lanes; empty when some have been removed meanwhile.
std::vector<FeatureSequence> read_lanes(const FeatureStore& store, const std::vector<RecipeRow>& recipes,
                                        const std::string& id) {
  std::vector<FeatureSequence> lanes;
  for (const RecipeRow& recipe : recipes) {
    std::optional<FeatureSequence> lane = store.read(id, recipe.id);
    if (!lane || lane->times.empty()) return {};
    require_sound(*lane, recipe.dim, id);
    lanes.push_back(std::move(*lane));
  }
  return lanes;
}

/// At most this many windows per row of the lane with the most: at a row per second, windows of a second make
/// two. Many windows of the same row say nothing new, and a stranger's store must not decide how much memory
/// they take.
constexpr std::int64_t kWindowsPerRow = 16;

/// Throws Error(Corrupt) unless the rows are many enough for the windows of a video of this length.
void require_rows_for_windows(const std::string& id, const std::vector<FeatureSequence>& lanes, Micros length,
                              const WindowOptions& options) {
  if (length <= micros(options.long_s)) return;
  std::size_t most_rows = 0;
  for (const FeatureSequence& lane : lanes) most_rows = std::max(most_rows, lane.times.size());
  if (length / (micros(options.window_s) / 2) > static_cast<std::int64_t>(most_rows) * kWindowsPerRow)
    throw Error(Fault::Corrupt, id, "it has too few rows for its length");
}

/// Fills in length and windows; returns the pooled rows of the windows.
std::vector<ClipFeature> pool_windows(const std::vector<FeatureSequence>& lanes, const WindowOptions& options,
                                      Pooling pooling, IndexedVideo& video) {
  const std::string& id = video.source.id;
  for (const FeatureSequence& lane : lanes) video.length = std::max(video.length, lane.times.back().end);
  require_rows_for_windows(id, lanes, video.length, options);
  const std::vector<TimeSpan> windows = windows_of(video.length, options);
  std::vector<ClipFeature> rows;
  for (const TimeSpan& window : windows) {
    try {
      const auto span = windows.size() == 1 ? std::nullopt : std::optional(window);
      rows.push_back(pool_lanes(lanes, span, pooling));
      video.windows.push_back(window);
    } catch (const Error& error) {  // in a damaged video one lane may end before another
      if (error.fault() != Fault::NotFound) throw;
    }
  }
  return rows;
}

Matrix matrix_of(const std::vector<ClipFeature>& rows) {
  Matrix matrix(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.front().size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy(rows[i].begin(), rows[i].end(), matrix.row(static_cast<std::int64_t>(i)));
  }
  return matrix;
}

}  // namespace

void validate(const WindowOptions& options) {
  if (options.window_s >= 1 && options.long_s >= options.window_s) return;
  throw Error(Fault::InvalidArgument, "search",
              fmt::format("the window is {} s, and videos longer than {} s are divided into windows",
                          options.window_s, options.long_s),
              "Use windows of at least 1 s, not longer than --long");
}

std::vector<TimeSpan> windows_of(Micros length, const WindowOptions& options) {
  if (length <= micros(options.long_s)) return {{Micros(0), length}};
  const Micros window = micros(options.window_s), step = window / 2;
  std::vector<TimeSpan> windows;
  for (Micros start(0); start + window < length; start += step) windows.push_back({start, start + window});
  windows.push_back({length - window, length});
  return windows;
}

SearchIndex::SearchIndex(const FeatureStore& store, const EncoderPair& encoders, const WindowOptions& windows,
                         const SearchIndex* known, const Progress& progress)
    : windows_(encoders.dim(), encoders.index_values()) {
  validate(windows);
  const std::vector<RecipeRow> recipes = encoders.lanes_in(store);
  std::vector<IndexedVideo> fresh = searchable_videos(store, recipes);
  if (known != nullptr && is_unchanged(*known, fresh)) {
    windows_ = known->windows_;
    videos_ = known->videos_;
    for (std::size_t v = 0; v < videos_.size(); ++v) videos_[v].source = std::move(fresh[v].source);
    return;
  }
  if (known != nullptr) {
    std::vector<IndexedVideo> unknown;
    reuse(*known, std::move(fresh), unknown);
    fresh = std::move(unknown);
  }
  std::vector<IndexedVideo> batch;
  std::vector<ClipFeature> rows;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    try {
      const std::vector<FeatureSequence> lanes = read_lanes(store, recipes, fresh[i].source.id);
      if (!lanes.empty()) {
        std::vector<ClipFeature> pooled = pool_windows(lanes, windows, encoders.pooling(), fresh[i]);
        std::move(pooled.begin(), pooled.end(), std::back_inserter(rows));
        if (!pooled.empty()) batch.push_back(std::move(fresh[i]));
      }
    } catch (const Error& error) {
      if (error.fault() != Fault::Corrupt) throw;
      damaged_.push_back(fresh[i].source.id);
    }
    if (rows.size() < kRowsAtOnce && i + 1 < fresh.size()) continue;
    if (!rows.empty())
      add(std::exchange(batch, {}), encoders.embed_video(matrix_of(std::exchange(rows, {}))));
    const auto done = static_cast<std::int64_t>(i + 1), total = static_cast<std::int64_t>(fresh.size());
    if (progress && !progress({"embedding", done, total})) {
      throw Error(Fault::Interrupted, "search", "stopped while videos were being embedded");
    }
  }
}

void SearchIndex::reuse(const SearchIndex& known, std::vector<IndexedVideo> videos,
                        std::vector<IndexedVideo>& unknown) {
  std::unordered_map<std::string, std::size_t> place;
  for (std::size_t v = 0; v < known.videos_.size(); ++v) place.emplace(known.videos_[v].source.id, v);
  for (IndexedVideo& video : videos) {
    const auto found = place.find(video.source.id);
    if (found == place.end() || known.videos_[found->second].features != video.features) {
      unknown.push_back(std::move(video));
      continue;
    }
    const IndexedVideo& old = known.videos_[found->second];
    video.length = old.length;
    video.windows = old.windows;
    Matrix embeddings(static_cast<std::int64_t>(old.windows.size()), windows_.dim());
    const std::int64_t first = known.windows_.first_window(static_cast<std::int64_t>(found->second));
    for (std::int64_t w = 0; w < embeddings.rows(); ++w) {
      known.windows_.copy_window(first + w, embeddings.row(w));
    }
    windows_.add_video(embeddings.data(), embeddings.rows());
    videos_.push_back(std::move(video));
  }
}

void SearchIndex::add(std::vector<IndexedVideo> videos, const Matrix& embeddings) {
  std::int64_t row = 0;
  for (IndexedVideo& video : videos) {
    const auto count = static_cast<std::int64_t>(video.windows.size());
    windows_.add_video(embeddings.row(row), count);
    row += count;
    videos_.push_back(std::move(video));
    ++newly_embedded_;
  }
}

}  // namespace tvr
