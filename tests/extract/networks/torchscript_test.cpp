#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "data/tensors/tensor_file.h"
#include "data/text_file.h"
#include "extract/networks/backbone.h"
#include "extract/networks/plugin.h"
#include "tests/support/expect_error.h"
#include "tests/support/python.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::TempFolder;

constexpr const char* kManifest = R"({"lane": "tiny", "module": "m.pt", "fps": 2, "clip_frames": 1,
  "short_side": 20, "crop": 16, "scale": 0.5, "mean": [1, 2, 3], "std": [1, 2, 4], "dim": 3})";

class TorchScript : public ::testing::Test {
 protected:
  void write_module(const std::string& code) const {
    torch::jit::Module module("M");
    module.define(code);
    module.save((folder_ / "m.pt").string());
  }
  void write_manifest(const std::string& text = kManifest) const {
    testing::write_file(folder_ / "m.json", text);
  }
  void write_manifest(const std::string& from, const std::string& to) const {
    std::string text = kManifest;
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos);
    write_manifest(text.replace(at, from.size(), to));
  }
  [[nodiscard]] BackboneOptions options() const {
    BackboneOptions options;
    options.model = folder_ / "m.json";
    return options;
  }
  void expect(Fault fault, const std::string& phrase) const {
    testing::expect_error([&] { (void)load_backbone(options()); }, fault, phrase);
  }

  TempFolder folder_;
};

Clip grey(int frames, int height, int width, std::uint8_t level) {
  Clip clip;
  clip.frames = frames, clip.height = height, clip.width = width;
  clip.rgb().assign(static_cast<std::size_t>(frames * height * width * 3), level);
  return clip;
}

TEST_F(TorchScript, SeesNormalisedPictures) {
  write_module("def forward(self, x):\n  return x.mean([2, 3])\n");
  write_manifest();
  const auto network = load_backbone(options());
  EXPECT_EQ(network->dim(), 3);
  const Clip dark = grey(1, 16, 16, 10), light = grey(1, 16, 16, 200);
  const Matrix rows = network->forward({&dark, &light});
  EXPECT_FLOAT_EQ(rows.row(0)[0], 4);    // (10 / 2 - 1) / 1
  EXPECT_FLOAT_EQ(rows.row(0)[2], 0.5);  // (10 / 2 - 3) / 4
  EXPECT_FLOAT_EQ(rows.row(1)[1], 49);   // (200 / 2 - 2) / 2
}

TEST_F(TorchScript, SeesClipsOfSeveralFramesFilledUp) {
  write_module("def forward(self, x):\n  return x[:, 0].mean([2, 3])\n");
  write_manifest("\"clip_frames\": 1", "\"clip_frames\": 3");
  const Clip clip = grey(2, 16, 16, 10);
  const Matrix rows = load_backbone(options())->forward({&clip});
  EXPECT_FLOAT_EQ(rows.row(0)[1], 4);
  EXPECT_FLOAT_EQ(rows.row(0)[2], -1) << "raw zeros, minus the mean";
}

TEST_F(TorchScript, GivesEqualRowsHoweverOftenItRan) {
  write_module(
      "def forward(self, x):\n  y = (x * 1.1 + 0.3).sigmoid() * x.exp().clamp(0.0, 2.0)\n  return y.mean([2, "
      "3])\n");
  write_manifest();
  const auto network = load_backbone(options());
  const Clip clip = grey(1, 16, 16, 7);
  const Matrix first = network->forward({&clip});
  for (int i = 0; i < 5; ++i) {
    const Matrix again = network->forward({&clip});
    ASSERT_TRUE(std::equal(first.data(), first.data() + 3, again.data()));
  }
}

TEST_F(TorchScript, SamplesAsItsManifestSays) {
  write_manifest();
  const Plugin plugin = read_plugin(folder_ / "m.json");
  EXPECT_EQ(plugin.sampling.name, "tiny");
  EXPECT_EQ(plugin.sampling.sample_fps, 2);
  EXPECT_EQ(plugin.sampling.short_side_px, 20);
  EXPECT_EQ(plugin.sampling.crop_px, 16);
  EXPECT_EQ(plugin.module, folder_ / "m.pt");
}

