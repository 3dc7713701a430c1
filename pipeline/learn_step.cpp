#include "pipeline/learn_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "data/datasets.h"
#include "data/error.h"
#include "data/feature.h"
#include "data/pth.h"
#include "pipeline/console.h"
#include "pipeline/table.h"
#include "text/sentence.h"
#include "text/tokenizer.h"

namespace tvr {
namespace {

/// A digest over values that are added piece by piece.
class Digester {
 public:
  Digester& add(const std::string& text) {
    chain_ = sha256(chain_ + sha256(text));
    return *this;
  }
  Digester& add(const Matrix& matrix) {
    add(fmt::format("{}x{}", matrix.rows(), matrix.cols()));
    chain_ = sha256(chain_ + sha256(std::string_view(
                                 reinterpret_cast<const char*>(matrix.data()),
                                 static_cast<std::size_t>(matrix.rows() * matrix.cols()) * sizeof(float))));
    return *this;
  }
  Digester& add(const PairData& pairs) {
    add(pairs.clips);
    std::string ids;
    for (std::size_t i = 0; i < pairs.captions.size(); ++i) {
      ids += fmt::format("{}:{};", pairs.clip_of[i], fmt::join(pairs.captions[i], ","));
    }
    return add(ids);
  }
  [[nodiscard]] Digest digest() const { return chain_; }

 private:
  Digest chain_;
};

std::string text_of(const TrainOptions& o) {
  return fmt::format("epochs={} batch={} D={} words={} lr={} decay={} margin={} seed={}", o.epochs,
                     o.batch_size, o.embd_dim, o.max_words, o.lr, o.lr_decay, o.margin, o.seed);
}

std::vector<std::string> texts_of(const CaptionSet& split) {
  std::vector<std::string> texts;
  for (const Caption& caption : split.captions) texts.push_back(caption.text);
  return texts;
}

std::filesystem::path train_words(const DataSet& data, RunFolder& folder) {
  const std::vector<std::string> sentences = texts_of(data.train);
  const SkipgramOptions options;
  Digester inputs;
  inputs.add(fmt::format("skipgram dim={} epochs={} min_count={} bucket={} lr={} seed={}", options.dim,
                         options.epochs, options.min_count, options.bucket, options.lr, options.seed));
  inputs.add(fmt::format("{}", fmt::join(sentences, "\n")));
  if (folder.is_fresh("words", inputs.digest(), folder.words())) {
    say("text: word vectors are fresh");
    return folder.words();
  }
  say(fmt::format("text: training fastText vectors on {} captions", sentences.size()));
  train_skipgram(sentences, options, folder.words());
  folder.mark_done("words", inputs.digest());
  return folder.words();
}

nlohmann::json json_of(const RetrievalMetrics& m) {
  return {{"R@1", m.r1},           {"R@5", m.r5},          {"R@10", m.r10},
          {"MedR", m.median_rank}, {"MeanR", m.mean_rank}, {"queries", m.queries}};
}

/// The lines of history.jsonl by epoch; a training that goes on rewrites the epochs it repeats.
class History {
 public:
  explicit History(std::filesystem::path path) : path_(std::move(path)) {
    if (!std::filesystem::exists(path_)) return;
    const std::string text = read_text(path_);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const auto line = nlohmann::json::parse(text.substr(at, end - at), nullptr, false);
      if (line.is_object() && line.contains("epoch")) lines_[line["epoch"].get<int>()] = line.dump();
      at = end + 1;
    }
  }
  void add(const EpochReport& report) {
    nlohmann::json line = {
        {"epoch", report.epoch}, {"loss", report.loss}, {"lr", report.lr}, {"seconds", report.seconds}};
    if (report.val_t2v) line["val"] = {{"t2v", json_of(*report.val_t2v)}};
    lines_[report.epoch] = line.dump();
    std::string text;
    for (const auto& [epoch, entry] : lines_) text += entry + '\n';
    write_text(path_, text);
  }

