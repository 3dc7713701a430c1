#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tvr::testing {

/// A video that says in each picture which one it is: frame i is flat, its brightness stands for i modulo 50.
struct TestVideo {
  std::string codec = "ffv1";  // any encoder that takes the format: "ffv1" is lossless
  int width = 64;
  int height = 48;
  std::vector<std::int64_t> pts_ms;      // of each frame, rising
  int rotation_degrees = 0;              // to be turned clockwise for display (mp4 and mov only)
  bool left_half_black = false;          // so that one can see which way up it is
  std::string pixel_format = "yuv420p";  // or "yuv444p"
  std::string still_codec = "";  // if any: a track of one picture before the film, not flagged as cover
  int pixel_width = 1;           // sample aspect ratio
  int pixel_height = 1;
  int key_frame_every = 10;
  int b_frames = 0;
  int packets_left_out = 0;        // of the film, at its beginning, as if they had been lost
  std::string sound_codec = "";    // if any: a track of silence as long as the film, 48 kHz mono
  std::string muxer_options = "";  // "name=value:name=value"
};

/// Times of `frames` frames at a constant rate, from `start_ms`.
[[nodiscard]] std::vector<std::int64_t> at_rate(double fps, int frames, std::int64_t start_ms = 0);

/// Encodes it; the container follows from the extension.
void write_video(const std::filesystem::path& path, const TestVideo& video);

/// Which frame, modulo 50, has this brightness in RGB.
[[nodiscard]] int frame_index_of_level(int level);

}  // namespace tvr::testing
