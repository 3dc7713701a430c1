// Lanes of networks pretrained on pictures, against the ffmpeg program and Pillow.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "extract/media/clip_stream.h"
#include "tests/support/python.h"
#include "tests/support/shared_data.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

using testing::at_rate;
using testing::run_python;
using testing::TempFolder;
using testing::TestVideo;
using testing::write_video;

/// Arguments: video, filters, size, filter, crop, file of our frames. The crop and the size are
/// torchvision's.
constexpr const char* kOracle = R"(
import io, subprocess, sys
from PIL import Image
video, filters, size, kernel, crop, ours = sys.argv[1:]
size, crop = int(size), int(crop)
# One thread: what the decoder makes of damaged videos depends on their number.
ppm = subprocess.run(['ffmpeg', '-v', 'fatal', '-nostdin', '-threads', '1', '-i', 'file:' + video,
                      '-filter_complex', filters, '-pix_fmt', 'rgb24', '-f', 'image2pipe', '-c:v', 'ppm', '-'],
                     stdout=subprocess.PIPE, check=True).stdout
source, wanted, frames = io.BytesIO(ppm), b'', 0
while header := source.readline():
    w, h = map(int, source.readline().split())
    source.readline()
    picture = Image.frombytes('RGB', (w, h), source.read(w * h * 3))
    short = min(w, h)
    to = (size, size) if crop == 0 else (int(size * w / short), int(size * h / short))
    picture = picture.resize(to, getattr(Image, kernel))
    if crop:
        left, top = round((to[0] - crop) / 2.0), round((to[1] - crop) / 2.0)
        picture = picture.crop((left, top, left + crop, top + crop))
    wanted += picture.tobytes()
    frames += 1
got = open(ours, 'rb').read()
if got != wanted or not frames:
    differing = sum(a != b for a, b in zip(got, wanted))
    sys.exit(f'{frames} frames: {len(got)} bytes, wanted {len(wanted)}; {differing} differ')
)";

/// OpenAI's CLIP, and SigLIP: a lane without a crop squashes.
LaneOptions clip_lane() { return picture_lane("clip", Resize::ShortSide, 224, Preset::PillowBicubic, 224); }
LaneOptions siglip_lane() { return picture_lane("siglip", Resize::Squash, 96, Preset::PillowBilinear, 0); }

void expect_equal(const std::filesystem::path& video, const LaneOptions& lane) {
  const TempFolder folder;
  ClipStream stream(video, {lane});
  std::string filters;
  std::ofstream out(folder / "ours", std::ios::binary);
  while (const std::optional<Clip> clip = stream.next()) {
    if (filters.empty()) filters = stream.ffmpeg_filters(0);
    out.write(reinterpret_cast<const char*>(clip->rgb().data()),
              static_cast<std::streamsize>(clip->rgb().size()));
  }
  out.close();
  int status = 0;
  const std::string printed =
      run_python(kOracle,
                 "'" + video.string() + "' '" + filters + "' " + std::to_string(lane.short_side_px) +
                     (is_bicubic(lane.preset) ? " BICUBIC " : " BILINEAR ") + std::to_string(lane.crop_px) +
                     " '" + (folder / "ours").string() + "'",
                 status);
  EXPECT_EQ(status, 0) << video << ", lane " << lane.name << ": " << printed;
}

#define TVR_NEEDS_FFMPEG()                                  \
  if (std::system("ffmpeg -version > /dev/null 2>&1") != 0) \
  GTEST_SKIP() << "needs the ffmpeg program, the oracle of this test"

TEST(PictureLane, EqualsPillowOnTheFramesOfTheFfmpegProgram) {
  TVR_NEEDS_PYTHON("PIL");
  TVR_NEEDS_FFMPEG();
  const TempFolder folder;
  TestVideo plain{"mpeg4", 320, 240, at_rate(25, 50)};
  plain.left_half_black = true;
  TestVideo odd = plain;
  odd.codec = "ffv1";
  odd.width = 97;
  odd.height = 61;
  TestVideo turned = plain;
  turned.rotation_degrees = 90;
  TestVideo full = odd;
  full.pixel_format = "yuv444p";
  write_video(folder / "plain.mp4", plain);
  write_video(folder / "turned.mp4", turned);
  write_video(folder / "odd.mkv", odd);
  write_video(folder / "full.mkv", full);
  for (const char* name : {"plain.mp4", "turned.mp4", "odd.mkv", "full.mkv"}) {
    expect_equal(folder / name, clip_lane());
    expect_equal(folder / name, siglip_lane());
  }
}

TEST(PictureLane, EqualsPillowOnRealVideos) {
  TVR_NEEDS_PYTHON("PIL");
  TVR_NEEDS_FFMPEG();
  TVR_NEEDS_SHARED("corpus/decode");
  constexpr std::size_t kMost = 6;
  std::set<std::filesystem::path> videos;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(testing::shared_data("corpus/decode"))) {
    if (entry.path().extension() == ".mp4") videos.insert(entry.path());
  }
  ASSERT_GE(videos.size(), kMost);
  for (auto video = videos.begin(); video != std::next(videos.begin(), kMost); ++video) {
    expect_equal(*video, clip_lane());
    expect_equal(*video, siglip_lane());
  }
}

}  // namespace
}  // namespace tvr