TEST_F(TorchScript, IsAnotherNetworkWhenModuleOrManifestChanges) {
  write_module("def forward(self, x):\n  return x.mean([2, 3])\n");
  write_manifest();
  const std::string id = weights_id(options());
  write_manifest("0.5", "0.25");
  const std::string other_manifest = weights_id(options());
  EXPECT_NE(other_manifest, id);
  write_module("def forward(self, x):\n  return 2 * x.mean([2, 3])\n");
  EXPECT_NE(weights_id(options()), other_manifest);
}

TEST_F(TorchScript, RefusesRowsThatAreNotAsPromised) {
  write_manifest();
  write_module("def forward(self, x):\n  return x.mean([2])\n");
  expect(Fault::Mismatch, "returned [1, 3, 16] for N = 1, wanted a tensor [N, 3]");
  write_module("def forward(self, x):\n  return (x, x)\n");
  expect(Fault::Mismatch, "returned a Tuple");
  write_module("def forward(self, x):\n  return x.mean([0, 2, 3])\n");
  expect(Fault::Mismatch, "returned [3] for N = 1");
  write_module("def forward(self, x):\n  return x.mean([2, 3]).repeat([2, 1])\n");
  expect(Fault::Mismatch, "returned [2, 3] for N = 1");
}

TEST_F(TorchScript, RefusesAModuleThatGivesTwoRowsForOneClip) {
  // Wide enough that dropout cannot keep the same values twice by chance (1 in 2^256).
  write_manifest("\"dim\": 3", "\"dim\": 256");
  for (const char* const random :
       {"torch.rand([1, 256])", "torch.dropout(torch.ones([1, 256]), 0.5, True)"}) {
    write_module(std::string("def forward(self, x):\n  return ") + random + "\n");
    expect(Fault::Unsupported, "two different rows for the same clip");
  }
}

TEST_F(TorchScript, TellsWhatAModuleSaysWhenItFails) {
  write_manifest();
  write_module("def forward(self, x):\n  return x.reshape([7, 3])\n");
  expect(Fault::Unsupported, "float32 [N, 3, 16, 16]");
  expect(Fault::Unsupported, "RuntimeError: shape '[7, 3]' is invalid");
  write_module("def forward(self, x):\n  assert x.numel() == 0, \"no frames today\"\n  return x\n");
  expect(Fault::Unsupported, "no frames today. It is called with");
  write_module("def forward(self, x, y):\n  return x + y\n");
  expect(Fault::Unsupported, "missing value for argument 'y'");
  write_module("def other(self, x):\n  return x\n");
  expect(Fault::Mismatch, "no method forward");
}

TEST_F(TorchScript, RefusesFilesThatAreNoModules) {
  write_manifest();
  expect(Fault::NotFound, "m.pt");
  testing::write_file(folder_ / "m.pt", "not a zip");
  expect(Fault::Corrupt, "not a TorchScript module");
  testing::write_file(folder_ / "m.pt", std::string("PK\3\4", 4) + std::string(200, 'x'));
  expect(Fault::Corrupt, "LibTorch cannot load it");
  write_module("def forward(self, x):\n  return x.mean([2, 3])\n");
  std::string code = read_text_file(folder_ / "m.pt");
  code.replace(code.find("torch.mean"), 10, "torch.maen");  // stored, and LibTorch ignores the checksum
  testing::write_file(folder_ / "m.pt", code);
  expect(Fault::Corrupt, "LibTorch cannot load it: Unknown builtin op: aten::maen. Write it");
  write_module("def forward(self, x):\n  return x.mean([2, 3])\n");
  std::filesystem::resize_file(folder_ / "m.pt", std::filesystem::file_size(folder_ / "m.pt") / 2);
  expect(Fault::Corrupt, "LibTorch cannot load it");
}

TEST_F(TorchScript, IsNoFileOfWeights) {
  write_module("def forward(self, x):\n  return x\n");
  testing::expect_error([&] { (void)read_weights(folder_ / "m.pt"); }, Fault::Unsupported,
                        "is a TorchScript module, which holds code; wanted: weights");
}

