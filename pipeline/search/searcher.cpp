#include "pipeline/search/searcher.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "data/error.h"
#include "data/store/store_catalog.h"
#include "pipeline/terminal/console.h"
#include "text/stop_words.h"

namespace tvr {
namespace {

bool is_wanted(const IndexedVideo& video, const SearchQuery& query) {
  const double length_s = std::chrono::duration<double>(video.length).count();
  return length_s >= query.min_length_s && (query.max_length_s <= 0 || length_s <= query.max_length_s) &&
         (query.video.empty() || has_name(video.source.id, query.video));
}

constexpr double kFusion = 60;
constexpr std::size_t kUnranked = std::numeric_limits<std::size_t>::max();

/// How many videos of each ranking are joined.
std::size_t depth_of(const SearchQuery& query) { return std::max<std::size_t>(query.top, 100); }

/// The sum of sentence and example in the query's shares, of unit length: what is compared with the videos.
void mix(const SearchQuery& query, float* row, std::size_t dim) {
  if (query.example.empty()) return;
  const double share = query.sentence.empty() ? 1 : query.example_weight;
  for (std::size_t d = 0; d < dim; ++d) {
    const double text = share < 1 ? (1 - share) * static_cast<double>(row[d]) : 0;
    row[d] = static_cast<float>(text + share * static_cast<double>(query.example[d]));
  }
  l2_normalize(row, dim);
}

/// The moment around the best of a video's windows. A window is good if it scores above the middle between
/// the best one and the mean of all (the full width at half maximum). What good windows alone cover, the best
/// among them, is the moment where it is longer than a window; otherwise the best window is.
TimeSpan moment_around(std::size_t best, const std::vector<TimeSpan>& windows, const float* scores) {
  const auto count = static_cast<double>(windows.size());
  const double mean = std::accumulate(scores, scores + windows.size(), 0.0) / count;
  const auto good = [&](std::size_t window) {
    return scores[window] > (static_cast<double>(scores[best]) + mean) / 2;
  };
  std::size_t first = best, last = best;
  while (first > 0 && good(first - 1)) --first;
  while (last + 1 < windows.size() && good(last + 1)) ++last;
  const TimeSpan joined{first > 0 ? windows[first - 1].end : windows[first].start,
                        last + 1 < windows.size() ? windows[last + 1].start : windows[last].end};
  const TimeSpan& window = windows[best];
  return joined.end - joined.start > window.end - window.start ? joined : window;
}

}  // namespace

bool has_name(const std::string& id, const std::string& wanted) {
  const std::string name = composed(video_name(id)), part = composed(wanted);
  if (name.find(part) != std::string::npos) return true;
  return part.find_first_of("*?") != std::string::npos && fnmatch(part.c_str(), name.c_str(), 0) == 0;
}

void warn_of_damaged(const std::vector<std::string>& ids) {
  constexpr std::size_t kNamed = 5;
  if (ids.empty()) return;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(ids.size(), kNamed); ++i)
    names.push_back("'" + video_line(ids[i]) + "'");
  if (ids.size() == 1)
    return warn(
        fmt::format("{} is left out: its features are damaged, or too few for its length", names.front()));
  const std::string others =
      ids.size() > kNamed ? fmt::format(" and {} more", ids.size() - kNamed) : std::string();
  warn(fmt::format("{} videos are left out: their features are damaged, or too few for their length: {}{}",
                   ids.size(), fmt::join(names, ", "), others));
}

std::string note_on(const SearchAnswer& answer) {
  if (!answer.understood || answer.familiar) return {};
  return fmt::format(
      "no word is among those that the word vectors were trained on ({}); the results are guessed from parts "
      "of the words",
      fmt::join(answer.guessed, ", "));
}

std::string note_on_random(const std::vector<std::string>& lanes) {
  if (lanes.empty()) return {};
  return fmt::format(
      "the networks of lane{} {} have random weights: this shows that the program works, but says little "
      "about "
      "real videos; `pipeline get` downloads published weights",
      lanes.size() == 1 ? "" : "s", fmt::join(lanes, " and "));
}

Searcher::Searcher(std::unique_ptr<EncoderPair> encoders, SearchOptions options, const Progress& progress)
    : encoders_(std::move(encoders)), options_(std::move(options)), stamp_(store_stamp(options_.store)) {
  const FeatureStore store(options_.store);
  const SearchIndex::Basis basis{encoders_->identity(), options_.windows, encoders_->index_values()};
  const std::optional<SearchIndex> kept = SearchIndex::load(options_.kept, basis, encoders_->dim());
  replace_index(SearchIndex(store, *encoders_, options_.windows, kept ? &*kept : nullptr, progress));
  if (index_->newly_embedded() > 0) keep_index(basis);
  for (const RecipeRow& lane : encoders_->lanes_in(store))
    if (lane.recipe.weights.rfind("random:", 0) == 0) random_lanes_.push_back(lane.recipe.lane);
  update_subtitles(*index_);
}

