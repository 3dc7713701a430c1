#include "pipeline/learning/learning_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/error.h"
#include "data/store/row_range.h"
#include "model/distributed/agreement.h"
#include "pipeline/run/digester.h"
#include "pipeline/terminal/console.h"
#include "text/coverage.h"
#include "text/sentence.h"
#include "text/tokenizer.h"

namespace tvr {
namespace {

void train_words(const std::vector<std::string>& sentences, const LearnOptions& learning, RunFolder& folder) {
  SkipgramOptions options;
  options.whiten = learning.whiten_words;
  options.identity_columns = learning.identity_columns;
  Digester inputs;
  inputs.add(fmt::format(
      "skipgram dim={} epochs={} min_words={} min_count={} bucket={} lr={} seed={} whiten={} identity={}",
      options.dim, options.epochs, options.min_words, options.min_count, options.bucket, options.lr,
      options.seed, options.whiten, options.identity_columns));
  inputs.add(fmt::format("{}", fmt::join(sentences, "\n")));
  if (folder.is_fresh("words", inputs.digest(), folder.words())) {
    say("text: word vectors are up to date");
    return;
  }
  say(fmt::format("text: training fastText vectors on {} captions", sentences.size()));
  {
    ProgressLine line("words", "steps", 0);
    train_skipgram(sentences, options, folder.words(), progress_on(line));
  }
  folder.mark_done("words", inputs.digest(), folder.words());
}

/// Reads the features of one video at a time, as the clips of a video are consecutive.
class ClipPooler {
 public:
  ClipPooler(const FeatureStore& store, const std::vector<RecipeRow>& lanes, Pooling pooling,
             bool by_reference)
      : store_(store), lanes_(lanes), pooling_(pooling), by_reference_(by_reference) {}

  /// Empty when a lane has no row of the clip, which is then added to `left_out`.
  ClipFeature pooled(const ClipRef& clip, LeftOut& left_out) {
    if (clip.video_id != video_id_) load(clip.video_id);
    if (sequences_.size() != lanes_.size()) {
      left_out.without_features.push_back(clip.video_id);
      return {};
    }
    if (by_reference_) {
      std::int64_t without_rows = 0;
      ClipFeature feature = pool_lanes_by_number(sequences_, clip.span, pooling_, without_rows);
      if (without_rows > 0)
        left_out.with_zeros.push_back(clip.video_id);
      else if (clip.span && ends_before(clip.span->end))
        left_out.cut_at_the_end.push_back(clip.video_id);
      return feature;
    }
    try {
      ClipFeature feature = pool_lanes(sequences_, clip.span, pooling_);
      if (clip.span && ends_before(clip.span->end)) left_out.cut_at_the_end.push_back(clip.video_id);
      return feature;
    } catch (const Error& error) {
      if (error.fault() != Fault::NotFound) throw;
      left_out.beyond_the_end.push_back(clip.video_id);
      return {};
    }
  }

 private:
  /// Whether a lane says that the video ends before `time`. Rows end within half of their length of the
  /// video's end, as frames are sampled at the nearest time.
  [[nodiscard]] bool ends_before(Micros time) const {
    return std::any_of(sequences_.begin(), sequences_.end(), [time](const FeatureSequence& lane) {
      const TimeSpan& first = lane.times.front();
      return time - lane.times.back().end > (first.end - first.start) / 2;
    });
  }

  void load(const std::string& video_id) {
    video_id_ = video_id;
    sequences_.clear();
    for (const RecipeRow& lane : lanes_) {
      auto sequence = store_.read(video_id, lane.id);
      if (!sequence) continue;
      require_columns(*sequence, lane.dim, video_id);
      sequences_.push_back(std::move(*sequence));
    }
  }

  const FeatureStore& store_;
  const std::vector<RecipeRow>& lanes_;
  const Pooling pooling_;
  const bool by_reference_;
  std::string video_id_;
  std::vector<FeatureSequence> sequences_;
};

/// The index of each clip's video, in order of first appearance.
std::vector<std::int32_t> videos_of(const std::vector<ClipRef>& clips) {
  std::map<std::string, std::int32_t> numbers;
  std::vector<std::int32_t> videos;
  for (const ClipRef& clip : clips) {
    videos.push_back(numbers.emplace(clip.video_id, static_cast<std::int32_t>(numbers.size())).first->second);
  }
  return videos;
}

Matrix matrix_of(const std::vector<ClipFeature>& rows, std::int64_t dim) {
  Matrix matrix(static_cast<std::int64_t>(rows.size()), dim);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy(rows[i].begin(), rows[i].end(), matrix.row(static_cast<std::int64_t>(i)));
  }
  return matrix;
}

}  // namespace

std::vector<VideoSource> sources_of(const FeatureStore& store) {
  std::vector<VideoSource> sources;
  for (VideoRow& row : store.videos()) sources.push_back(std::move(row.source));
  return sources;
}

