#include "pipeline/search/searcher.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "data/error.h"
#include "data/tensors/tensor_file.h"
#include "model/parallel.h"
#include "pipeline/terminal/console.h"
#include "text/sentence.h"

namespace tvr {
namespace {

/// Size and time of a store's file and log: they differ after every write. An empty log does not count:
/// readers, too, make one.
std::string stamp_of(const std::filesystem::path& store) {
  std::string stamp;
  for (const char* const ending : {"", "-wal"}) {
    struct stat status {};
    if (::stat((store.string() + ending).c_str(), &status) != 0 || status.st_size == 0) continue;
    stamp += fmt::format("{}:{}.{:09};", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }
  return stamp;
}

bool is_wanted(const IndexedVideo& video, const SearchQuery& query) {
  const double length_s = std::chrono::duration<double>(video.length).count();
  return length_s >= query.min_length_s && (query.max_length_s <= 0 || length_s <= query.max_length_s) &&
         (query.video.empty() || video.source.id.find(query.video) != std::string::npos);
}

JointEmbedding model_of(const TrainedRun& run) {
  set_compute_threads(0);
  return {read_weights(run.checkpoint), run.max_words};
}

std::unique_ptr<WordVectors> opened_words(const std::filesystem::path& file, bool prepare) {
  std::unique_ptr<WordVectors> words = open_word_vectors(file);
  if (prepare) words->prepare();
  return words;
}

TrainedRun run_of(const SearchOptions& options) {
  TrainedRun run = read_trained_run(options.run);
  if (!options.store.empty()) run.store = options.store;
  return run;
}

}  // namespace

Searcher::Searcher(const SearchOptions& options, const Progress& progress)
    : Searcher(run_of(options), options, progress) {}

Searcher::Searcher(TrainedRun run, const SearchOptions& options, const Progress& progress)
    : run_(std::move(run)),
      windows_(options.windows),
      checkpoint_(sha256_file(run_.checkpoint)),
      stamp_(stamp_of(run_.store)),
      model_(model_of(run_)),
      words_(opened_words(run_.word_vectors, options.many_sentences)) {
  if (words_.dim() != model_.shape().word_dim) {
    throw Error(Fault::Mismatch, run_.word_vectors.string(),
                fmt::format("its vectors have {} values, the model was trained on {}", words_.dim(),
                            model_.shape().word_dim),
                "Name the word vectors that the model was trained with");
  }
  const FeatureStore store(run_.store);
  const SearchIndex::Basis basis = basis_of(store);
  const std::filesystem::path file = options.run / "search_index.bin";
  const std::optional<SearchIndex> kept = SearchIndex::load(file, basis);
  replace_index(SearchIndex(store, model_, basis, kept ? &*kept : nullptr, progress));
  if (index_->newly_embedded() > 0) keep_index(file, basis);
}

SearchIndex::Basis Searcher::basis_of(const FeatureStore& store) const {
  SearchIndex::Basis basis{checkpoint_, {}, windows_, run_.pooling};
  std::int64_t dim = 0;
  for (const RecipeRow& lane : recipes_for(run_, store)) {
    basis.recipes.push_back(lane.id);
    dim += lane.dim * pooled_parts(run_.pooling);
  }
  if (dim == model_.shape().video_dim) return basis;
  throw Error(Fault::Mismatch, run_.store.string(),
              fmt::format("its features have {} values in all lanes, the model was trained on {}", dim,
                          model_.shape().video_dim),
              "Extract the lanes that the model was trained on");
}

void Searcher::keep_index(const std::filesystem::path& file, const SearchIndex::Basis& basis) const {
  try {
    index()->save(file, basis);
  } catch (const Error& error) {  // a run on a medium that cannot be written is searched all the same
    warn(fmt::format("the embedded videos are not kept, the next start will embed them again: {}",
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
  std::string stamp = stamp_of(run_.store);
  if (stamp == stamp_) return false;
  const std::shared_ptr<const SearchIndex> known = index();
  const FeatureStore store(run_.store);
  replace_index(SearchIndex(store, model_, basis_of(store), known.get(), {}));
  stamp_ = std::move(stamp);
  return true;
}

std::vector<SearchAnswer> Searcher::answer(const std::vector<SearchQuery>& queries) {
  std::vector<std::string> sentences;
  for (const SearchQuery& query : queries) sentences.push_back(query.sentence);
  const WordTable table = words_.table_for(sentences);
  std::vector<std::vector<std::int32_t>> captions;
  for (const std::string& sentence : sentences) captions.push_back(encode(sentence, table, run_.max_words));
  const std::shared_ptr<const SearchIndex> index = this->index();
  const BestWindows best = index->windows().best_windows(model_.embed_text(table.vectors, captions));
  std::vector<SearchAnswer> answers;
  for (std::size_t q = 0; q < queries.size(); ++q) {
    SearchAnswer answer;
    if (!captions[q].empty()) {
      answer = best_of(*index, queries[q], best.scores.row(static_cast<std::int64_t>(q)),
                       best.windows.data() + q * index->videos().size());
    }
    answer.understood = !captions[q].empty();
    answer.unknown = unknown_words(sentences[q], table);
    answers.push_back(std::move(answer));
  }
  return answers;
}

SearchAnswer Searcher::best_of(const SearchIndex& index, const SearchQuery& query, const float* scores,
                               const std::int32_t* windows) const {
  const std::vector<IndexedVideo>& videos = index.videos();
  std::vector<std::size_t> order;
  for (std::size_t v = 0; v < videos.size(); ++v) {
    if (is_wanted(videos[v], query)) order.push_back(v);
  }
  const std::size_t count = std::min(query.top, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      if (scores[a] != scores[b]) return scores[a] > scores[b];
                      return videos[a].source.id < videos[b].source.id;
                    });
  SearchAnswer answer;
  for (std::size_t i = 0; i < count; ++i) {
    const IndexedVideo& video = videos[order[i]];
    answer.hits.push_back({video.source, scores[order[i]],
                           video.windows[static_cast<std::size_t>(windows[order[i]])],
                           video.windows.size() == 1, video.length});
  }
  return answer;
}

}  // namespace tvr
