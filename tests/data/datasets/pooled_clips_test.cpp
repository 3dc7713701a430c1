#include "data/datasets/pooled_clips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/data/tensors/numpy_pickles.h"
#include "tests/support/base64.h"
#include "tests/support/expect_error.h"
#include "tests/support/pth_bytes.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::TempFolder;
using testing::write_file;

class PooledClipsFile : public ::testing::Test {
 protected:
  std::filesystem::path pickle(const std::string& bytes, const std::string& name = "clips.pkl") const {
    return write_file(folder_ / name, bytes);
  }
  void expect_refused(const std::string& opcodes, Fault fault, const std::string& phrase) const {
    SCOPED_TRACE(phrase);
    expect_error([&] { const PooledClips clips(pickle("\x80\x02" + opcodes + ".")); }, fault, phrase);
  }
  const TempFolder folder_;
};

/// Opcodes of a dict's member, and of a vector of one number.
std::string text(const std::string& text) { return "X" + testing::little_endian(text.size(), 4) + text; }
std::string member(const std::string& key, const std::string& value) { return text(key) + value + "s"; }
const std::string kVector =
    "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85"
    "C\x01"
    "btR(K\x01K\x01\x85"
    "cnumpy\ndtype\n(X\x02\0\0\0f4\x89\x88tR\x89"
    "C\x04\0\0\x80?tb"s;
std::string clip(const std::string& id, const std::string& caption) {
  return "}" + member("id", text(id)) + member("caption", caption) + member("2d", kVector) + "a";
}

TEST_F(PooledClipsFile, OfEveryProtocolHoldsIdsCaptionsAndVectors) {
  for (const testing::NumpyPickle& each : testing::kNumpyPickles) {
    if (std::string(each.name).find("clips of pooled vectors") == std::string::npos) continue;
    SCOPED_TRACE(std::string(each.name) + std::to_string(each.protocol));
    const auto file = pickle(testing::from_base64(each.base64));
    EXPECT_TRUE(is_pooled_clips(file));
    const PooledClips clips(file);
    ASSERT_EQ(clips.size(), 2);
    EXPECT_EQ(clips.id(1), "a_b-c_10");
    EXPECT_EQ(clips.caption(1), "crème, 1½ cups");
    EXPECT_THAT(clips.lanes(), ElementsAre("2d", "3d"));
    EXPECT_THAT(clips.vector(0, "2d").to_floats(), ElementsAre(0.25F, -1.5F));
    EXPECT_THAT(clips.vector(1, "3d").to_floats(), ElementsAre(-0.0F));
  }
}

TEST_F(PooledClipsFile, WithoutACaptionHasNoWords) {
  const auto file = pickle("\x80\x02]" + clip("-a_0", "N") + clip("b_0", "G\x7f\xf8\0\0\0\0\0\0"s) + ".");
  const PooledClips clips(file);
  EXPECT_EQ(clips.id(0), "%2Da_0");
  EXPECT_EQ(clips.caption(0), "");
  EXPECT_EQ(clips.caption(1), "");
}

TEST_F(PooledClipsFile, ThatIsDamagedIsRefusedByRecord) {
  expect_refused("}", Fault::Corrupt, "holds no list of clips");
  expect_refused("]", Fault::Corrupt, "holds no list of clips");
  expect_refused("]K\x01"s + "a", Fault::Corrupt, "record 0 is no dict");
  expect_refused("]" + clip("a", text("x")) + "}" + member("caption", text("x")) + "a", Fault::Corrupt,
                 "record 1 has no text 'id'");
  expect_refused("]" + clip("a", "K\x05"), Fault::Corrupt, "record 0 has no text 'caption'");
  expect_refused("]" + clip("a", text("\xff")), Fault::Corrupt, "a caption that is not UTF-8");
  expect_refused("]" + clip("../a", text("x")), Fault::Corrupt, "record 0");
  expect_refused("]" + clip("a", text("x")) + clip("b", text("x")) + clip("a", text("y")), Fault::Mismatch,
                 "records 0 and 2 have the same id 'a'");
  expect_refused("]}" + member("id", text("a")) + member("caption", text("x")) + "a", Fault::Corrupt,
                 "record 0 has no numpy vector");
  expect_refused("]" + clip("a", text("x")) + "}" + member("id", text("b")) + member("caption", text("x")) +
                     member("3d", kVector) + "a",
                 Fault::Corrupt, "record 1 has the vectors '3d', the first record '2d'");
  expect_refused("]}" + member("id", text("a")) + member("caption", text("x")) +
                     member("2d", "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85tR"s) + "a",
                 Fault::Corrupt, "record 0 has no numbers in '2d'");
  expect_refused("](cpandas\nSeries\ne", Fault::Unsupported, "'pandas.Series'");
}

TEST_F(PooledClipsFile, OfEachSplitAreADataSet) {
  DatasetSpec spec;
  spec.annotations =
      pickle("\x80\x02]" + clip("a_0", text("cut it")) + clip("a_1", text("")) + ".", "train.pkl");
  spec.test = pickle("\x80\x02]" + clip("b_0", text("stir")) + ".", "val.pkl");
  EXPECT_EQ(format_of(spec).name, "youcook2-clips");
  const DataSet data = read_dataset(spec);
  EXPECT_EQ(data.train.clips.size(), 2u);
  EXPECT_TRUE(data.test.by_reference);
  ASSERT_EQ(data.test.clips.size(), 1u);
  EXPECT_EQ(data.test.clips[0].video_id, "b_0");
  EXPECT_FALSE(data.test.clips[0].span.has_value());
  EXPECT_EQ(data.test.captions[0].text, "stir");
  EXPECT_THAT(data.notes, ::testing::Contains("train: 1 clips have no text and so no words"));
  EXPECT_EQ(files_of(spec).size(), 2u);
  spec.train = spec.annotations;
  expect_error([&] { (void)read_dataset(spec); }, Fault::InvalidArgument, "--train");
}

TEST_F(PooledClipsFile, IsNotMistakenForAnotherFile) {
  EXPECT_FALSE(is_pooled_clips(pickle("")));
  EXPECT_FALSE(is_pooled_clips(pickle("[1, 2] caption")));
  EXPECT_FALSE(is_pooled_clips(pickle("\x80\x02}" + text("caption") + ".")));
  EXPECT_FALSE(is_pooled_clips(folder_.path()));
  EXPECT_FALSE(is_pooled_clips(folder_ / "nowhere"));
}

}  // namespace
}  // namespace tvr
