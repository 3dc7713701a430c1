#include "tests/parity/generated_videos.h"

#include <cstdio>
#include <string>

#include "pipeline/frames/child_output.h"
#include "tests/support/test_video.h"

namespace tvr::testing {
namespace {

struct Recipe {
  const char* name;
  const char* source;  // lavfi
  std::vector<std::string> options;
};

std::vector<std::string> x264(std::vector<std::string> more = {}) {
  std::vector<std::string> options{"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-threads", "1"};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all{
      {"30fps_0.3s.mp4", "testsrc2=s=160x120:r=30:d=0.3", x264()},
      {"30fps_0.5s.mp4", "testsrc2=s=160x120:r=30:d=0.5", x264()},
      {"30fps_1.4s.mp4", "testsrc2=s=160x120:r=30:d=1.4", x264()},
      {"30fps_1.5s.mp4", "testsrc2=s=160x120:r=30:d=1.5", x264()},
      {"30fps_10.2s.mp4", "testsrc2=s=160x120:r=30:d=10.2", x264()},
      {"ntsc.mp4", "testsrc2=s=320x240:r=30000/1001:d=3", x264()},
      {"film.mkv", "testsrc2=s=320x240:r=24000/1001:d=3", x264()},
      {"tenth.mp4", "testsrc2=s=64x48:r=1/10:d=30", x264()},
      {"one_frame.mp4", "testsrc2=s=160x120:r=25:d=0.04", x264()},
      {"variable.mkv", "testsrc2=s=160x120:r=30:d=4,select='lt(n\\,40)+not(mod(n\\,7))'",
       x264({"-vsync", "vfr"})},
      {"gap.mkv", "testsrc2=s=160x120:r=25:d=2,setpts='PTS+gt(N\\,20)*5/TB'", x264({"-vsync", "vfr"})},
      {"gap.ts", "testsrc2=s=160x120:r=25:d=2,setpts='PTS+gt(N\\,20)*20/TB'", x264({"-vsync", "vfr"})},
      {"late.mkv", "testsrc2=s=160x120:r=25:d=2[v];sine=d=4",
       x264({"-vf", "setpts=PTS+1.7/TB", "-vsync", "vfr"})},
      {"annexb.h264", "testsrc2=s=160x120:r=25:d=2", x264()},
      {"odd_444.mp4", "testsrc2=s=95x63:r=25:d=1,format=yuv444p", x264()},
      {"odd_width.mkv", "testsrc2=s=101x77:r=25:d=1", {"-c:v", "mpeg4"}},
      {"tall.mp4", "testsrc2=s=16x400:r=25:d=1", x264()},
      {"ten_bit.mp4", "testsrc2=s=160x120:r=25:d=1,format=yuv420p10le", x264()},
      {"bt709.mp4", "testsrc2=s=320x240:r=25:d=1",
       x264({"-colorspace", "bt709", "-color_primaries", "bt709"})},
      {"full_range.mp4", "testsrc2=s=320x240:r=25:d=1,format=yuvj420p", x264({"-color_range", "pc"})},
      {"full_range.avi", "testsrc2=s=160x120:r=25:d=1", {"-c:v", "mjpeg"}},
      {"interlaced.ts",
       "testsrc2=s=320x240:r=25:d=2",
       {"-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-top", "1"}},
      {"interlaced.mkv", "testsrc2=s=320x240:r=25:d=2", x264({"-x264opts", "tff=1"})},
      {"program.mpg", "testsrc2=s=160x120:r=25:d=2", {"-c:v", "mpeg2video"}},
      {"windows.wmv", "testsrc2=s=160x120:r=25:d=2", {"-c:v", "wmv2"}},
      {"flash.flv", "testsrc2=s=160x120:r=25:d=2", {"-c:v", "flv1"}},
      {"xvid.avi", "testsrc2=s=160x120:r=25:d=2", {"-c:v", "mpeg4", "-bf", "2", "-vtag", "XVID"}},
      {"web.webm",
       "testsrc2=s=160x120:r=25:d=2",
       {"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"}},
      {"hevc.mp4",
       "testsrc2=s=160x120:r=25:d=1",
       {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"}},
      {"paletted.gif", "testsrc2=s=160x120:r=10:d=2", {}},
      {"prores.mov", "testsrc2=s=160x120:r=25:d=1", {"-c:v", "prores_ks"}},
      {"gray.mkv", "testsrc2=s=160x120:r=25:d=1,format=gray", {"-c:v", "ffv1"}},
      {"rgb.mkv", "testsrc2=s=160x120:r=25:d=1,format=gbrp", {"-c:v", "ffv1"}},
      {"anamorphic.mp4", "testsrc2=s=160x120:r=25:d=1,setsar=4/3", x264()},
  };
  return all;
}

bool make(const std::filesystem::path& path, const Recipe& recipe) {
  std::vector<std::string> arguments{"ffmpeg", "-v", "fatal", "-nostdin", "-f", "lavfi", "-i"};
  const std::string source = recipe.source;
  const std::size_t labelled = source.find("[v];");
  if (labelled == std::string::npos) {
    arguments.push_back(source);
  } else {  // a second input: sound
    arguments.push_back(source.substr(0, labelled));
    arguments.insert(arguments.end(), {"-f", "lavfi", "-i", source.substr(labelled + 4)});
  }
  if (std::string(recipe.name).find(".gif") == std::string::npos &&
      source.find("format=") == std::string::npos) {
    arguments.insert(arguments.end(),
                     {"-pix_fmt", recipe.name == std::string("prores.mov") ? "yuv422p10le" : "yuv420p"});
  }
  arguments.insert(arguments.end(), recipe.options.begin(), recipe.options.end());
  arguments.push_back("file:" + path.string());
  ChildOutput ffmpeg(arguments);
  return ffmpeg.wait() == 0;
}

/// Two sizes one after the other, as a television channel sends them.
void join(const std::filesystem::path& a, const std::filesystem::path& b,
          const std::filesystem::path& joined) {
  for (const std::filesystem::path& part : {a, b}) {
    std::FILE* const in = std::fopen(part.c_str(), "rb");
    std::FILE* const out = std::fopen(joined.c_str(), "ab");
    if (in != nullptr && out != nullptr) {
      for (int byte = std::fgetc(in); byte != EOF; byte = std::fgetc(in)) std::fputc(byte, out);
    }
    if (in != nullptr) std::fclose(in);
    if (out != nullptr) std::fclose(out);
  }
}

}  // namespace

std::vector<std::filesystem::path> generate_videos(const std::filesystem::path& folder,
                                                   bool with_size_change) {
  std::vector<std::filesystem::path> paths;
  for (const Recipe& recipe : recipes()) {
    const std::filesystem::path path = folder / recipe.name;
    if (make(path, recipe)) {
      paths.push_back(path);
    } else {
      std::printf("left out (this ffmpeg cannot make it): %s\n", recipe.name);
    }
  }
  for (const int degrees : {90, 180, 270, 30}) {
    TestVideo turned{"mpeg4", 96, 64, at_rate(25, 30)};
    turned.left_half_black = true;
    turned.rotation_degrees = degrees;
    paths.push_back(folder / ("turned_" + std::to_string(degrees) + ".mp4"));
    write_video(paths.back(), turned);
  }
  if (!with_size_change) {
    std::printf("left out (not FFmpeg 5): two_sizes.ts\n");
    return paths;
  }
  for (const int width : {96, 176}) {
    write_video(folder / (std::to_string(width) + ".ts"), {"mpeg4", width, 64, at_rate(25, 40)});
  }
  paths.push_back(folder / "two_sizes.ts");
  join(folder / "96.ts", folder / "176.ts", paths.back());
  return paths;
}

}  // namespace tvr::testing