 private:
  std::filesystem::path path_;
  std::map<int, std::string> lines_;
};

}  // namespace

DataSet read_data(const DataOptions& options, const std::vector<VideoSource>& videos, std::uint64_t seed) {
  if (options.annotations.empty() && options.captions.empty()) {
    throw Error(Fault::InvalidArgument, "captions", "none are named",
                "Pass --annotations MSRVTT_data.json or --captions FILE.csv");
  }
  DataSet data = options.captions.empty()
                     ? read_msrvtt({options.annotations, options.train, options.val, options.test})
                     : read_captions(options.captions, {options.test_videos, options.test_fraction});
  resolve_video_ids(data, videos);
  if (options.val_fraction > 0 && data.val.empty()) hold_out_validation(data, options.val_fraction, seed);
  for (const std::string& note : data.notes) say("data: " + note);
  say(fmt::format("data: {}: {} training clips with {} captions, {} validation, {} test with {} captions",
                  data.name, data.train.clips.size(), data.train.captions.size(), data.val.clips.size(),
                  data.test.clips.size(), data.test.captions.size()));
  return data;
}

WordTable words_for(const DataSet& data, const LearnOptions& options, RunFolder& folder) {
  const auto file = options.word_vectors.empty() ? train_words(data, folder) : options.word_vectors;
  std::set<std::string> distinct;
  for (const CaptionSet* split : {&data.train, &data.val, &data.test}) {
    for (const Caption& caption : split->captions) {
      for (std::string& word : tokenize(caption.text)) distinct.insert(std::move(word));
    }
  }
  WordTable words = open_word_vectors(file)->lookup({distinct.begin(), distinct.end()});
  say(fmt::format("text: {} of {} distinct words have a vector ({} columns)", words.words.size(),
                  distinct.size(), words.vectors.cols()));
  if (words.words.empty()) {
    throw Error(Fault::Mismatch, file.string(), "it knows no word of the captions",
                "Give word vectors of the captions' language, or none to train them");
  }
  return words;
}

Pairs load_pairs(const FeatureStore& store, const std::vector<RecipeRow>& lanes, const CaptionSet& split,
                 const WordTable& words, int max_words, std::vector<std::string>& left_out) {
  std::int64_t dim = 0;
  for (const RecipeRow& lane : lanes) dim += lane.dim;
  std::vector<std::vector<float>> rows;
  std::vector<std::int32_t> new_index(split.clips.size(), -1);
  Pairs result;
  std::map<std::string, std::vector<FeatureSequence>> cache;  // spans of one video follow each other
  for (std::size_t i = 0; i < split.clips.size(); ++i) {
    const ClipRef& clip = split.clips[i];
    if (cache.find(clip.video_id) == cache.end()) {
      cache.clear();
      std::vector<FeatureSequence> sequences;
      for (const RecipeRow& lane : lanes) {
        if (auto sequence = store.read(clip.video_id, lane.id)) sequences.push_back(std::move(*sequence));
      }
      cache.emplace(clip.video_id, std::move(sequences));
    }
    const std::vector<FeatureSequence>& sequences = cache.begin()->second;
    std::vector<float> row;
    try {
      row = pool_lanes(sequences, clip.span);
    } catch (const Error& error) {  // the span lies beyond the video
      if (error.fault() != Fault::NotFound) throw;
      row.clear();
    }
    if (sequences.size() != lanes.size() || row.empty()) {
      left_out.push_back(clip.video_id);
      continue;
    }
    new_index[i] = static_cast<std::int32_t>(rows.size());
    rows.push_back(std::move(row));
    result.clips.push_back(clip);
  }
  result.pairs.clips = Matrix(static_cast<std::int64_t>(rows.size()), dim);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy(rows[i].begin(), rows[i].end(), result.pairs.clips.row(static_cast<std::int64_t>(i)));
  }
  for (const Caption& caption : split.captions) {
    const std::int32_t clip = new_index[static_cast<std::size_t>(caption.clip)];
    if (clip < 0) continue;
    result.pairs.captions.push_back(encode(caption.text, words, max_words));
    result.pairs.clip_of.push_back(clip);
    result.captions.push_back(caption.text);
  }
  return result;
}

