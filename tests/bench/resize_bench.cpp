// Resizing rgb24 as Pillow does, ms a picture on one thread, by each set of instructions and, where it is
// installed, by Pillow itself; all alternate in one run:
//   tvr_resize_bench [ROUNDS]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "data/splitmix64.h"
#include "extract/media/picture_converter.h"

namespace tvr {
namespace {

constexpr const char* kPillow = R"(/usr/bin/python3 -c "
import time, sys
from PIL import Image
import random
w, h, tw, th = map(int, sys.argv[1:5])
picture = Image.frombytes('RGB', (w, h), random.Random(0).randbytes(w * h * 3))
best = 1e9
for i in range(5):
    begin = time.perf_counter()
    picture.resize((tw, th), Image.BICUBIC)
    best = min(best, time.perf_counter() - begin)
print(best * 1e3)
" )";

/// 0 without Pillow.
double pillow_ms(PictureSize from, PictureSize to) {
  std::string command = kPillow;
  for (const int side : {from.width, from.height, to.width, to.height}) command += std::to_string(side) + ' ';
  FILE* const pipe = popen((command + "2> /dev/null").c_str(), "r");
  double ms = 0;
  if (pipe == nullptr || std::fscanf(pipe, "%lf", &ms) != 1) ms = 0;
  if (pipe != nullptr) pclose(pipe);
  return ms;
}

std::vector<const ResizePasses*> all_passes() {
  std::vector<const ResizePasses*> passes{&kPlainPasses};
#ifdef TVR_X86
  if (__builtin_cpu_supports("avx2")) passes.push_back(&kAvx2Passes);
  if (__builtin_cpu_supports("avx512bw")) passes.push_back(&kAvx512Passes);
#endif
  return passes;
}

double ms_of(const PillowResize& resize, const std::vector<std::uint8_t>& rgb) {
  const PictureSize to = resize.size();
  std::vector<std::uint8_t> result(static_cast<std::size_t>(to.height) * static_cast<std::size_t>(to.width) *
                                   3);
  const auto begin = std::chrono::steady_clock::now();
  resize.run(rgb.data(), std::ptrdiff_t{3} * resize.from().width, result.data(),
             std::ptrdiff_t{3} * to.width);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

void measure(PictureSize from, const LaneOptions& lane, int rounds) {
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(from.height) * static_cast<std::size_t>(from.width) *
                                3);
  std::uint64_t state = 0;
  for (std::uint8_t& level : rgb) level = static_cast<std::uint8_t>(splitmix64(state += kSplitMix64Step));
  const PictureSize to = scaled_size(from, lane);
  const std::vector<const ResizePasses*> passes = all_passes();
  std::vector<double> best(2 * passes.size(), std::numeric_limits<double>::max());
  double pillow = std::numeric_limits<double>::max();
  for (int round = 0; round < rounds; ++round) {
    pillow = std::min(pillow, pillow_ms(from, to));
    for (std::size_t i = 0; i < passes.size(); ++i) {
      const PillowResize all(from, to, ResizeFilter::Bicubic, whole(to), *passes[i]);
      const PillowResize centre(from, to, ResizeFilter::Bicubic, crop_window(to, lane), *passes[i]);
      for (int repeat = 0; repeat < 5; ++repeat) {
        best[2 * i] = std::min(best[2 * i], ms_of(all, rgb));
        best[2 * i + 1] = std::min(best[2 * i + 1], ms_of(centre, rgb));
      }
    }
  }
  std::printf("%dx%d to %dx%d bicubic:", from.width, from.height, to.width, to.height);
  for (std::size_t i = 0; i < passes.size(); ++i)
    std::printf(" %s %.2f ms (centre %.2f),", passes[i]->name, best[2 * i], best[2 * i + 1]);
  if (pillow > 0)
    std::printf(" Pillow %.2f ms: %.1f times the fastest\n", pillow, pillow / best[2 * passes.size() - 2]);
  else
    std::printf(" Pillow is not installed\n");
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  using namespace tvr;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 3;
  const LaneOptions clip = picture_lane("clip", Resize::ShortSide, 224, Preset::PillowBicubic, 224);
  const LaneOptions siglip = picture_lane("siglip", Resize::Squash, 256, Preset::PillowBicubic, 0);
  measure({1080, 1920}, clip, rounds);
  measure({1080, 1920}, siglip, rounds);
  measure({240, 320}, clip, rounds);
  return 0;
}
