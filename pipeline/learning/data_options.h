#pragma once

#include <filesystem>
#include <string>

namespace tvr {

/// Captions and how they are cut into splits.
struct DataOptions {
  std::filesystem::path annotations;       // MSRVTT_data.json
  std::filesystem::path train, val, test;  // lists of videos
  std::filesystem::path captions;          // or video,caption[,start,end][,split]
  std::string test_videos;                 // with captions: glob over video ids
  double test_fraction = 0.2;              // with captions, without glob and split column
  double val_fraction = 0;                 // share of the training clips held out for model selection
};

}  // namespace tvr
