#pragma once

#include <string>
#include <vector>

#include "data/caption.h"
#include "data/feature_store.h"
#include "model/pairs.h"
#include "model/retrieval_metrics.h"
#include "model/trainer.h"
#include "pipeline/options.h"
#include "pipeline/run_folder.h"
#include "text/word_vectors.h"

namespace tvr {

/// Captions and features of one split side by side; row i of pairs.clips is clips[i].
struct Pairs {
  PairData pairs;
  std::vector<ClipRef> clips;
  std::vector<std::string> captions;  // the text of pairs.captions[i]
};

/// Reads the data set that the flags name and fits its video names to `videos`. Throws Error(InvalidArgument)
/// when neither
/// --annotations nor --captions is given.
[[nodiscard]] DataSet read_data(const DataOptions& options, const std::vector<VideoSource>& videos,
                                std::uint64_t seed);

/// Vectors for every word of the data set: from the file that is given, or from a fastText model that is
/// trained on the training captions when the one in `folder` is not fresh.
[[nodiscard]] WordTable words_for(const DataSet& data, const LearnOptions& options, RunFolder& folder);

/// Pools each clip's rows by max over time, L2 a lane, lanes side by side. Clips without features in every
/// lane are left out with their captions and counted in `left_out`.
[[nodiscard]] Pairs load_pairs(const FeatureStore& store, const std::vector<RecipeRow>& lanes,
                               const CaptionSet& split, const WordTable& words, int max_words,
                               std::vector<std::string>& left_out);

/// Trains when the checkpoint in `folder` is not fresh; returns whether it had to.
bool train_into(RunFolder& folder, const Pairs& train, const Pairs& val, const WordTable& words,
                const TrainOptions& options);

/// Ranks and metrics of both directions, and what they were computed from.
struct Evaluation {
  std::vector<double> t2v_ranks, v2t_ranks;
  RetrievalMetrics t2v, v2t;
  Matrix text, video;  // embeddings [captions, D], [clips, D]
};
[[nodiscard]] Evaluation evaluate(const JointEmbedding& model, const Pairs& pairs, const WordTable& words,
                                  Ties ties);

/// {"R@1":, "R@5":, "R@10":, "MedR":, "MeanR":, "queries":} of both directions, as metrics.json holds it a
/// split.
[[nodiscard]] std::string metrics_json(const Evaluation& test, const std::string& split);
/// The same as a table for people, with chance beside it.
[[nodiscard]] std::string metrics_table(const Evaluation& evaluation);

}  // namespace tvr
