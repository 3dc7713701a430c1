#include "pipeline/learning/splits.h"

#include <fmt/format.h>

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "data/error.h"
#include "pipeline/learning/cautions.h"
#include "pipeline/learning/sentence_vectors.h"
#include "pipeline/narrated/narrated_text.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

void check(const DataSet& data, const LearnOptions& options) {
  if (options.select_on_test && (!data.val.empty() || data.test.empty())) {
    throw Error(Fault::InvalidArgument, "select-on-test",
                data.test.empty() ? "there is no test split" : "there is a validation split too",
                "Choose the epoch on one of them");
  }
  if (options.train.early_stop > 0 && data.val.empty() && !options.select_on_test) {
    throw Error(Fault::InvalidArgument, "early-stop", "there is no validation split to measure it on",
                "Pass --val FILE.csv or --val-fraction 0.1");
  }
}

nlohmann::json json_of(const TextCoverage& coverage) {
  nlohmann::json commonest = nlohmann::json::array();
  for (const auto& [word, count] : coverage.commonest_unknown) commonest.push_back({word, count});
  return {{"captions", coverage.sentences},
          {"captions_without_known_word", coverage.empty_sentences},
          {"words", coverage.words},
          {"words_without_vector", coverage.unknown_words},
          {"commonest_without_vector", std::move(commonest)}};
}

/// Reports the words without a vector and keeps their counts by split.
void tell_coverage(const DataSet& data, Splits& splits) {
  for (const auto& [name, split] : {std::pair{"train", &data.train}, std::pair{"test", &data.test}}) {
    if (split->empty()) continue;
    const TextCoverage coverage = coverage_of(*split, splits.words);
    say("text: " + sentence_of(coverage, name));
    if (coverage.empty_sentences == coverage.sentences) {
      throw Error(Fault::Mismatch, "text", fmt::format("no {} caption has a word with a vector", name),
                  "Give word vectors of the captions' language, or omit --word-vectors to train them");
    }
    give_caution(mostly_unknown(coverage, name), splits.findings);
    splits.coverage[name] = json_of(coverage);
  }
}

/// The captions and clips that are left out, or in part, by reason; null when there are none.
nlohmann::json json_of(const LeftOut& left_out, const DataSet& data) {
  nlohmann::json json;
  const auto add = [&](const char* name, std::int64_t count) {
    if (count > 0) json[name] = count;
  };
  add("clips_without_features", static_cast<std::int64_t>(left_out.without_features.size()));
  add("clips_beyond_the_end", static_cast<std::int64_t>(left_out.beyond_the_end.size()));
  add("clips_cut_at_the_end", static_cast<std::int64_t>(left_out.cut_at_the_end.size()));
  add("clips_with_a_lane_of_zeros", static_cast<std::int64_t>(left_out.with_zeros.size()));
  add("captions_of_empty_clips", data.empty_spans);
  return json;
}

/// Loads the clips and the texts of their captions of every split.
void load_clips_into(Splits& splits, const FeatureStore& store, const std::vector<RecipeRow>& lanes,
                     const DataSet& data, Pooling pooling) {
  LeftOut left_out;
  splits.train = load_pairs(store, lanes, data.train, pooling, left_out);
  splits.val = load_pairs(store, lanes, data.val, pooling, left_out);
  splits.test = load_pairs(store, lanes, data.test, pooling, left_out);
  for (std::string& sentence : sentences_of(left_out)) give_caution(std::move(sentence), splits.findings);
  for (const auto& [name, wanted, loaded] :
       {std::tuple{"training", &data.train, &splits.train}, std::tuple{"validation", &data.val, &splits.val},
        std::tuple{"test", &data.test, &splits.test}}) {
    if (wanted->empty() || !loaded->captions.empty()) continue;
    throw Error(Fault::NotFound, "captions",
                fmt::format("all {} {} clips are left out", wanted->clips.size(), name),
                "Extract their videos with every lane, or give captions of videos that are in the store");
  }
  give_caution(captions_of_several_clips(splits.test), splits.findings);
  give_caution(captions_known_from_training(splits.train, splits.test), splits.findings);
  splits.left_out = json_of(left_out, data);
  if (!splits.val.captions.empty()) splits.selected_on = "validation";
}

