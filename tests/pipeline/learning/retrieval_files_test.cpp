#include "pipeline/learning/retrieval_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/datasets/video_id.h"

namespace tvr {
namespace {

using ::testing::HasSubstr;

/// A caption and a clip per name.
Pairs pairs_of(const std::vector<std::string>& names) {
  Pairs pairs;
  for (const std::string& name : names) {
    pairs.pairs.clip_of.push_back(static_cast<std::int32_t>(pairs.clips.size()));
    pairs.clips.push_back({escape_video_id(name), std::nullopt});
    pairs.captions.emplace_back("a cat plays");
  }
  return pairs;
}

TEST(RetrievalFiles, HaveTheNamesOfVideos) {
  const Pairs pairs = pairs_of({"-4wsuPCjDBc", "a\nb", "a%0Ab", "two words", "-1+1"});
  Evaluation evaluation;
  evaluation.t2v_ranks.ranks = {1, 2, 3, 4, 5};
  const std::string ranks = ranks_csv(pairs, evaluation), qrels = trec_qrels(pairs);
  for (const char* row : {"t2v,1,-4wsuPCjDBc,,,", "t2v,2,\"a\nb\",,,", "t2v,3,a%0Ab,,,", "t2v,4,two words,,,",
                          "t2v,5,'-1+1,,,"})
    EXPECT_THAT(ranks, HasSubstr(row));
  EXPECT_EQ(qrels, "q1 0 -4wsuPCjDBc 1\nq2 0 a%0Ab 1\nq3 0 a%250Ab 1\nq4 0 two%20words 1\nq5 0 -1+1 1\n");
}

TEST(RetrievalFiles, HaveADocumentForEachClipAlsoWhereTwoAreTheSamePartOfAVideo) {
  const Pairs pairs = pairs_of({"a", "b", "a", "a"});
  EXPECT_EQ(trec_qrels(pairs), "q1 0 a 1\nq2 0 b 1\nq3 0 a#2 1\nq4 0 a#3 1\n");
}

}  // namespace
}  // namespace tvr
