#include "extract/media/resize/pillow_resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "data/fingerprint.h"
#include "data/splitmix64.h"
#include "tests/support/expect_error.h"
#include "tests/support/guarded.h"
#include "tests/support/python.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::run_python;
using testing::TempFolder;

std::size_t bytes_of(PictureSize size) {
  return static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) * 3;
}

/// Level of byte i: the upper eight of the 32 bits of i * 2654435761.
Picture picture(PictureSize size) {
  Picture result{size, std::vector<std::uint8_t>(bytes_of(size))};
  for (std::size_t i = 0; i < result.rgb.size(); ++i)
    result.rgb[i] = static_cast<std::uint8_t>(static_cast<std::uint32_t>(i * 2654435761U) >> 24U);
  return result;
}

class Random {
 public:
  /// From 0 to limit - 1.
  int below(int limit) {
    return static_cast<int>(splitmix64(state_ += kSplitMix64Step) % static_cast<unsigned>(limit));
  }

 private:
  std::uint64_t state_ = 0;
};

/// Black and white at random: the largest overshoots.
Picture noise(PictureSize size, Random& random) {
  Picture result{size, std::vector<std::uint8_t>(bytes_of(size))};
  for (std::uint8_t& level : result.rgb) level = random.below(2) == 0 ? 0 : 255;
  return result;
}

std::vector<std::uint8_t> resized(const Picture& from, PictureSize to, ResizeFilter filter,
                                  const PictureWindow& window, const ResizePasses& passes) {
  const PillowResize resize(from.size, to, filter, window, passes);
  std::vector<std::uint8_t> result(bytes_of(window.size));
  resize.run(from.rgb.data(), std::ptrdiff_t{3} * from.size.width, result.data(),
             std::ptrdiff_t{3} * window.size.width);
  return result;
}

std::vector<const ResizePasses*> all_passes() {
  std::vector<const ResizePasses*> passes{&kPlainPasses};
#ifdef TVR_X86
  if (__builtin_cpu_supports("avx2")) passes.push_back(&kAvx2Passes);
  if (__builtin_cpu_supports("avx512bw")) passes.push_back(&kAvx512Passes);
#endif
  return passes;
}

struct Golden {
  PictureSize from, to;  // {height, width}
  ResizeFilter filter;
  const char* sha256;  // its first 16 digits, of the result
};
/// By Pillow 9.4.0: Image.fromarray(picture).resize((width, height), filter).
const Golden kGolden[] = {
    {{240, 320}, {224, 298}, ResizeFilter::Bilinear, "f5e953e66ac15448"},
    {{240, 320}, {224, 298}, ResizeFilter::Bicubic, "c4b2879486effcc6"},
    {{480, 640}, {224, 298}, ResizeFilter::Bilinear, "00156e350ee54a81"},
    {{480, 640}, {224, 298}, ResizeFilter::Bicubic, "13a991243d80fcc4"},
    {{61, 97}, {224, 224}, ResizeFilter::Bilinear, "88902c6c2a2f31c9"},
    {{61, 97}, {224, 224}, ResizeFilter::Bicubic, "77f11cf09b881d37"},
    {{97, 61}, {25, 16}, ResizeFilter::Bilinear, "5cb15b58623d38bb"},
    {{97, 61}, {25, 16}, ResizeFilter::Bicubic, "f79127afab58e920"},
    {{3, 5}, {21, 33}, ResizeFilter::Bilinear, "450567cb15b2b3a4"},
    {{3, 5}, {21, 33}, ResizeFilter::Bicubic, "bcd8799572966ee5"},
    {{1, 1}, {4, 7}, ResizeFilter::Bilinear, "d6fd3a2fabcfe516"},
    {{1, 1}, {4, 7}, ResizeFilter::Bicubic, "d6fd3a2fabcfe516"},
    {{400, 1}, {30, 16}, ResizeFilter::Bilinear, "7c3c57fd787ee988"},
    {{400, 1}, {30, 16}, ResizeFilter::Bicubic, "8ab0006125aeaf52"},
    {{1, 400}, {16, 30}, ResizeFilter::Bilinear, "311701a25b879233"},
    {{1, 400}, {16, 30}, ResizeFilter::Bicubic, "46bc69223a2a5797"},
    {{40, 50}, {40, 50}, ResizeFilter::Bilinear, "9e395b98ff10957b"},
    {{40, 50}, {40, 50}, ResizeFilter::Bicubic, "9e395b98ff10957b"},
    {{3, 3}, {1, 1}, ResizeFilter::Bilinear, "2c1e1f01d71a5428"},
    {{3, 3}, {1, 1}, ResizeFilter::Bicubic, "cd41091c3c87d720"},
    {{1080, 1920}, {224, 224}, ResizeFilter::Bilinear, "fce8264598dec7c4"},
    {{1080, 1920}, {224, 224}, ResizeFilter::Bicubic, "e576c68769a6a210"},
};

std::string words(const Golden& golden) {
  std::ostringstream text;
  text << golden.from.width << 'x' << golden.from.height << " to " << golden.to.width << 'x'
       << golden.to.height << (golden.filter == ResizeFilter::Bicubic ? " bicubic" : " bilinear");
  return text.str();
}

TEST(PillowResize, GivesTheBytesOfPillow) {
  for (const Golden& golden : kGolden) {
    for (const ResizePasses* passes : all_passes()) {
      const std::vector<std::uint8_t> result =
          resized(picture(golden.from), golden.to, golden.filter, whole(golden.to), *passes);
      const std::string_view bytes(reinterpret_cast<const char*>(result.data()), result.size());
      EXPECT_EQ(sha256(bytes).substr(0, 16), golden.sha256) << words(golden) << ", " << passes->name;
    }
  }
}

