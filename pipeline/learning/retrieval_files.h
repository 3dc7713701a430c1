#pragma once

#include <string>

#include "pipeline/learning/evaluation.h"
#include "pipeline/learning/learning_data.h"

namespace tvr {

/// CSV `direction,query,video,start,end,caption,rank`, one line per query, both directions. Text to video:
/// the rank of the caption's clip; query counts captions. Video to text: the rank of the clip's best-ranked
/// caption; query counts clips, and the column caption is empty. start and end are seconds, empty for a whole
/// video.
[[nodiscard]] std::string ranks_csv(const Pairs& test, const Evaluation& evaluation);

/// Text to video in TREC's formats. A run is `query Q0 document rank score tag`, the `depth` best clips per
/// query; qrels are `query 0 document 1`. Queries are q1, q2, ... in order of the captions; a document is a
/// video's name, with "@start-end" in microseconds for a part of it; blanks and '%' are written %20, %25.
[[nodiscard]] std::string trec_run(const Pairs& test, const Evaluation& evaluation, std::size_t depth = 1000);
[[nodiscard]] std::string trec_qrels(const Pairs& test);

}  // namespace tvr