bool train_into(RunFolder& folder, const Pairs& train, const Pairs& val, const WordTable& words,
                const TrainOptions& options) {
  const Digest inputs =
      Digester().add(text_of(options)).add(train.pairs).add(val.pairs).add(words.vectors).digest();
  if (folder.is_fresh("train", inputs, folder.checkpoint())) {
    say("train: nothing to do, the checkpoint is fresh");
    return false;
  }
  if (!folder.is_fresh("training", inputs, folder.state())) {
    std::filesystem::remove(folder.state());  // of other data or options: not to be continued
    std::filesystem::remove(folder.history());
  } else {
    say("train: going on from " + folder.state().string());
  }
  folder.mark_done("training", inputs);
  History history(folder.history());
  ProgressLine line("training", "epochs", options.epochs);
  const auto on_epoch = [&](const EpochReport& report) {
    history.add(report);
    line.update(report.epoch, fmt::format("loss {:.4f}", report.loss));
  };
  const auto go_on = [](const ProgressEvent&) { return !stop_requested(); };
  const TrainResult result =
      tvr::train(train.pairs, val.pairs, words.vectors, options, folder.state(), on_epoch, go_on);
  write_pth(folder.checkpoint(), result.weights);
  folder.mark_done("train", inputs);
  std::filesystem::remove(folder.state());  // what it was kept for is done
  return true;
}

Evaluation evaluate(const JointEmbedding& model, const Pairs& pairs, const WordTable& words, Ties ties) {
  Evaluation evaluation;
  evaluation.text = model.embed_text(words.vectors, pairs.pairs.captions);
  evaluation.video = model.embed_video(pairs.pairs.clips);
  evaluation.t2v_ranks = text_to_video_ranks(evaluation.text, evaluation.video, pairs.pairs.clip_of, ties);
  evaluation.v2t_ranks = video_to_text_ranks(evaluation.text, evaluation.video, pairs.pairs.clip_of, ties);
  evaluation.t2v = summarize(evaluation.t2v_ranks);
  evaluation.v2t = summarize(evaluation.v2t_ranks);
  return evaluation;
}

std::string metrics_json(const Evaluation& test, const std::string& split) {
  return nlohmann::json{{split, {{"t2v", json_of(test.t2v)}, {"v2t", json_of(test.v2t)}}}}.dump(2) + "\n";
}

std::string metrics_table(const Evaluation& evaluation) {
  using Align = Table::Align;
  Table table({{""},
               {"R@1", Align::Right},
               {"R@5", Align::Right},
               {"R@10", Align::Right},
               {"MedR", Align::Right},
               {"MeanR", Align::Right},
               {"queries", Align::Right}});
  const auto add = [&](const char* name, const RetrievalMetrics& m) {
    table.add({name, fmt::format("{:.1f}", m.r1), fmt::format("{:.1f}", m.r5), fmt::format("{:.1f}", m.r10),
               fmt::format("{:.1f}", m.median_rank), fmt::format("{:.1f}", m.mean_rank),
               fmt::format("{}", m.queries)});
  };
  add("text to video", evaluation.t2v);
  add("video to text", evaluation.v2t);
  const auto candidates = static_cast<double>(evaluation.video.rows());
  const auto chance = [&](double k) { return 100 * std::min(1.0, k / candidates); };
  table.add({"chance (text to video)", fmt::format("{:.1f}", chance(1)), fmt::format("{:.1f}", chance(5)),
             fmt::format("{:.1f}", chance(10)), fmt::format("{:.1f}", (candidates + 1) / 2),
             fmt::format("{:.1f}", (candidates + 1) / 2), ""});
  return table.text();
}

}  // namespace tvr
