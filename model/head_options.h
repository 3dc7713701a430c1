#pragma once

#include <cstdint>
#include <string>

namespace tvr {

/// Options of training a head (model/head.h). The batch is that of CLIP4Clip (Luo et al., arXiv:2104.08860),
/// the rate was chosen on generated data (docs/ENCODERS.md). Name, range and help text of each are in its row
/// of model/head_fields.h.
struct HeadOptions {
  int epochs = 20;
  int batch_size = 128;       // clips, each with one random caption; the last incomplete batch is dropped
  double lr = 3e-4;           // annealed to zero over all steps by a cosine
  double weight_decay = 0.2;  // towards the pretrained pair; CLIP's (Radford et al., ICML 2021)
  std::uint64_t seed = 1;
  int threads = 0;
};

/// Checked options and, as text, those that the trained head depends on: equal texts mean equal results.
struct HeadPlan {
  HeadOptions options;
  std::string identity;
};

}  // namespace tvr