/// The pictures are searched all the same where the subtitles cannot be.
void Searcher::update_subtitles(const SearchIndex& index) {
  if (options_.subtitles.empty()) return;
  std::vector<VideoSource> videos;
  for (const IndexedVideo& video : index.videos()) videos.push_back(video.source);
  const MutexLock lock(subtitles_mutex_);
  try {
    if (subtitles_ == nullptr) subtitles_ = std::make_unique<SubtitleIndex>(options_.subtitles);
    const std::vector<std::string> faults = subtitles_->update(videos, options_.subtitle_folder);
    if (!faults.empty())
      warn(fmt::format("{} (files of subtitles that cannot be read: {})", faults.front(), faults.size()));
  } catch (const Error& error) {
    warn(fmt::format("subtitles are not searched: {}", error.what()));
    subtitles_.reset();
  }
}

void Searcher::keep_index(const SearchIndex::Basis& basis) const {
  try {
    index()->save(options_.kept, basis);
  } catch (const Error& error) {  // a run on a read-only file system can still be searched
    warn(fmt::format("the embedded videos were not saved and will be embedded again at the next start: {}",
                     error.what()));
  }
}

void Searcher::replace_index(SearchIndex index) {
  auto shared = std::make_shared<const SearchIndex>(std::move(index));
  const MutexLock lock(mutex_);
  index_ = std::move(shared);
}

std::shared_ptr<const SearchIndex> Searcher::index() const {
  const MutexLock lock(mutex_);
  return index_;
}

bool Searcher::refresh() {
  std::string stamp = store_stamp(options_.store);
  if (stamp == stamp_) return false;
  const std::shared_ptr<const SearchIndex> known = index();
  const FeatureStore store(options_.store);
  replace_index(SearchIndex(store, *encoders_, options_.windows, known.get(), {}));
  update_subtitles(*index());
  stamp_ = std::move(stamp);
  return true;
}

ClipFeature Searcher::example_of(const std::string& name, std::optional<Micros> at) const {
  const std::shared_ptr<const SearchIndex> index = this->index();
  const std::string wanted = composed(name);
  for (std::size_t v = 0; v < index->videos().size(); ++v) {
    const IndexedVideo& video = index->videos()[v];
    if (video.source.id != name && composed(video_name(video.source.id)) != wanted) continue;
    if (at && *at > video.length) {
      throw Error(Fault::InvalidArgument, "search",
                  fmt::format("second {:.1f} is beyond the end of '{}', which has {:.1f} s",
                              std::chrono::duration<double>(*at).count(), name,
                              std::chrono::duration<double>(video.length).count()),
                  "Name a second within the video");
    }
    std::size_t window = 0;
    while (at && window + 1 < video.windows.size() && video.windows[window].end <= *at) ++window;
    ClipFeature example(static_cast<std::size_t>(index->windows().dim()));
    index->windows().copy_window(
        index->windows().first_window(static_cast<std::int64_t>(v)) + static_cast<std::int64_t>(window),
        example.data());
    return example;
  }
  throw Error(Fault::NotFound, "search", "there is no searchable video '" + name + "'",
              "Name a video as the results of a search name it");
}

ClipFeature Searcher::example_of(const Picture& picture) const { return encoders_->embed_picture(picture); }