TEST_F(TorchScript, RefusesManifestsNamingTheKey) {
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& phrase) {
    write_manifest(from, to);
    testing::expect_error([&] { (void)read_plugin(folder_ / "m.json"); }, Fault::Corrupt, phrase);
  };
  refused("\"lane\": \"tiny\", ", "", "'lane' is missing");
  refused("\"tiny\"", "\"2d\"", "'lane' is '2d'");
  refused("\"tiny\"", "\"a b\"", "'lane' is 'a b'");
  refused("\"fps\": 2", "\"fps\": 0", "'fps' is 0, wanted a whole number from 1 to 240");
  refused("\"fps\": 2", "\"fps\": 1.5", "'fps' is 1.5");
  refused("\"fps\": 2", "\"fps\": 18446744073709551615", "'fps' is 18446744073709551615");
  refused("\"crop\": 16", "\"crop\": 21", "'crop' is 21, wanted a whole number from 0 to 20");
  refused("[1, 2, 4]", "[1, 0, 4]", "'std' is 0, wanted a number above 0");
  refused("[1, 2, 3]", "[1, 2]", "'mean' has 2 values");
  refused("[1, 2, 3]", "[1, 2, 1e300]", "'mean' is 1e+300");
  refused("\"dim\": 3", "\"dim\": \"3\"", "'dim' is \"3\"");
  refused("\"dim\": 3", "\"dim\": 3, \"resize\": \"crop\"",
          "'resize' is 'crop', wanted 'short-side' or 'squash'");
  refused("\"dim\": 3", "\"dim\": 3, \"resize\": \"squash\"", "'filter' is missing");
  refused("\"dim\": 3", "\"dim\": 3, \"text_module\": \"t.pt\"", "'tokenizer' is missing");
  refused("\"dim\": 3", "\"dim\": 3, \"size\": 5", "'size' is not known, wanted clip_frames, crop");
}

TEST_F(TorchScript, RefusesManifestsThatAreNotJson) {
  const auto refused = [&](const std::string& text, const std::string& phrase) {
    write_manifest(text);
    testing::expect_error([&] { (void)read_plugin(folder_ / "m.json"); }, Fault::Corrupt, phrase);
  };
  refused("", "parse error");
  refused("[1]", "not a JSON object");
  refused("{\"lane\": \"a\xff\"}", "invalid");
  refused(std::string(60000, '['), "nested deeper");
  refused(std::string(70000, ' '), "too large");
  testing::expect_error([&] { (void)read_plugin(folder_ / "none.json"); }, Fault::NotFound, "none.json");
  testing::expect_error([&] { (void)read_plugin(folder_.path()); }, Fault::Unsupported, "not a regular file");
}

TEST_F(TorchScript, EqualsPythonOnAModuleMadeByPython) {
  TVR_NEEDS_PYTHON("torch");
  int status = 0;
  const std::string output = testing::run_python(R"(
import sys, torch
torch.manual_seed(1)
m = torch.nn.Sequential(torch.nn.Conv3d(3, 5, 3, 2), torch.nn.BatchNorm3d(5), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool3d(1), torch.nn.Flatten()).eval()
torch.jit.save(torch.jit.script(m), sys.argv[1] + '/m.pt')
x = torch.full((1, 3, 4, 16, 16), 9.) * .5 - torch.tensor([1., 2., 3.]).view(3, 1, 1, 1)
print(*m(x / torch.tensor([1., 2., 4.]).view(3, 1, 1, 1))[0].tolist())
)",
                                                 "'" + folder_.path().string() + "'", status);
  ASSERT_EQ(status, 0) << output;
  std::string text = kManifest;
  text.replace(text.find("\"clip_frames\": 1"), 16, "\"clip_frames\": 4");
  text.replace(text.find("\"dim\": 3"), 8, "\"dim\": 5");
  write_manifest(text);
  const Clip clip = grey(4, 16, 16, 9);
  const Matrix row = load_backbone(options())->forward({&clip});
  std::istringstream wanted(output);
  for (int i = 0; i < 5; ++i) {
    float value = 0;
    ASSERT_TRUE(wanted >> value) << output;
    EXPECT_NEAR(row.data()[i], value, 1e-5);
  }
}

}  // namespace
}  // namespace tvr
