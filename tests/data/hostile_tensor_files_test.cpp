#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "data/npy.h"
#include "data/tensor_file.h"
#include "tests/support/hostile_files.h"

namespace tvr {
namespace {

struct Wanted {
  Fault fault;
  std::string phrase;  // the message holds it
};

const std::map<std::string, Wanted>& wanted_of() {
  static const std::map<std::string, Wanted> wanted = {
      {"pickle_forbidden_global", {Fault::Unsupported, "forbidden global '"}},
      {"pickle_limit", {Fault::Limit, "limit passed"}},
      {"pickle_truncated", {Fault::Corrupt, "pickle: truncated"}},
      {"pickle_malformed", {Fault::Corrupt, "pickle: "}},
      {"tensor_out_of_bounds", {Fault::Corrupt, "out of bounds"}},
      {"tensor_bad_shape", {Fault::Corrupt, "bad shape"}},
      {"tensor_too_large", {Fault::Limit, "too large"}},
      {"unsupported_byteorder", {Fault::Unsupported, "byteorder"}},
      {"nonfinite_weights", {Fault::Corrupt, "not finite"}},
      {"not_a_state_dict", {Fault::Corrupt, "not a state dict"}},
      {"not_a_checkpoint", {Fault::Corrupt, "not a checkpoint"}},
      {"zip_malformed", {Fault::Corrupt, "zip: "}},
      {"zip_compressed_record", {Fault::Unsupported, "is compressed"}},
      {"storage_size_mismatch", {Fault::Corrupt, "storage '"}},
      {"safetensors_header", {Fault::Corrupt, "safetensors header"}},
      {"safetensors_layout", {Fault::Corrupt, "safetensors layout"}},
      {"npy_object_dtype", {Fault::Unsupported, "pickled objects"}},
      {"npy_header", {Fault::Corrupt, "npy header"}},
      {"nonfinite_feature", {Fault::Corrupt, "not finite"}},
  };
  return wanted;
}

void check_ok(const testing::HostileFile& file, const std::string& kind) {
  if (kind == "npy") {
    const Tensor tensor = read_npy(file.path);
    EXPECT_EQ(nlohmann::json(tensor.shape), file.facts["shape"]);
    if (file.facts.contains("at_0_1")) {
      EXPECT_EQ(tensor.to_floats()[1], file.facts["at_0_1"].get<float>());
    }
    return;
  }
  const NamedTensors tensors = read_weights(file.path);
  const nlohmann::json wanted = file.facts.value("tensors", nlohmann::json::object());
  for (const auto& [name, shape] : wanted.items()) {
    const std::string bare = name.rfind("module.", 0) == 0 ? name.substr(7) : name;
    const Tensor* tensor = find(tensors, bare);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(nlohmann::json(tensor->shape), shape) << name;
  }
}

void check_error(const testing::HostileFile& file, const std::string& kind) {
  const Wanted& wanted = wanted_of().at(file.error_class);
  try {
    if (kind == "npy") {
      (void)read_npy(file.path);
    } else {
      (void)read_weights(file.path);
    }
    ADD_FAILURE() << "it was read, wanted: " << file.error_class;
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), wanted.fault) << error.what();
    EXPECT_NE(std::string(error.what()).find(wanted.phrase), std::string::npos) << error.what();
  }
}

TEST(HostileTensorFiles, BehaveAsTheirManifestSaysWithinASecond) {
  TVR_NEEDS_SHARED("hostile");
  int files = 0;
  for (const char* kind : {"pth", "safetensors", "npy"}) {
    for (const testing::HostileFile& file : testing::hostile_files(kind)) {
      SCOPED_TRACE(file.name);
      const auto start = std::chrono::steady_clock::now();
      if (file.is_ok) {
        EXPECT_NO_THROW(check_ok(file, kind));
      } else {
        check_error(file, kind);
      }
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
      ++files;
    }
  }
  EXPECT_EQ(files, 72);
}

TEST(RealWeights, OfTheCorpusAreRead) {
  TVR_NEEDS_SHARED("corpus");
  const NamedTensors resnet =
      read_weights(testing::shared_data("corpus") / "weights" / "resnet20-12fca82f.th");
  ASSERT_NE(find(resnet, "conv1.weight"), nullptr)
      << "legacy pickle, nested in state_dict, with module. before each name";
  EXPECT_EQ(find(resnet, "conv1.weight")->shape, (std::vector<std::int64_t>{16, 3, 3, 3}));
  EXPECT_FALSE(read_weights(testing::shared_data("corpus") / "weights" / "slim_Final.pth").empty());
}

}  // namespace
}  // namespace tvr