/// Loads the features and captions of every split; `splits` has the words.
void load_pairs_into(Splits& splits, const FeatureStore& store, const std::vector<RecipeRow>& lanes,
                     const DataSet& data, const LearnOptions& options) {
  tell_coverage(data, splits);
  load_clips_into(splits, store, lanes, data, options.pooling);
  for (const auto& [name, split] :
       {std::pair{"train", &splits.train}, std::pair{"val", &splits.val}, std::pair{"test", &splits.test}}) {
    const std::int64_t cut = give_word_ids(*split, splits.words, options.train.max_words);
    if (cut == 0) continue;
    splits.coverage[name]["captions_cut"] = cut;
    say(fmt::format("text: {} of {} {} captions have more than {} words; the rest of them is not used", cut,
                    split->captions.size(), name, options.train.max_words));
  }
  if (options.select_on_test) {
    splits.val = splits.test;
    splits.selected_on = "test";
    give_caution(
        "the epoch was selected on the test split (--select-on-test): the metrics are the best of all "
        "epochs, not what to expect on new videos",
        splits.findings);
  }
}

void load_sets_into(Splits& splits, const std::vector<RecipeRow>& lanes,
                    const std::vector<EvalCaptions>& sets, const LearnOptions& options) {
  std::vector<std::string> names;
  for (const RecipeRow& lane : lanes) names.push_back(lane.recipe.lane);
  for (const EvalCaptions& set : sets) {
    splits.sets.push_back(load_eval_set(set, names, splits.words, options.pooling, options.train.max_words));
  }
}

}  // namespace

void Splits::standardize() {
  if (!standardization) return;
  standardization->apply(train.pairs.clips);
  standardization->apply(val.pairs.clips);
  for (EvalSet& set : sets) standardization->apply(set.test.pairs.clips);
}

Splits load_splits(RunFolder& folder, const FeatureStore& store, const std::vector<RecipeRow>& lanes,
                   const DataSet& data, const std::vector<EvalCaptions>& sets, const LearnOptions& options,
                   Collective& group) {
  check(data, options);
  Splits splits;
  std::set<std::string> words;
  add_words(data, words);
  for (const EvalCaptions& set : sets) add_words(set.data, words);
  splits.words =
      words_of(words, word_vector_file([&] { return texts_of(data.train); }, options, folder, group));
  load_pairs_into(splits, store, lanes, data, options);
  load_sets_into(splits, lanes, sets, options);
  if (options.standardize) splits.standardization.emplace(splits.train.pairs.clips);
  return splits;
}

Splits load_sentence_splits(RunFolder& folder, const FeatureStore& store, const std::vector<RecipeRow>& lanes,
                            const DataSet& data, PretrainedPair& pair) {
  Splits splits;
  load_clips_into(splits, store, lanes, data, pair.pooling());
  splits.words.vectors = embed_captions(folder, pair, {&splits.test, &splits.val, &splits.train});
  return splits;
}

Splits load_narrated_splits(RunFolder& folder, std::shared_ptr<const NarratedVideos> narrated,
                            const std::optional<FeatureStore>& store, const std::vector<RecipeRow>& lanes,
                            DataSet data, const std::vector<EvalCaptions>& sets, const LearnOptions& options,
                            Collective& group) {
  constexpr std::size_t kMostSentences = 500'000;  // that word vectors are trained on
  data.train = {};
  check(data, options);
  Splits splits;
  std::set<std::string> words;
  {
    ProgressLine line("words", "videos", narrated->count());
    words = words_in(*narrated, progress_on(line));
  }
  add_words(data, words);
  for (const EvalCaptions& set : sets) add_words(set.data, words);
  splits.words = words_of(words, word_vector_file([&] { return sample_lines(*narrated, kMostSentences); },
                                                  options, folder, group));
  splits.narrated = std::move(narrated);
  if (store) load_pairs_into(splits, *store, lanes, data, options);
  load_sets_into(splits, lanes, sets, options);
  return splits;
}

}  // namespace tvr
