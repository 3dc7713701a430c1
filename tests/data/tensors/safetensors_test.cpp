#include "data/tensors/safetensors.h"

#include <gtest/gtest.h>

#include "data/tensors/tensor_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/pth_bytes.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::TempFolder;

std::string safetensors_of(const std::string& header,
                           const std::string& data = testing::six_floats()[0].second) {
  return testing::little_endian(header.size(), 8) + header + data;
}

NamedTensors read(const std::string& bytes) {
  const TempFolder folder;
  return read_safetensors(testing::write_file(folder / "w.safetensors", bytes));
}

TEST(Safetensors, ReadsTensorsInTheOrderOfTheirData) {
  const NamedTensors tensors = read(safetensors_of(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},)"
      R"("a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"none":{"dtype":"I64","shape":[0],"data_offsets":[24,24]}}  )"));
  ASSERT_EQ(tensors.size(), 3U);
  EXPECT_EQ(tensors[0].first, "a");
  EXPECT_EQ(tensors[0].second.shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(tensors[0].second.to_floats(), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(tensors[1].second.to_floats(), (std::vector<float>{5, 6}));
  EXPECT_TRUE(tensors[2].second.bytes.empty());
}

TEST(Safetensors, IsKnownByItsContentWhateverItsName) {
  const TempFolder folder;
  const auto path = testing::write_file(
      folder / "w.pth", safetensors_of(R"({"module.a":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}})"));
  EXPECT_EQ(read_weights(path)[0].first, "a");
}

TEST(Safetensors, ReadsTheWantedTensorsAlone) {
  const TempFolder folder;
  const auto path = testing::write_file(
      folder / "w.safetensors", safetensors_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                               R"("b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}})"));
  const NamedTensors tensors = read_weights(path, [](const std::string& name) { return name == "b"; });
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors[0].second.to_floats(), (std::vector<float>{3, 4, 5, 6}));
}

TEST(Safetensors, RefusesBadHeaders) {
  const auto refused = [](const std::string& bytes, const std::string& phrase) {
    SCOPED_TRACE(phrase);
    testing::expect_error([&] { (void)read(bytes); }, Fault::Corrupt, "safetensors header: " + phrase);
  };
  refused("1234567", "the file is shorter");
  refused(testing::little_endian(~std::uint64_t{0}, 8) + "{}", "it claims 18446744073709551615 bytes");
  refused(testing::little_endian(100, 8) + "{}", "it claims to be longer than the file");
  refused(safetensors_of("[]"), "it must begin with {");
  refused(safetensors_of(""), "it must begin with {");
  refused(safetensors_of("{\"a\":"), "");
  refused(safetensors_of("{\"\xff\":1}"), "");
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "{\"a\":";
  refused(safetensors_of(deep), "it is nested deeper");
  refused(safetensors_of(R"({"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24]},"a":{}})"),
          "the key 'a' is there twice");
  refused(safetensors_of(R"({"__metadata__":{"n":1}})", ""), "__metadata__ must map strings to strings");
  refused(safetensors_of(R"({"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}})"), "bytes at the end");
}

TEST(Safetensors, RefusesBadLayoutsByTensor) {
  const auto refused = [](const std::string& entry, const std::string& phrase) {
    SCOPED_TRACE(entry);
    testing::expect_error([&] { (void)read(safetensors_of("{\"a\":" + entry + "}")); }, Fault::Corrupt,
                          "safetensors layout: tensor 'a' " + phrase);
  };
  refused("1", "has no dtype, shape or data_offsets");
  refused(R"({"dtype":"F32","shape":[6]})", "has no dtype, shape or data_offsets");
  refused(R"({"dtype":"F7","shape":[6],"data_offsets":[0,24]})", "is of the unknown type \"F7\"");
  refused(R"({"dtype":"F32","shape":6,"data_offsets":[0,24]})", "has no list of numbers");
  refused(R"({"dtype":"F32","shape":[-6],"data_offsets":[0,24]})",
          "has a size or offset that is not a whole number");
  refused(R"({"dtype":"F32","shape":[6],"data_offsets":[0.5,24]})",
          "has a size or offset that is not a whole number");
  refused(R"({"dtype":"F32","shape":[6],"data_offsets":[24,0]})", "has impossible data_offsets");
  refused(R"({"dtype":"F32","shape":[6],"data_offsets":[0]})", "has impossible data_offsets");
  refused(R"({"dtype":"F32","shape":[5],"data_offsets":[0,24]})", "has 20 bytes by its shape [5] and 24");
  refused(R"({"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,24]})",
          "has a shape that overflows");
  refused(R"({"dtype":"F32","shape":[7],"data_offsets":[0,28]})", "lies beyond the end of the file");
  refused(R"({"dtype":"F32","shape":[5],"data_offsets":[4,24]})", "overlaps another or leaves a hole");
  refused(
      R"({"dtype":"F32","shape":[6],"data_offsets":[0,24]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})",
      "overlaps another");
}

}  // namespace
}  // namespace tvr
