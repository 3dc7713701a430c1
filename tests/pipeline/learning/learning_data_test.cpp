#include "pipeline/learning/learning_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "data/store/feature_exchange.h"
#include "data/tensors/npy.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::expect_error;
using testing::TempFolder;

/// A store of video "v" with one column per lane, whose value grows from row to row: 2D 4 rows at 1 per
/// second, 3D 4 rows at 1.5.
class StoreOfRows {
 public:
  StoreOfRows() {
    import("2d", {1, 2, 3, 4}, 1);
    import("3d", {-4, -3, -2, -1}, 1.5);
  }

  void import(const std::string& lane, const std::vector<float>& values, double rate) const {
    std::filesystem::create_directories(folder_ / lane);
    const auto rows = static_cast<std::int64_t>(values.size());
    std::vector<float> two_columns;  // the second is constant, so that the first can be told when normalised
    for (const float value : values) two_columns.insert(two_columns.end(), {value, 1});
    write_npy(folder_ / lane / "v.npy", Tensor::from_floats({rows, 2}, two_columns.data()));
    ImportOptions options;
    options.rows_per_second = rate;
    (void)import_npy(path(), folder_ / lane, FeatureFileNames::by_pattern("{video}.npy", lane), options);
  }
  [[nodiscard]] std::filesystem::path path() const { return folder_ / "s.db"; }

  [[nodiscard]] Pairs load(const CaptionSet& set, LeftOut& left_out) const {
    const FeatureStore store(path());
    return load_pairs(store, store.recipes(), set, Pooling::Max, left_out);
  }

 private:
  const TempFolder folder_;
};

CaptionSet set_of(const std::vector<TimeSpan>& spans, bool by_reference) {
  CaptionSetBuilder set(by_reference);
  for (const TimeSpan& span : spans) set.add({"v", span}, "a caption");
  return set.take();
}

/// The values of the rows that were pooled: the lane's first column divided by its second.
double pooled(const Pairs& pairs, std::int64_t clip, int lane) {
  const float* const row = pairs.pairs.clips.row(clip) + 2 * lane;
  return static_cast<double>(row[0] / row[1]);
}

TEST(LoadPairs, OfASplitByReferenceTakesTheRowInWhichAClipEnds) {
  const StoreOfRows store;
  LeftOut left_out;
  const std::vector<TimeSpan> spans = {{seconds(0), seconds(2)}};
  const Pairs ours = store.load(set_of(spans, false), left_out);
  EXPECT_NEAR(pooled(ours, 0, 0), 2, 1e-5);
  EXPECT_NEAR(pooled(ours, 0, 1), -2, 1e-5);
  const Pairs reference = store.load(set_of(spans, true), left_out);
  EXPECT_NEAR(pooled(reference, 0, 0), 3, 1e-5);
  EXPECT_NEAR(pooled(reference, 0, 1), -1, 1e-5);
  EXPECT_TRUE(sentences_of(left_out).empty());
}

TEST(LoadPairs, OfASplitByReferenceKeepsClipsThatAreThereTwice) {
  const StoreOfRows store;
  LeftOut left_out;
  const TimeSpan span = {seconds(0), seconds(1)};
  EXPECT_EQ(store.load(set_of({span, span}, false), left_out).clips.size(), 1u);
  const Pairs pairs = store.load(set_of({span, span}, true), left_out);
  ASSERT_EQ(pairs.clips.size(), 2u);
  EXPECT_THAT(pairs.pairs.clip_of, ElementsAre(0, 1));
  for (int column = 0; column < 4; ++column)
    EXPECT_EQ(pairs.pairs.clips.row(0)[column], pairs.pairs.clips.row(1)[column]);
}

TEST(LoadPairs, OfASplitByReferenceHasZerosForALaneWithoutRowsAndCountsThem) {
  const StoreOfRows store;  // 2D has rows up to 4 s, 3D up to 2.67 s
  LeftOut left_out;
  const Pairs pairs =
      store.load(set_of({{seconds(3), seconds(4)}, {seconds(9), seconds(10)}}, true), left_out);
  ASSERT_EQ(pairs.clips.size(), 2u);
  EXPECT_NEAR(pooled(pairs, 0, 0), 4, 1e-5);
  EXPECT_EQ(pairs.pairs.clips.row(0)[2], 0);
  EXPECT_EQ(pairs.pairs.clips.row(0)[3], 0);
  EXPECT_EQ(pairs.pairs.clips.row(1)[0], 0);
  EXPECT_THAT(left_out.with_zeros, ElementsAre("v", "v"));
  EXPECT_THAT(
      sentences_of(left_out),
      ElementsAre("2 clips have no feature row in some lane, which is zeros for them, as in the reference, "
                  "for example of v"));
}

TEST(LoadPairs, OfASplitByReferenceNeedsTheTimesOfRows) {
  const StoreOfRows store;
  store.import("vgg", {1, 2}, 0);
  LeftOut left_out;
  expect_error(
      [&] {
        (void)store.load(set_of({{seconds(0), seconds(1)}}, true), left_out);
      },
      Fault::Mismatch, "--rows-per-second");
}

}  // namespace
}  // namespace tvr
