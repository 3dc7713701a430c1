// The networks against PyTorch and torchvision: tests/parity/networks.py, on the same weights and pixels.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "extract/networks/backbone.h"
#include "tests/support/python.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

struct Case {
  const char* model;
  int frames, height, width;
  const char* shortcut = "B";
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.model << ", " << c.frames << " of " << c.width << "x" << c.height << ", shortcut "
             << c.shortcut;
}

class BackboneParity : public ::testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] std::string bytes(const char* name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TempFolder folder_;
};

TEST_P(BackboneParity, EqualsPyTorch) {
  TVR_NEEDS_PYTHON("torch, torchvision");
  const Case& c = GetParam();
  int status = 0;
  std::ifstream script(std::string(TVR_SOURCE_DIR) + "/tests/parity/networks.py");
  const std::string output = testing::run_python(
      {std::istreambuf_iterator<char>(script), {}},
      "'" + folder_.path().string() + "' " + c.model + " " + std::to_string(c.frames) + " " +
          std::to_string(c.height) + " " + std::to_string(c.width) + " " + c.shortcut,
      status);
  ASSERT_EQ(status, 0) << output;
  Clip clip;
  clip.frames = c.frames, clip.height = c.height, clip.width = c.width;
  const std::string rgb = bytes("rgb"), row = bytes("row");
  clip.rgb().assign(rgb.begin(), rgb.end());
  BackboneOptions options;
  options.model = c.model;
  options.weights = folder_ / "w.pth";
  const Matrix ours = load_backbone(options)->forward({&clip});
  ASSERT_EQ(row.size(), static_cast<std::size_t>(ours.cols()) * sizeof(float));
  double dot = 0, ours2 = 0, wanted2 = 0, apart2 = 0;
  for (std::int64_t i = 0; i < ours.cols(); ++i) {
    float wanted = 0;
    std::memcpy(&wanted, row.data() + sizeof(float) * static_cast<std::size_t>(i), sizeof(float));
    const double a = ours.data()[i], b = wanted;
    dot += a * b, ours2 += a * a, wanted2 += b * b, apart2 += (a - b) * (a - b);
  }
  ASSERT_GT(wanted2, 0);
  RecordProperty("relative_error", std::to_string(1e6 * std::sqrt(apart2 / wanted2)) + "e-6");
  EXPECT_LT(std::sqrt(apart2 / wanted2), 1e-4);
  EXPECT_GT(dot / std::sqrt(ours2 * wanted2), 0.99999);
}

INSTANTIATE_TEST_SUITE_P(Networks, BackboneParity,
                         ::testing::Values(Case{"resnet18", 1, 90, 120}, Case{"resnet50", 1, 7, 31},
                                           Case{"resnet152", 1, 224, 298}, Case{"resnet18", 1, 1, 1},
                                           Case{"resnet18-3d", 16, 112, 112},
                                           Case{"resnet18-3d", 16, 48, 64, "A"},
                                           Case{"resnet50-3d", 9, 64, 64}, Case{"resnext50", 5, 9, 16},
                                           Case{"resnext101", 16, 112, 112}));

}  // namespace
}  // namespace tvr
