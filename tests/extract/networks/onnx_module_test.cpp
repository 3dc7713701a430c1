// ONNX networks, where the program was built with onnxruntime; without it they are refused with words.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "data/error.h"
#include "extract/networks/module.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t at = 0; at < hex.size(); at += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
  return bytes;
}

// Written by Python's onnx 1.17, opset 13. The first has outputs `last`, its input, and `image_embeds`, the
// mean over height and width. The second multiplies `input_ids` by `attention_mask`, as float32.
const std::string kImage = bytes_of(
    "08083ac7010a1e0a0c706978656c5f76616c75657312046c61737422084964656e746974790a480a0c706978656c5f76616c"
    "756573120c696d6167655f656d62656473220a5265647563654d65616e2a0d0a046178657340024003a001072a0f0a086b65"
    "657064696d731800a001021201675a290a0c706978656c5f76616c75657312190a17080112130a0312016e0a0208030a0312"
    "01680a03120177620c0a046c61737412040a020801621f0a0c696d6167655f656d62656473120f0a0d080112090a0312016e"
    "0a02080342040a00100d");
const std::string kText = bytes_of(
    "08083aaf010a230a09696e7075745f6964730a0e617474656e74696f6e5f6d61736b12017022034d756c0a210a0170120b74"
    "6578745f656d626564732204436173742a090a02746f1801a001021201675a1d0a09696e7075745f69647312100a0e080712"
    "0a0a0312016e0a0312016c5a220a0e617474656e74696f6e5f6d61736b12100a0e0807120a0a0312016e0a0312016c621f0a"
    "0b746578745f656d6265647312100a0e0801120a0a0312016e0a0312016c42040a00100d");

class OnnxModule : public ::testing::Test {
 protected:
  OnnxModule() {
    testing::write_file(folder_ / "image.onnx", kImage);
    testing::write_file(folder_ / "text.onnx", kText);
    testing::write_file(folder_ / "damaged.onnx", kImage.substr(0, 40));
  }
  [[nodiscard]] bool is_built_in() const {
    try {
      (void)open_module(folder_ / "image.onnx");
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  testing::TempFolder folder_;
};

TEST_F(OnnxModule, IsRefusedWithWordsWhereItCannotBeRunOrIsDamaged) {
  testing::expect_error([&] { (void)open_module(folder_ / "none.onnx"); }, Fault::NotFound, "none.onnx");
  if (is_built_in()) {
    testing::expect_error([&] { (void)open_module(folder_ / "damaged.onnx"); }, Fault::Corrupt,
                          "onnxruntime cannot load it");
  } else {
    testing::expect_error([&] { (void)open_module(folder_ / "image.onnx"); }, Fault::Unsupported,
                          "built without onnxruntime");
  }
}

TEST_F(OnnxModule, GivesTheEmbeddingAmongItsOutputsAndGetsTheMask) {
  if (!is_built_in()) GTEST_SKIP() << "built without onnxruntime";
  std::vector<float> input(2 * 3 * 4 * 4);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(i);
  const std::unique_ptr<Module> image = open_module(folder_ / "image.onnx");
  const Matrix rows = image->embed(input, {2, 3, 4, 4}, 3);
  EXPECT_EQ(rows.row(0)[0], 7.5F);
  EXPECT_EQ(rows.row(1)[2], 87.5F);
  testing::expect_error(
      [&] {
        (void)image->embed(input, {2, 3, 4, 4}, 7);
      },
      Fault::Mismatch, "returned [2, 3] for N = 2, wanted a tensor [N, 7]");
  testing::expect_error(
      [&] {
        (void)image->embed(input, {2, 48}, 3);
      },
      Fault::Unsupported, "the network failed");
  const TokenBatch batch{{1, 2, 3, 9, 5, 6, 9, 9}, {1, 1, 1, 0, 1, 1, 0, 0}, 4};
  const Matrix sentences = open_module(folder_ / "text.onnx")->embed(batch, 4);
  EXPECT_EQ(sentences.row(0)[2], 3);
  EXPECT_EQ(sentences.row(0)[3], 0);
  EXPECT_EQ(sentences.row(1)[1], 6);
}

}  // namespace
}  // namespace tvr
