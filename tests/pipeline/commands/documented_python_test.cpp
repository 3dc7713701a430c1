// The Python that docs/TRAINING.md and data/store/FORMAT.md show works on what the program writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/encoders/run_encoder.h"
#include "pipeline/run/run_manifest.h"
#include "tests/pipeline/commands/learning_fixture.h"
#include "tests/support/documented.h"
#include "tests/support/python.h"

namespace tvr {
namespace {

TEST(DocumentedPython, EmbedsASentenceAndAVideoAsTheProgramDoes) {
  TVR_NEEDS_PYTHON("numpy, torch");
  const testing::LearningFolder folder;
  (void)folder.train("run");
  (void)folder.run({"words", "export", (folder / "run").string(), (folder / "words.txt").string(), "--text"});
  const std::string snippet = testing::documented_python("docs/TRAINING.md");
  const std::string reader = testing::documented_python("data/store/FORMAT.md");
  ASSERT_NE(snippet, "");
  const std::string sentence = "a cat, some lamp with a drum";
  int status = 0;
  const std::string said =
      testing::run_python(snippet + reader +
                              "\ntimes, rows = features(sys.argv[3], '2d')['clip 7']\n"
                              "print(float(embed_sentence('" +
                              sentence + "') @ embed_video([np.array(rows)])))\n",
                          "'" + (folder / "run").string() + "' '" + (folder / "words.txt").string() + "' '" +
                              (folder / "features.db").string() + "'",
                          status);
  ASSERT_EQ(status, 0) << said;

  const std::unique_ptr<EncoderPair> encoders = open_run(read_manifest(folder / "run"));
  const FeatureStore store(folder / "features.db");
  const std::optional<FeatureSequence> rows = store.read("clip 7", 1);
  ASSERT_TRUE(rows);
  ClipFeature pooled = max_pool(*rows);
  l2_normalize(pooled.data(), pooled.size());
  Matrix clip(1, static_cast<std::int64_t>(pooled.size()));
  std::copy(pooled.begin(), pooled.end(), clip.data());
  const Matrix video = encoders->embed_video(clip), text = encoders->embed_text({sentence}).rows;
  double score = 0;
  for (std::int64_t d = 0; d < text.cols(); ++d)
    score += static_cast<double>(text.row(0)[d]) * static_cast<double>(video.row(0)[d]);
  EXPECT_NEAR(std::stod(said), score, 1e-5);
}

}  // namespace
}  // namespace tvr
