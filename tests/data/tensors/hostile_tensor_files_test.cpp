#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "data/error.h"
#include "data/tensors/npy.h"
#include "data/tensors/tensor_file.h"
#include "tests/support/hostile_files.h"
#include "tests/support/in_child.h"

namespace tvr {
namespace {

struct Wanted {
  Fault fault;
  std::string phrase;  // the message holds it
};

const std::map<std::string, Wanted>& wanted_of() {
  static const std::map<std::string, Wanted> wanted = {
      {"pickle_forbidden_global", {Fault::Unsupported, "forbidden global '"}},
      {"pickle_limit", {Fault::Limit, "limit exceeded"}},
      {"pickle_truncated", {Fault::Corrupt, "pickle: truncated"}},
      {"pickle_malformed", {Fault::Corrupt, "pickle: "}},
      {"tensor_out_of_bounds", {Fault::Corrupt, "out of bounds"}},
      {"tensor_bad_shape", {Fault::Corrupt, "bad shape"}},
      {"tensor_too_large", {Fault::Limit, "too large"}},
      {"unsupported_byteorder", {Fault::Unsupported, "byteorder"}},
      {"nonfinite_weights", {Fault::Corrupt, "not finite"}},
      {"not_a_state_dict", {Fault::Corrupt, "not a state dict"}},
      {"not_a_checkpoint", {Fault::Corrupt, "not a PyTorch checkpoint"}},
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

/// What the message must hold besides: the global or tensor at fault.
const std::map<std::string, std::string>& culprit_of() {
  static const std::map<std::string, std::string> culprits = {
      {"p_builtins_eval.pth", "'builtins.eval'"},
      {"p_legacy_os_system.pth", ".system'"},
      {"p_stack_global.pth", ".system'"},
      {"p_allowed_prefix.pth", "'torch._utils._rebuild_tensor_v2."},
      {"p_torch_hub_load.pth", "'torch.hub.load_state_dict_from_url'"},
      {"p_storage_unknown_type.pth", "'torch.FooStorage'"},
      {"p_lfs_pointer.pth", "Git LFS"},
      {"p_html.pth", "web page"},
      {"p_legacy_storage_not_listed.pth", "is missing"},
      {"p_nan_weights.pth", "tensor '"},
      {"p_tensor_expand_bomb.pth", "tensor '"},
      {"p_tensor_oob.pth", "tensor '"},
      {"s_nan.safetensors", "tensor '"},
      {"s_size_mismatch.safetensors", "tensor 'a'"},
      {"s_unknown_dtype.safetensors", "tensor 'a'"},
  };
  return culprits;
}

NamedTensors read(const testing::HostileFile& file, const std::string& kind) {
  if (kind == "npy") return {{"array", read_npy(file.path)}};
  return read_weights(file.path);
}

void check_values(const testing::HostileFile& file, const std::string& kind) {
  const NamedTensors tensors = read(file, kind);
  const nlohmann::json& facts = file.facts;
  const nlohmann::json shapes = facts.value("tensors", nlohmann::json::object());
  for (const auto& [name, shape] : shapes.items()) {
    const Tensor* tensor = find(tensors, name.rfind("module.", 0) == 0 ? name.substr(7) : name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(nlohmann::json(tensor->shape), shape) << name;
  }
  const auto value = [&](const char* name, std::size_t at) {
    return find(tensors, name)->to_floats().at(at);
  };
  if (facts.contains("shape")) {
    EXPECT_EQ(nlohmann::json(tensors.at(0).second.shape), facts["shape"]);
  }
  if (facts.contains("at_0_1")) {
    EXPECT_EQ(value("array", 1), facts["at_0_1"].get<float>());
  }
  if (facts.contains("wt_0_1")) {
    EXPECT_EQ(value("wt", 1), facts["wt_0_1"].get<float>());
  }
  if (facts.contains("tail_0")) {
    EXPECT_EQ(value("tail", 0), facts["tail_0"].get<float>());
  }
  if (facts.contains("sum_w")) {
    const std::vector<float> w = find(tensors, "w")->to_floats();
    EXPECT_EQ(std::accumulate(w.begin(), w.end(), 0.0F), facts["sum_w"].get<float>());
  }
}

/// "ok", or "<fault>: <message>"
std::string outcome_of(const testing::HostileFile& file, const std::string& kind) {
  try {
    (void)read(file, kind);
    return "ok";
  } catch (const Error& error) {
    return std::string(name(error.fault())) + ": " + error.what();
  }
}

void check_outcome(const testing::HostileFile& file, const std::string& outcome) {
  if (file.is_ok) {
    EXPECT_EQ(outcome, "ok");
    return;
  }
  const Wanted& wanted = wanted_of().at(file.error_class);
  EXPECT_THAT(outcome, ::testing::StartsWith(name(wanted.fault)));
  EXPECT_THAT(outcome, ::testing::HasSubstr(wanted.phrase));
  const auto culprit = culprit_of().find(file.name);
  EXPECT_THAT(outcome, ::testing::HasSubstr(culprit == culprit_of().end() ? "" : culprit->second));
}

TEST(HostileTensorFiles, BehaveAsTheirManifestSaysWithinASecondAnd300Megabytes) {
  TVR_NEEDS_SHARED("hostile");
  int files = 0;
  for (const char* kind : {"pth", "safetensors", "npy"}) {
    for (const testing::HostileFile& file : testing::hostile_files(kind)) {
      SCOPED_TRACE(file.name);
      const auto report = testing::in_child([&] { return outcome_of(file, kind); });
      check_outcome(file, report.text);
      EXPECT_EQ(report.exit_status, 0);
      EXPECT_LT(report.cpu_s, 1);
      EXPECT_LT(report.growth_mib, 300);
      if (file.is_ok) check_values(file, kind);
      ++files;
    }
  }
  EXPECT_EQ(files, 72);
}

}  // namespace
}  // namespace tvr
