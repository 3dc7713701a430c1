#include "pipeline/learning/cautions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "data/datasets/video_id.h"
#include "pipeline/terminal/console.h"
#include "text/tokenizer.h"

namespace tvr {
namespace {

/// On 238 clips with a label each, 100 steps of 128 clips gave half the R@1 of 700 steps of 32 clips.
constexpr std::int64_t kFewSteps = 200, kEnoughSteps = 500;
/// A smaller batch has too few wrong pairs to learn from.
constexpr std::int64_t kSmallestBatch = 8;
/// Published vectors lack the commonest words (Google's "a", "and", "of", "to"), a fifth of all words in
/// MSR-VTT's captions and nearly half of some captions.
constexpr double kMostlyUnknown = 0.5;
/// MSR-VTT's official test split, with twenty captions for each of 2990 videos, allows 93 % (1k-A 99.5 %).
constexpr double kReachableRecall = 0.9;
/// Of MSR-VTT's test captions 12 % are training captions, too: people describe different scenes alike.
constexpr double kMostlyKnown = 0.5;
constexpr double kHardlyBetter = 0.9;  // than the mean rank by chance

std::int64_t rounded_up(std::int64_t dividend, std::int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

/// A caption as it is compared: its words alone.
std::string words_of(std::string_view caption) {
  return fmt::format("{}", fmt::join(tokenize(caption), " "));
}

/// Whether the mean of the seeds' R@1 + R@5 + R@10, text to video, exceeds that of `other`.
bool beat(const std::vector<Evaluation>& seeds, const RetrievalMetrics& other) {
  const auto sum = [](const RetrievalMetrics& t2v) { return t2v["R@1"] + t2v["R@5"] + t2v["R@10"]; };
  double mean = 0;
  for (const Evaluation& seed : seeds) mean += sum(seed.t2v) / static_cast<double>(seeds.size());
  return mean > sum(other);
}

}  // namespace

void give_caution(std::string caution, std::vector<std::string>& findings) {
  if (caution.empty()) return;
  warn(caution);
  findings.push_back(std::move(caution));
}

std::string too_few_steps(const PairData& train, const TrainOptions& options) {
  const bool by_video = options.n_pair > 1;  // a batch takes every video once
  const auto items = by_video
                         ? static_cast<std::int64_t>(
                               std::set<std::int32_t>(train.video_of.begin(), train.video_of.end()).size())
                         : train.clips.rows();
  const std::int64_t per_epoch = items / options.batch_size, steps = per_epoch * options.epochs;
  if (per_epoch == 0 || steps >= kFewSteps) return {};  // without a batch nothing is trained
  const std::int64_t batch_size = items / rounded_up(kEnoughSteps, options.epochs);
  return fmt::format(
      "{} training {} in batches of {} over {} epochs are {} training steps, too few to learn much: set "
      "{}--epochs {}",
      items, by_video ? "videos" : "clips", options.batch_size, options.epochs, steps,
      batch_size >= kSmallestBatch ? fmt::format("--batch-size {} or ", batch_size) : "",
      rounded_up(kEnoughSteps, per_epoch));
}

std::string mostly_unknown(const TextCoverage& coverage, const std::string& split) {
  const auto unknown = static_cast<double>(coverage.unknown_words);
  if (unknown <= kMostlyUnknown * static_cast<double>(coverage.words)) return {};
  return fmt::format(
      "the word vectors lack {:.0f} % of the words in the {} captions, and the model does not see them: give "
      "--word-vectors of the captions' language, with words spelled as in the captions, or none to train "
      "vectors on the captions",
      100 * unknown / static_cast<double>(coverage.words), split);
}

std::string captions_of_several_clips(const Pairs& test) {
  std::map<std::string, std::map<std::int32_t, std::int64_t>> counts;  // by caption and clip
  for (std::size_t i = 0; i < test.captions.size(); ++i) {
    ++counts[words_of(test.captions[i])][test.pairs.clip_of[i]];
  }
  std::int64_t reachable = 0;  // queries whose clip can come first: those of one clip per caption
  for (const auto& [caption, of_clip] : counts) {
    const auto most = std::max_element(of_clip.begin(), of_clip.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    reachable += most->second;
  }
  const auto queries = static_cast<double>(test.captions.size());
  if (static_cast<double>(reachable) >= kReachableRecall * queries) return {};
  return fmt::format(
      "different test clips have the same caption: of {} test captions of {} clips {} are different, and R@1 "
      "of text to video cannot exceed {:.1f} %. Give the clips captions that tell them apart, or judge by "
      "R@5 "
      "and R@10",
      test.captions.size(), test.clips.size(), counts.size(), 100 * static_cast<double>(reachable) / queries);
}

std::string captions_known_from_training(const Pairs& train, const Pairs& test) {
  std::set<std::string> known;
  for (const std::string& caption : train.captions) known.insert(words_of(caption));
  const auto repeated = std::count_if(test.captions.begin(), test.captions.end(), [&](const auto& caption) {
    return known.count(words_of(caption)) > 0;
  });
  const auto queries = static_cast<double>(test.captions.size());
  if (static_cast<double>(repeated) <= kMostlyKnown * queries) return {};
  return fmt::format(
      "{} of {} test captions are training captions word for word: the metrics say how new videos are found "
      "by known sentences, not by new ones. Test on clips whose captions are in no other split to know that",
      repeated, test.captions.size());
}

std::string clips_known_from_training(const std::string& training, const std::vector<ClipRef>& test,
                                      const std::string& run) {
  const auto compared = [](std::string_view id) { return composed(video_name(id)); };
  std::unordered_set<std::string> known;
  for (std::size_t at = 0; at < training.size();) {
    const std::size_t end = std::min(training.find('\n', at), training.size());
    known.insert(compared(std::string_view(training).substr(at, end - at)));
    at = end + 1;
  }
  const auto count = std::count_if(test.begin(), test.end(), [&](const ClipRef& clip) {
    return known.count(compared(clip.video_id)) > 0;
  });
  if (count == 0) return {};
  return fmt::format(
      "{} of the {} test clips were training clips of {}, or are cut from the same videos: the metrics do "
      "not say how new clips are found. Test on videos that are in no training split to know that",
      count, test.size(), run);
}

std::string not_better_than_linear(const std::vector<Evaluation>& seeds, const RetrievalMetrics& linear) {
  constexpr double kAll = 100;
  if (beat(seeds, linear) || linear["R@1"] == kAll) return {};
  return fmt::format(
      "the trained model does not beat a linear model of the same features and captions, by the sum of R@1, "
      "R@5 and R@10: that gets R@1 {:.1f}, R@5 {:.1f}, R@10 {:.1f}. Give more clips if there are any, try "
      "--training-preset best, or a larger --kernel-weight",
      linear["R@1"], linear["R@5"], linear["R@10"]);
}

std::string not_better_than_zero_shot(const std::vector<Evaluation>& seeds,
                                      const RetrievalMetrics& zero_shot) {
  if (beat(seeds, zero_shot)) return {};
  return fmt::format(
      "on the test split the head does not beat the pretrained pair without it, which gets R@1 {:.1f}, R@5 "
      "{:.1f}, R@10 {:.1f}. Give more clips with captions if there are any, or search with the pair itself",
      zero_shot["R@1"], zero_shot["R@5"], zero_shot["R@10"]);
}

std::string no_better_than_chance(const std::string& split, const RetrievalMetrics& t2v, std::int64_t clips) {
  const double chance = (1 + static_cast<double>(clips)) / 2;
  if (clips == 1 || t2v["MeanR"] < kHardlyBetter * chance) return {};
  return fmt::format(
      "the mean rank of a {} caption's clip is {:.1f} of {}, {:.1f} by chance: hardly anything was learned. "
      "Check that the captions belong to these videos; after many training steps, a lower --lr may help",
      split, t2v["MeanR"], clips, chance);
}

}  // namespace tvr
