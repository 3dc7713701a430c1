#include "model/linear_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "model/random.h"
#include "model/retrieval_metrics.h"
#include "tests/support/expect_error.h"
#include "tests/support/python.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;

/// Clips that are noisy linear images of the words of their texts: three of `words` each.
LinearPairs planted(std::int64_t clips, std::int64_t words, std::int64_t dim, double noise,
                    std::uint64_t seed = 1) {
  const CounterRandom random(seed, RandomUse::Weights), common(99, RandomUse::Weights);
  std::uint64_t n = 0;
  LinearPairs pairs;
  pairs.words = words;
  pairs.clips = Matrix(clips, dim);
  for (std::int64_t clip = 0; clip < clips; ++clip) {
    std::set<std::int32_t> chosen;
    while (chosen.size() < 3)
      chosen.insert(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(words), n++)));
    SparseRow text;
    for (const std::int32_t word : chosen) {
      text.columns.push_back(word);
      text.values.push_back(0.5F + random.uniform(n++));
      for (std::int64_t d = 0; d < dim; ++d)
        pairs.clips.row(clip)[d] +=
            text.values.back() * (common.uniform(static_cast<std::uint64_t>(word * dim + d)) - 0.5F);
    }
    for (std::int64_t d = 0; d < dim; ++d)
      pairs.clips.row(clip)[d] += static_cast<float>(noise) * (random.uniform(n++) - 0.5F);
    pairs.texts.push_back(std::move(text));
    pairs.clip_of.push_back(static_cast<std::int32_t>(clip));
  }
  return pairs;
}

RetrievalMetrics metrics_of(const LinearModel& model, const LinearPairs& pairs) {
  return summarize(
      text_to_video_ranks(model.embed_text(pairs.texts), model.embed_video(pairs.clips), pairs.clip_of));
}

TEST(FitLinearModel, FindsTheClipsOfNewTexts) {
  const LinearModel model = fit_linear_model(planted(300, 20, 40, 0.2), {1, 1, 1});
  EXPECT_GT(metrics_of(model, planted(100, 20, 40, 0.2, 2))["R@1"], 80);
}

TEST(FitLinearModel, FindsThemWhereThereAreMoreFeaturesThanClips) {
  const LinearModel model = fit_linear_model(planted(120, 20, 400, 0.2), {1, 1, 1});
  EXPECT_GT(metrics_of(model, planted(50, 20, 400, 0.2, 2))["R@1"], 80);
}

TEST(FitLinearModel, FindsThemByPrincipalComponentsOfVeryWideFeatures) {
  const LinearPairs pairs = planted(1100, 20, 1200, 0.2);  // beyond what is computed exactly
  EXPECT_GT(metrics_of(fit_linear_model(pairs, {1, 1, 1}), planted(50, 20, 1200, 0.2, 2))["R@1"], 80);
}

TEST(FitLinearModel, RefusesWhatCannotBeFitted) {
  LinearPairs one = planted(1, 10, 12, 0.1);
  expect_error([&] { (void)fit_linear_model(one, {}); }, Fault::Mismatch, "1 clips");
  LinearPairs no_words = planted(5, 10, 12, 0.1);
  no_words.words = 0;
  expect_error([&] { (void)fit_linear_model(no_words, {}); }, Fault::Mismatch, "0 words");
  LinearPairs equal = planted(5, 10, 12, 0.1);
  equal.clips = Matrix(5, 12);
  expect_error([&] { (void)fit_linear_model(equal, {}); }, Fault::Mismatch, "the same features");
  LinearPairs broken = planted(5, 10, 12, 0.1);
  broken.clips.row(4)[11] = std::nanf("");
  expect_error([&] { (void)fit_linear_model(broken, {}); }, Fault::Corrupt, "a NaN or infinity");
  expect_error([&] { (void)choose_smoothing(broken); }, Fault::Corrupt, "a NaN or infinity");
}

