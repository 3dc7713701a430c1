#include "pipeline/commands/page_facts.h"

#include <algorithm>
#include <set>
#include <utility>

#include "data/datasets/datasets.h"
#include "data/datasets/video_selection.h"
#include "data/error.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/learning/learning_data.h"

namespace tvr {
namespace {

/// At most `most` members, spread evenly.
std::vector<const Caption*> some_of(const std::vector<Caption>& captions, std::size_t most) {
  std::vector<const Caption*> some;
  const std::size_t count = std::min(most, captions.size());
  for (std::size_t i = 0; i < count; ++i) some.push_back(&captions[i * captions.size() / count]);
  return some;
}

void add_captions(const CaptionSet& split, PageFacts& facts) {
  for (const Caption& caption : split.captions) {
    const ClipRef& clip = split.clips[static_cast<std::size_t>(caption.clip)];
    facts.captions[clip.video_id].push_back({clip.span, caption.text});
  }
}

std::vector<std::string> sentences_to_try(const CaptionSet& test) {
  constexpr std::size_t kMost = 6, kLookedAt = 60, kLongest = 90;
  std::set<std::string> seen;
  std::vector<std::string> sentences;
  std::vector<const Caption*> some = some_of(test.captions, kMost);
  const std::vector<const Caption*> more = some_of(test.captions, kLookedAt);
  some.insert(some.end(), more.begin(), more.end());
  for (const Caption* const caption : some) {
    if (sentences.size() < kMost && caption->text.size() <= kLongest && seen.insert(caption->text).second)
      sentences.push_back(caption->text);
  }
  return sentences;
}

/// The median over test captions of the best score of a video that is not the caption's.
std::optional<float> score_of_the_wrong(const CaptionSet& test, SearchService& service) {
  constexpr std::size_t kMost = 200;
  std::vector<float> scores;
  for (const Caption* const caption : some_of(test.captions, kMost)) {
    SearchQuery query;
    query.sentence = caption->text;
    query.top = 2;
    const std::string& right = test.clips[static_cast<std::size_t>(caption->clip)].video_id;
    for (const SearchHit& hit : service.answer(std::move(query)).hits) {
      if (hit.source.id == right) continue;
      scores.push_back(hit.score);
      break;
    }
  }
  if (scores.empty()) return std::nullopt;
  const auto middle = scores.begin() + static_cast<std::ptrdiff_t>(scores.size() / 2);
  std::nth_element(scores.begin(), middle, scores.end());
  return *middle;
}

}  // namespace

PageFacts page_facts(const std::filesystem::path& run, SearchService& service) {
  PageFacts facts;
  if (run.empty()) return facts;
  try {
    const RunManifest manifest = read_run(run, service.store());
    const DataSet data = read_data(manifest.data, sources_of(FeatureStore(service.store())), manifest.seed);
    for (const CaptionSet* const split : {&data.test, &data.val, &data.train}) add_captions(*split, facts);
    facts.sentences = sentences_to_try(data.test);
    facts.weak_below = score_of_the_wrong(data.test, service);
  } catch (const Error&) {  // the captions have moved, or are of another store
  }
  return facts;
}

VideoFiles files_below(const std::filesystem::path& folder, const SearchIndex& index) {
  std::map<std::string, std::string> id_of;
  std::vector<std::string> names;
  for (const IndexedVideo& video : index.videos()) {
    names.push_back(video_name(video.source.id));
    id_of.emplace(names.back(), video.source.id);
  }
  VideoSelection selection;
  selection.folder = folder;
  const std::vector<VideoSource> found = videos_of(selection);
  std::map<std::string, std::filesystem::path> path_of;
  for (const VideoSource& source : found) path_of.emplace(source.id, source.path);
  VideoFiles files;
  for (const auto& [name, id] : video_ids_of(names, found)) files.emplace(id_of.at(name), path_of.at(id));
  return files;
}

}  // namespace tvr
