#include "pipeline/learning/retrieval_files.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "data/csv.h"
#include "data/datasets/video_id.h"
#include "data/time.h"

namespace tvr {
namespace {

std::string clip_cells(const ClipRef& clip) {
  const auto seconds = [](Micros time) { return fmt::format("{}", static_cast<double>(time.count()) / 1e6); };
  return csv_cell(video_text(clip.video_id)) + ',' + (clip.span ? seconds(clip.span->start) : "") + ',' +
         (clip.span ? seconds(clip.span->end) : "");
}

/// A video's name without blanks, which separate TREC's columns.
std::string document_of(const ClipRef& clip) {
  std::string name;
  for (const char c : video_name(clip.video_id)) {
    const bool parts = c == '%' || static_cast<unsigned char>(c) <= ' ';
    name += parts ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  if (clip.span) name += fmt::format("@{}-{}", clip.span->start.count(), clip.span->end.count());
  return name;
}

/// Of clips that are the same part of a video each has a document of its own.
std::vector<std::string> documents_of(const std::vector<ClipRef>& clips) {
  std::vector<std::string> documents;
  std::map<std::string, int> count;
  for (const ClipRef& clip : clips) {
    std::string document = document_of(clip);
    if (const int earlier = count[document]++; earlier > 0) document += fmt::format("#{}", earlier + 1);
    documents.push_back(std::move(document));
  }
  return documents;
}

}  // namespace

std::string ranks_csv(const Pairs& test, const Evaluation& evaluation) {
  std::string text = "direction,query,video,start,end,caption,rank\n";
  for (std::size_t i = 0; i < evaluation.t2v_ranks.ranks.size(); ++i) {
    text += fmt::format("t2v,{},{},{},{:g}\n", i + 1,
                        clip_cells(test.clips[static_cast<std::size_t>(test.pairs.clip_of[i])]),
                        csv_cell(test.captions[i]), evaluation.t2v_ranks.ranks[i]);
  }
  for (std::size_t i = 0; i < evaluation.v2t_ranks.ranks.size(); ++i) {
    text += fmt::format("v2t,{},{},,{:g}\n", i + 1, clip_cells(test.clips[i]), evaluation.v2t_ranks.ranks[i]);
  }
  return text;
}

std::string trec_run(const Pairs& test, const Evaluation& evaluation, std::size_t depth) {
  const std::vector<std::string> documents = documents_of(test.clips);
  std::string text;
  for (std::size_t i = 0; i < test.captions.size(); ++i) {
    int rank = 0;
    for (const Hit& hit : top_k(evaluation.text.row(static_cast<std::int64_t>(i)), evaluation.video, depth)) {
      text += fmt::format("q{} Q0 {} {} {:.6f} pipeline\n", i + 1,
                          documents[static_cast<std::size_t>(hit.row)], ++rank, hit.score);
    }
  }
  return text;
}

std::string trec_qrels(const Pairs& test) {
  const std::vector<std::string> documents = documents_of(test.clips);
  std::string text;
  for (std::size_t i = 0; i < test.captions.size(); ++i) {
    text += fmt::format("q{} 0 {} 1\n", i + 1, documents[static_cast<std::size_t>(test.pairs.clip_of[i])]);
  }
  return text;
}

}  // namespace tvr
