// CPU time of one in-process decode for both lanes, against the reference's two passes of the ffmpeg program
// over the same files, alternating in one run:
//   tvr_decode_bench [FILE]...     without arguments: a video that it makes itself
// Exit code 77 without the ffmpeg program.

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "data/error.h"
#include "extract/media/clip_stream.h"
#include "pipeline/frames/child_output.h"
#include "tests/support/temp_folder.h"

namespace tvr::testing {
namespace {

constexpr int kRounds = 3;
constexpr int kSkipped = 77;

double cpu_s(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Ours {
  double cpu = 0;
  std::int64_t frames = 0;               // native
  std::array<std::string, 2> filters{};  // what the ffmpeg program is to be told
};

Ours decode(const std::filesystem::path& path) {
  const double before = cpu_s(RUSAGE_SELF);
  Ours ours;
  ClipStream stream(path, {lane_2d(), lane_3d()});
  while (const std::optional<Clip> clip = stream.next()) {
    std::string& filters = ours.filters.at(clip->lane);
    if (filters.empty()) filters = stream.ffmpeg_filters(clip->lane);
  }
  ours.frames = stream.summary().decoded_frames;
  ours.cpu = cpu_s(RUSAGE_SELF) - before;
  return ours;
}

double run_ffmpeg(const std::filesystem::path& path, const std::string& filters) {
  const double before = cpu_s(RUSAGE_CHILDREN);
  ChildOutput ffmpeg({"ffmpeg", "-v", "fatal", "-nostdin", "-i", "file:" + path.string(), "-filter_complex",
                      filters, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"});
  std::vector<std::uint8_t> buffer(1 << 20);
  while (ffmpeg.read(buffer.data(), buffer.size()) == buffer.size()) {
  }
  static_cast<void>(ffmpeg.wait());
  return cpu_s(RUSAGE_CHILDREN) - before;
}

void run(const std::vector<std::filesystem::path>& files) {
  std::vector<double> ratios;
  for (int round = 0; round < kRounds; ++round) {
    double ours = 0, theirs = 0;
    std::int64_t frames = 0;
    for (const std::filesystem::path& file : files) {
      const Ours decoded = decode(file);
      ours += decoded.cpu;
      frames += decoded.frames;
      for (const std::string& filters : decoded.filters) theirs += run_ffmpeg(file, filters);
    }
    ratios.push_back(theirs / ours);
    std::printf(
        "round %d: %zu files, %lld frames: one decode %.2f CPU s (%.0f frames/s), two ffmpeg passes %.2f CPU "
        "s: %.2f times\n",
        round + 1, files.size(), static_cast<long long>(frames), ours, static_cast<double>(frames) / ours,
        theirs, ratios.back());
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("median: %.2f times the CPU time of one decode for both lanes\n", ratios[ratios.size() / 2]);
}

int main_of(const std::vector<std::string>& arguments) {
  const TempFolder folder;
  std::vector<std::filesystem::path> files{arguments.begin(), arguments.end()};
  try {
    if (files.empty()) {
      files.push_back(folder / "made.mp4");
      ChildOutput ffmpeg({"ffmpeg", "-v", "fatal", "-nostdin", "-f", "lavfi", "-i",
                          "testsrc2=s=320x240:r=25:d=20", "-pix_fmt", "yuv420p",
                          "file:" + files[0].string()});
      static_cast<void>(ffmpeg.wait());
    }
    run(files);
  } catch (const Error& error) {
    if (error.where() != "ffmpeg") throw;
    std::printf("skipped: needs the ffmpeg program (%s)\n", error.what());
    return kSkipped;
  }
  return 0;
}

}  // namespace
}  // namespace tvr::testing

int main(int argc, char** argv) { return tvr::testing::main_of({argv + 1, argv + argc}); }
