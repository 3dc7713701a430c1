#include "text/tf_idf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/support/python.h"

namespace tvr {
namespace {

const std::vector<std::string> kSentences = {"A dog chases a ball", "a dog sleeps", "The ball, the BALL!",
                                             "Übung macht den Meister", "übung und ein dog"};

TEST(TfIdf, KnowsTheWordsOfTwoSentencesInLowerCase) {
  const TfIdf words(kSentences, 100);
  EXPECT_EQ(words.words(), (std::vector<std::string>{"a", "ball", "dog", "übung"}));
  EXPECT_NEAR(words.weights()[2], std::log(6.0 / 4.0) + 1, 1e-6);  // three of five sentences have it
}

TEST(TfIdf, KeepsTheCommonestWhereThereAreTooMany) {
  EXPECT_EQ(TfIdf(kSentences, 1).words(), std::vector<std::string>{"dog"});
}

TEST(TfIdf, GivesRowsOfUnitLengthAndEmptyOnesWithoutKnownWords) {
  const TfIdf words(kSentences, 100);
  const SparseRow row = words.encode("Dog dog ball zebra");
  EXPECT_EQ(row.columns, (std::vector<std::int32_t>{1, 2}));
  EXPECT_NEAR(std::hypot(row.values[0], row.values[1]), 1, 1e-6);
  EXPECT_GT(row.values[1], row.values[0]) << "twice, though commoner";
  EXPECT_TRUE(words.encode("zebra").columns.empty());
  EXPECT_TRUE(words.encode("").columns.empty());
}

TEST(TfIdfParity, EqualsScikitLearns) {
  TVR_NEEDS_PYTHON("sklearn");
  const std::string script = R"(
import sys, json
from sklearn.feature_extraction.text import TfidfVectorizer
s = json.loads(sys.argv[1])
v = TfidfVectorizer(token_pattern=r"[\w']+", min_df=2)
m = v.fit_transform(s).toarray()
print(json.dumps({"words": v.get_feature_names_out().tolist(), "rows": m.tolist()}))
)";
  int status = 0;
  const std::string out = testing::run_python(script, "'" + nlohmann::json(kSentences).dump() + "'", status);
  ASSERT_EQ(status, 0) << out;
  const nlohmann::json wanted = nlohmann::json::parse(out);
  const TfIdf words(kSentences, 100);
  EXPECT_EQ(words.words(), wanted["words"].get<std::vector<std::string>>());
  for (std::size_t i = 0; i < kSentences.size(); ++i) {
    std::vector<double> row(words.words().size());
    const SparseRow sparse = words.encode(kSentences[i]);
    for (std::size_t w = 0; w < sparse.columns.size(); ++w)
      row[static_cast<std::size_t>(sparse.columns[w])] = static_cast<double>(sparse.values[w]);
    for (std::size_t w = 0; w < row.size(); ++w)
      EXPECT_NEAR(row[w], wanted["rows"][i][w].get<double>(), 1e-6) << i << ' ' << w;
  }
}

}  // namespace
}  // namespace tvr