DataSet read_data(const DataOptions& options, const std::vector<VideoSource>& videos, std::uint64_t seed) {
  DataSet data = read_dataset(options.dataset);
  resolve_video_ids(data, videos);
  if (options.val_fraction > 0 && data.val.empty()) hold_out_validation(data, options.val_fraction, seed);
  for (const std::string& note : data.notes) say("data: " + note);
  say(fmt::format("data: {}: {} training clips with {} captions, {} validation, {} test with {} captions",
                  data.name, data.train.clips.size(), data.train.captions.size(), data.val.clips.size(),
                  data.test.clips.size(), data.test.captions.size()));
  return data;
}

std::vector<std::string> texts_of(const CaptionSet& split) {
  std::vector<std::string> texts;
  for (const Caption& caption : split.captions) texts.push_back(caption.text);
  return texts;
}

void add_words(const DataSet& data, std::set<std::string>& words) {
  for (const CaptionSet* split : {&data.train, &data.val, &data.test}) {
    for (const Caption& caption : split->captions) {
      for (std::string& word : tokenize(caption.text)) words.insert(std::move(word));
    }
  }
}

std::filesystem::path word_vector_file(const std::function<std::vector<std::string>()>& sentences,
                                       const LearnOptions& options, RunFolder& folder, Collective& group) {
  if (!options.word_vectors.empty()) return options.word_vectors;
  if (group.rank() == 0) train_words(sentences(), options, folder);
  (void)first_says(group, true);
  return folder.words();
}

WordTable words_of(const std::set<std::string>& distinct, const std::filesystem::path& file) {
  WordTable words = open_word_vectors(file)->lookup({distinct.begin(), distinct.end()});
  say(fmt::format("text: {} of {} distinct words have a vector ({} columns)", words.words.size(),
                  distinct.size(), words.vectors.cols()));
  if (!words.note.empty()) warn(words.note);
  if (words.words.empty()) {
    throw Error(Fault::Mismatch, file.string(), "it has no vector for any word of the captions",
                "Give word vectors of the captions' language, or omit --word-vectors to train them");
  }
  return words;
}

TextCoverage coverage_of(const CaptionSet& split, const WordTable& words, std::size_t examples) {
  return measure_coverage(texts_of(split), words, examples);
}

std::string sentence_of(const TextCoverage& coverage, const std::string& split) {
  std::string text = fmt::format("{} of {} words in the {} captions have no vector ({:.1f} %)",
                                 coverage.unknown_words, coverage.words, split,
                                 100.0 * static_cast<double>(coverage.unknown_words) /
                                     static_cast<double>(std::max<std::int64_t>(1, coverage.words)));
  for (std::size_t i = 0; i < coverage.commonest_unknown.size(); ++i) {
    const auto& [word, count] = coverage.commonest_unknown[i];
    text += fmt::format("{}{} {}", i == 0 ? ", most frequent: " : ", ", word, count);
  }
  if (coverage.empty_sentences > 0) {
    text += fmt::format("; {} captions have no word with a vector, so the model sees only padding",
                        coverage.empty_sentences);
  }
  return text;
}

std::vector<std::string> sentences_of(const LeftOut& left_out) {
  std::vector<std::string> sentences;
  const auto add = [&](const std::vector<std::string>& videos, const char* what) {
    if (videos.empty()) return;
    sentences.push_back(fmt::format("{} clips {}, for example of {}", videos.size(), what, videos.front()));
  };
  add(left_out.without_features, "have no features in the store and are left out");
  add(left_out.beyond_the_end, "start after the end of their video and are left out");
  add(left_out.with_zeros, "have no feature row in some lane, which is zeros for them, as in the reference");
  add(left_out.cut_at_the_end, "end after their video, up to whose end they are used");
  return sentences;
}

Pairs load_pairs(const FeatureStore& store, const std::vector<RecipeRow>& lanes, const CaptionSet& split,
                 Pooling pooling, LeftOut& left_out) {
  std::int64_t dim = 0;
  for (const RecipeRow& lane : lanes) dim += lane.dim * pooled_parts(pooling);
  std::vector<ClipFeature> rows;
  std::vector<std::int32_t> new_index(split.clips.size(), -1);
  Pairs result;
  ClipPooler pooler(store, lanes, pooling, split.by_reference);
  for (std::size_t i = 0; i < split.clips.size(); ++i) {
    ClipFeature row = pooler.pooled(split.clips[i], left_out);
    if (row.empty()) continue;
    new_index[i] = static_cast<std::int32_t>(rows.size());
    rows.push_back(std::move(row));
    result.clips.push_back(split.clips[i]);
  }
  result.pairs.clips = matrix_of(rows, dim);
  result.pairs.video_of = videos_of(result.clips);
  for (const Caption& caption : split.captions) {
    const std::int32_t clip = new_index[static_cast<std::size_t>(caption.clip)];
    if (clip < 0) continue;
    result.pairs.clip_of.push_back(clip);
    result.captions.push_back(caption.text);
  }
  return result;
}

std::int64_t give_word_ids(Pairs& pairs, const WordTable& words, int max_words) {
  std::int64_t cut = 0;
  pairs.pairs.captions.clear();
  for (const std::string& caption : pairs.captions) {
    std::vector<std::int32_t> ids = encode(caption, words, max_words + 1);
    if (ids.size() > static_cast<std::size_t>(max_words)) {
      ids.pop_back();
      ++cut;
    }
    pairs.pairs.captions.push_back(std::move(ids));
  }
  return cut;
}

}  // namespace tvr
