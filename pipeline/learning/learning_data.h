#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "data/datasets/caption.h"
#include "data/datasets/data_options.h"
#include "data/datasets/video.h"
#include "data/store/feature.h"
#include "data/store/feature_store.h"
#include "model/distributed/collective.h"
#include "model/pairs.h"
#include "pipeline/learning/learning_options.h"
#include "pipeline/run/run_folder.h"
#include "text/coverage.h"
#include "text/word_vectors.h"

namespace tvr {

/// Captions and features of one split side by side; row i of pairs.clips is clips[i]. The word ids
/// pairs.captions are empty until give_word_ids().
struct Pairs {
  PairData pairs;
  std::vector<ClipRef> clips;
  std::vector<std::string> captions;  // the text of pairs.captions[i]
};

/// Reads the data set that the flags name and matches its video names to `videos`. Throws what read_dataset()
/// and resolve_video_ids() throw.
[[nodiscard]] DataSet read_data(const DataOptions& options, const std::vector<VideoSource>& videos,
                                std::uint64_t seed);

/// The videos of a store, as read_data() takes them.
[[nodiscard]] std::vector<VideoSource> sources_of(const FeatureStore& store);

/// The texts of a split's captions, in order.
[[nodiscard]] std::vector<std::string> texts_of(const CaptionSet& split);
/// Adds the words of all captions.
void add_words(const DataSet& data, std::set<std::string>& words);

/// The file that is given, or the fastText model of the training sentences in `folder`, which is trained
/// unless it is up to date: of a group by rank 0, for which the others wait.
[[nodiscard]] std::filesystem::path word_vector_file(
    const std::function<std::vector<std::string>()>& sentences, const LearnOptions& options,
    RunFolder& folder, Collective& group);

/// The vectors that `file` has for these words. Throws Error(Mismatch) when it has none.
[[nodiscard]] WordTable words_of(const std::set<std::string>& words, const std::filesystem::path& file);

/// How much of a split's captions the words cover, and the same as a sentence ("12 of 900 words in the test
/// captions have no vector ...").
[[nodiscard]] TextCoverage coverage_of(const CaptionSet& split, const WordTable& words,
                                       std::size_t examples = 10);
[[nodiscard]] std::string sentence_of(const TextCoverage& coverage, const std::string& split);

/// Clips that are left out with their captions, or in part, each by the id of its video.
struct LeftOut {
  std::vector<std::string> without_features;  // the store lacks the video, or one of its lanes
  std::vector<std::string> beyond_the_end;    // the clip starts after its video's last row
  std::vector<std::string> cut_at_the_end;    // it ends after that row: only what lies before is used
  std::vector<std::string> with_zeros;        // by reference: a lane has no row of the clip, and is zeros
};
/// One sentence for each kind of which there are some.
[[nodiscard]] std::vector<std::string> sentences_of(const LeftOut& left_out);

/// Clips pooled over time (pool_lanes, or pool_lanes_by_number where the split is by reference), with their
/// captions; those without features, or beyond the end of their video, are added to `left_out`.
[[nodiscard]] Pairs load_pairs(const FeatureStore& store, const std::vector<RecipeRow>& lanes,
                               const CaptionSet& split, Pooling pooling, LeftOut& left_out);

/// Fills in the captions as word ids, at most `max_words` per caption. Returns how many captions have more.
std::int64_t give_word_ids(Pairs& pairs, const WordTable& words, int max_words);

}  // namespace tvr