TEST(ChooseSmoothing, SmoothsNoisyClipsMoreThanCleanOnes) {
  const LinearSmoothing clean = choose_smoothing(planted(200, 20, 40, 0.01));
  const LinearSmoothing noisy = choose_smoothing(planted(40, 20, 40, 6));
  EXPECT_LT(clean.text_ridge * clean.video_ridge, noisy.text_ridge * noisy.video_ridge);
}

TEST(ChooseSmoothing, HoldsClipsOfOneVideoOutTogether) {
  // Every video is there twice. Were its second clip in the training folds, no smoothing would look best.
  LinearPairs twice = planted(80, 20, 40, 6);
  LinearPairs pairs = twice;
  pairs.clips = Matrix(160, 40);
  for (std::int64_t i = 0; i < 160; ++i) {
    std::copy_n(twice.clips.row(i % 80), 40, pairs.clips.row(i));
    pairs.video_of.push_back(static_cast<std::int32_t>(i % 80));
  }
  for (std::size_t i = 0; i < 80; ++i) {
    pairs.texts.push_back(twice.texts[i]);
    pairs.clip_of.push_back(static_cast<std::int32_t>(80 + i));
  }
  const LinearSmoothing together = choose_smoothing(pairs);
  pairs.video_of.clear();
  const LinearSmoothing leaking = choose_smoothing(pairs);
  EXPECT_LT(leaking.text_ridge * leaking.video_ridge, together.text_ridge * together.video_ridge);
}

// Without ridges and powers it is plain canonical correlation analysis.
TEST(FitLinearModelParity, EqualsScikitLearnsCca) {
  TVR_NEEDS_PYTHON("sklearn");
  const LinearPairs pairs = planted(80, 6, 9, 1.5);
  nlohmann::json data = {{"x", nlohmann::json::array()}, {"y", nlohmann::json::array()}};
  for (std::int64_t i = 0; i < 80; ++i) {
    std::vector<float> text(6);
    const SparseRow& row = pairs.texts[static_cast<std::size_t>(i)];
    for (std::size_t w = 0; w < row.columns.size(); ++w)
      text[static_cast<std::size_t>(row.columns[w])] = row.values[w];
    data["x"].push_back(text);
    data["y"].push_back(std::vector<float>(pairs.clips.row(i), pairs.clips.row(i) + 9));
  }
  const testing::TempFolder folder;
  testing::write_file(folder / "data.json", data.dump());
  const std::string script = R"(
import sys, json, numpy as np
from sklearn.cross_decomposition import CCA
d = json.load(open(sys.argv[1]))
x, y = np.array(d["x"]), np.array(d["y"])
a, b = CCA(n_components=6, max_iter=100000, tol=1e-14).fit(x, y).transform(x, y)
unit = lambda m: (m / m.std(0)) / np.linalg.norm(m / m.std(0), axis=1, keepdims=True)
print(json.dumps((unit(a) @ unit(b).T).tolist()))
)";
  int status = 0;
  const std::string out = testing::run_python(script, "'" + (folder / "data.json").string() + "'", status);
  ASSERT_EQ(status, 0) << out;
  const nlohmann::json wanted = nlohmann::json::parse(out.substr(out.find("[[")));
  const LinearModel model = fit_linear_model(pairs, {0, 0, 0});
  ASSERT_EQ(model.dim(), 6);
  const Matrix texts = model.embed_text(pairs.texts), clips = model.embed_video(pairs.clips);
  for (std::int64_t i = 0; i < 80; ++i) {
    for (std::int64_t j = 0; j < 80; ++j) {
      double similarity = 0;
      for (std::int64_t k = 0; k < 6; ++k)
        similarity += static_cast<double>(texts.row(i)[k]) * static_cast<double>(clips.row(j)[k]);
      ASSERT_NEAR(similarity, wanted[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)].get<double>(),
                  1e-3)
          << i << ' ' << j;
    }
  }
}

}  // namespace
}  // namespace tvr