TEST(PillowResize, LeavesAPictureOfTheWantedSizeAsItIs) {
  Random random;
  const Picture same = noise({31, 45}, random);
  EXPECT_EQ(resized(same, same.size, ResizeFilter::Bicubic, whole(same.size), resize_passes()), same.rgb);
}

TEST(PillowResize, ComputesOfAWindowWhatTheWholeHasThere) {
  Random random;
  for (int round = 0; round < 60; ++round) {
    const PictureSize from{1 + random.below(90), 1 + random.below(90)};
    const PictureSize to{1 + random.below(60), 1 + random.below(60)};
    const Picture source = noise(from, random);
    PictureWindow window;
    window.size = {1 + random.below(to.height), 1 + random.below(to.width)};
    window.top = random.below(to.height - window.size.height + 1);
    window.left = random.below(to.width - window.size.width + 1);
    const ResizeFilter filter = round % 2 == 0 ? ResizeFilter::Bicubic : ResizeFilter::Bilinear;
    const std::vector<std::uint8_t> all = resized(source, to, filter, whole(to), kPlainPasses);
    for (const ResizePasses* passes : all_passes()) {
      const std::vector<std::uint8_t> part = resized(source, to, filter, window, *passes);
      const std::size_t row = static_cast<std::size_t>(window.size.width) * 3;
      for (int y = 0; y < window.size.height; ++y) {
        const std::size_t begin = static_cast<std::size_t>((window.top + y) * to.width + window.left) * 3;
        ASSERT_EQ(std::memcmp(&all[begin], &part[static_cast<std::size_t>(y) * row], row), 0)
            << "round " << round << ", row " << y << ", " << passes->name;
      }
    }
  }
}

TEST(PillowResize, TouchesNothingBehindThePictures) {
  const PictureSize from{9, 64}, to{7, 64};  // whole cache lines, so that a byte more is a crash
  for (const ResizePasses* passes : all_passes()) {
    Guarded<std::uint8_t> source(bytes_of(from)), result(bytes_of(to));
    const PillowResize resize(from, to, ResizeFilter::Bicubic, whole(to), *passes);
    resize.run(source.data(), std::ptrdiff_t{3} * from.width, result.data(), std::ptrdiff_t{3} * to.width);
    EXPECT_TRUE(result.is_guarded()) << passes->name;
  }
}

TEST(PillowResize, RefusesSidesOfNothingAndWindowsOutside) {
  const auto make = [](PictureSize from, PictureSize to, const PictureWindow& window) {
    static_cast<void>(PillowResize(from, to, ResizeFilter::Bicubic, window));
  };
  expect_error([&] { make({0, 10}, {5, 5}, whole({5, 5})); }, Fault::InvalidArgument, "10x0 to 5x5");
  expect_error([&] { make({10, 10}, {0, 5}, whole({0, 5})); }, Fault::InvalidArgument, "10x10 to 5x0");
  expect_error([&] { make({10, 10}, {5, 5}, {1, 0, {5, 5}}); }, Fault::InvalidArgument, "at row 1");
  expect_error([&] { make({10, 10}, {5, 5}, {0, -1, {5, 5}}); }, Fault::InvalidArgument, "column -1");
}

/// Reads "from_height from_width to_height to_width filter" and rgb24; writes what Pillow makes of it.
constexpr const char* kByPillow = R"(
import sys
from PIL import Image
with open(sys.argv[1], 'rb') as asked, open(sys.argv[2], 'wb') as answers:
    while line := asked.readline().split():
        h, w, th, tw = map(int, line[:4])
        picture = Image.frombytes('RGB', (w, h), asked.read(h * w * 3))
        answers.write(picture.resize((tw, th), getattr(Image, line[4].decode())).tobytes())
)";

TEST(PillowResize, EqualsTheInstalledPillowForAnySizes) {
  TVR_NEEDS_PYTHON("PIL");
  constexpr int kRounds = 200;
  const TempFolder folder;
  Random random;
  const auto side = [&] { return 1 + random.below(random.below(4) == 0 ? 9 : 300); };
  std::vector<std::pair<Picture, PictureSize>> asked;
  std::ofstream out(folder / "asked", std::ios::binary);
  for (int round = 0; round < kRounds; ++round) {
    const PictureSize from{side(), side()}, to{side(), side()};
    asked.emplace_back(round % 3 == 0 ? picture(from) : noise(from, random), to);
    const std::vector<std::uint8_t>& rgb = asked.back().first.rgb;
    out << from.height << ' ' << from.width << ' ' << to.height << ' ' << to.width << ' '
        << (round % 2 == 0 ? "BICUBIC" : "BILINEAR") << '\n';
    out.write(reinterpret_cast<const char*>(rgb.data()), static_cast<std::streamsize>(rgb.size()));
  }
  out.close();
  int status = 0;
  const std::string printed = run_python(
      kByPillow, "'" + (folder / "asked").string() + "' '" + (folder / "answers").string() + "'", status);
  ASSERT_EQ(status, 0) << printed;
  std::ifstream answers(folder / "answers", std::ios::binary);
  for (int round = 0; round < kRounds; ++round) {
    const auto& [from, to] = asked[static_cast<std::size_t>(round)];
    std::vector<std::uint8_t> wanted(bytes_of(to));
    ASSERT_TRUE(
        answers.read(reinterpret_cast<char*>(wanted.data()), static_cast<std::streamsize>(wanted.size())));
    const ResizeFilter filter = round % 2 == 0 ? ResizeFilter::Bicubic : ResizeFilter::Bilinear;
    for (const ResizePasses* passes : all_passes())
      ASSERT_EQ(resized(from, to, filter, whole(to), *passes), wanted)
          << "round " << round << ", " << passes->name;
  }
}

}  // namespace
}  // namespace tvr
