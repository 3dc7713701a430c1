// Loading ResNet-152 and ResNeXt-101, as an extraction does: side by side, from files of generated weights
// (0.43 GB) that lie in the page cache; then the first batch of each, for which the weights are laid out, and
// the second. Beside the time in which one thread reads the files' bytes.
//   tvr_network_loading_bench [fp32|bf16] [ROUNDS=1]     fp32
//   tvr_network_loading_bench brief                       small networks
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "data/tensors/pth.h"
#include "extract/clip.h"
#include "extract/networks/backbone.h"
#include "extract/networks/demo_networks.h"
#include "extract/networks/network.h"
#include "extract/networks/resnet.h"
#include "tests/support/temp_folder.h"
#include "towers/onednn.h"

namespace {

using namespace tvr;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A network as the files of its weights have it.
struct Named {
  const char* model;
  Network network;
};
std::vector<Named> networks_to_load(bool brief) {
  if (brief) return {{"demo2d", demo2d()}, {"demo3d", demo3d()}};
  return {{"resnet152", resnet2d({3, 8, 36, 3}, true)},
          {"resnext101", resnet3d({3, 4, 23, 3}, Block3d::ResNeXt)}};
}

/// A gray clip of the size that the network is made for.
Clip gray_clip(int frames) {
  Clip clip;
  clip.frames = frames;
  clip.height = clip.width = frames > 1 ? 112 : 224;
  clip.pixels = HostFrames(static_cast<std::size_t>(clip.frames * clip.height * clip.width * 3), 100);
  return clip;
}

/// Reads a file as any program would that takes its bytes as they are.
void read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> block(1U << 20U);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size()))) continue;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "fp32";
  const bool brief = what == "brief";
  const Precision precision = what == "bf16" ? Precision::Bf16 : Precision::Fp32;
  if (precision == Precision::Bf16 && !onednn::has_bf16()) {
    std::printf("skipped: this processor has no bf16 arithmetic\n");
    return 77;
  }
  const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 1;
  const testing::TempFolder folder;
  std::vector<BackboneOptions> networks;
  for (const Named& named : networks_to_load(brief)) {
    const std::filesystem::path file = folder / (std::string(named.model) + ".pth");
    write_pth(file, random_weights(named.network, 1));
    networks.push_back({named.model, file, 1, precision, Device::Cpu});
  }
  for (int round = 0; round < rounds; ++round) {
    const double bytes = seconds([&] {
      for (const BackboneOptions& network : networks) read_bytes(network.weights);
    });
    std::vector<std::unique_ptr<Backbone>> loaded;
    const double loading = seconds([&] {
      std::vector<std::future<std::unique_ptr<Backbone>>> making;
      for (const BackboneOptions& network : networks)
        making.push_back(std::async(std::launch::async, load_backbone, network));
      for (auto& network : making) loaded.push_back(network.get());
    });
    std::printf("loading %.2f s (reading the bytes %.2f s)", loading, bytes);
    for (const std::unique_ptr<Backbone>& network : loaded) {
      const Clip clip = gray_clip(network->clip_frames());
      const double first = seconds([&] { (void)network->forward({&clip}); }),
                   second = seconds([&] { (void)network->forward({&clip}); });
      std::printf("; first batch %.2f s, second %.3f s", first, second);
    }
    std::printf("\n");
  }
}