std::vector<SearchAnswer> Searcher::answer(const std::vector<SearchQuery>& queries) {
  std::vector<std::string> sentences;
  for (const SearchQuery& query : queries) sentences.push_back(query.sentence);
  EncodedText text = encoders_->embed_text(sentences);
  for (std::size_t q = 0; q < queries.size(); ++q) {
    mix(queries[q], text.rows.row(static_cast<std::int64_t>(q)), static_cast<std::size_t>(text.rows.cols()));
    if (!queries[q].sentence.empty() || queries[q].example.empty()) continue;
    text.understood[q] = text.familiar[q] = true;
  }
  const std::shared_ptr<const SearchIndex> index = this->index();
  const BestWindows best = index->windows().best_windows(text.rows);
  const std::vector<Said> said = this->said(*index, queries);
  std::vector<SearchAnswer> answers;
  for (std::size_t q = 0; q < queries.size(); ++q) {
    SearchQuery query = queries[q];
    // Vectors that know no word of it say nothing; the subtitles may.
    if (!text.understood[q]) query.in = SearchIn::Subtitles;
    SearchAnswer answer = best_of(*index, query, best, static_cast<std::int64_t>(q), said[q]);
    answer.understood = text.understood[q] || !said[q].empty();
    answer.familiar = text.familiar[q];
    answer.unknown = std::move(text.unknown[q]);
    answer.guessed = std::move(text.guessed[q]);
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<Searcher::Said> Searcher::said(const SearchIndex& index,
                                           const std::vector<SearchQuery>& queries) const {
  std::vector<std::vector<SubtitleHit>> lines(queries.size());
  std::unordered_map<std::string, std::size_t> places;
  {
    const MutexLock lock(subtitles_mutex_);
    for (std::size_t q = 0; q < queries.size() && subtitles_ != nullptr; ++q) {
      if (queries[q].in == SearchIn::Pictures) continue;
      const std::string telling = without_stop_words(queries[q].sentence);
      lines[q] = subtitles_->search(telling.empty() ? queries[q].sentence : telling, depth_of(queries[q]));
      for (const SubtitleHit& line : lines[q]) places.emplace(line.video, index.videos().size());
    }
  }
  for (std::size_t v = 0; v < index.videos().size() && !places.empty(); ++v) {
    const auto place = places.find(index.videos()[v].source.id);
    if (place != places.end()) place->second = v;
  }
  std::vector<Said> said(queries.size());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    for (SubtitleHit& line : lines[q]) {
      const std::size_t v = places.at(line.video);
      if (v < index.videos().size() && is_wanted(index.videos()[v], queries[q]))
        said[q].emplace_back(v, std::move(line));
    }
  }
  return said;
}

SearchAnswer Searcher::best_of(const SearchIndex& index, const SearchQuery& query, const BestWindows& best,
                               std::int64_t row, const Said& said) const {
  const std::vector<IndexedVideo>& videos = index.videos();
  const float* const scores = best.scores.row(row);
  const std::int32_t* const windows = best.windows.data() + static_cast<std::size_t>(row) * videos.size();
  const auto better = [&](std::size_t a, std::size_t b) {
    if (scores[a] != scores[b]) return scores[a] > scores[b];
    return videos[a].source.id < videos[b].source.id;
  };
  std::vector<std::size_t> order;
  for (std::size_t v = 0; v < videos.size() && query.in != SearchIn::Subtitles; ++v) {
    if (is_wanted(videos[v], query) && std::isfinite(scores[v])) order.push_back(v);
  }
  const std::size_t count = std::min(said.empty() ? query.top : depth_of(query), order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(), better);
  order.resize(count);

  struct Ranks {
    std::size_t by_pictures = kUnranked, by_subtitles = kUnranked;
    [[nodiscard]] double fused() const {
      double sum = 0;
      for (const std::size_t rank : {by_pictures, by_subtitles})
        if (rank != kUnranked) sum += 1 / (kFusion + static_cast<double>(rank));
      return sum;
    }
  };
  std::unordered_map<std::size_t, Ranks> ranks;
  for (std::size_t i = 0; i < order.size(); ++i) ranks[order[i]].by_pictures = i + 1;
  for (std::size_t i = 0; i < said.size(); ++i) {
    if (ranks.count(said[i].first) == 0) order.push_back(said[i].first);
    ranks[said[i].first].by_subtitles = i + 1;
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const double fused_a = ranks[a].fused(), fused_b = ranks[b].fused();
    return fused_a != fused_b ? fused_a > fused_b : better(a, b);
  });
  order.resize(std::min(query.top, order.size()));

  SearchAnswer answer;
  for (const std::size_t v : order) {
    const IndexedVideo& video = videos[v];
    const Ranks& of = ranks[v];
    const float* const of_windows =
        best.all.row(row) + index.windows().first_window(static_cast<std::int64_t>(v));
    SearchHit hit{video.source, std::isfinite(scores[v]) ? scores[v] : 0,
                  moment_around(static_cast<std::size_t>(windows[v]), video.windows, of_windows),
                  video.windows.size() == 1, video.length};
    hit.by_pictures = of.by_pictures <= query.top;
    if (of.by_subtitles != kUnranked) {
      const SubtitleHit& line = said[of.by_subtitles - 1].second;
      hit.line = line.text;
      hit.line_span = line.span;
      if (of.by_subtitles < of.by_pictures) {
        hit.span = line.span;
        hit.whole = false;
      }
    }
    answer.hits.push_back(std::move(hit));
  }
  return answer;
}

}  // namespace tvr
